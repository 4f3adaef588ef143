"""
How a verb becomes a command.

A verb is a function of the session and its own options. The options every command has (`-o`, `--as`, `--url`,
`--debug`) are added here, so that they may stand behind the verb as well as before the noun.
"""

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Concatenate, ParamSpec, get_type_hints

import typer

from fedpact.client.cli.output import Format
from fedpact.client.cli.session import Session, told

P = ParamSpec("P")


def _profiles(ctx: typer.Context, incomplete: str) -> list[str]:
    """The names of the logins on this machine, for the shell."""
    folder = session_of(ctx).connecting.profiles.folder
    return sorted(path.stem for path in folder.glob("*.json") if path.stem.startswith(incomplete))


Verb = Callable[Concatenate[Session, P], None]
Output = Annotated[Format | None, typer.Option("-o", "--output", help="How to print the answer.", show_default=False)]
As = Annotated[
    str | None,
    typer.Option("--as", metavar="NAME", help="The profile to act as (FEDPACT_PROFILE).", autocompletion=_profiles),
]
Url = Annotated[str | None, typer.Option("--url", metavar="URL", help="The portal (FEDPACT_URL).")]
Debug = Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")]
SHARED: tuple[tuple[str, object, object], ...] = (
    ("output", Output, None),
    ("profile", As, None),
    ("url", Url, None),
    ("debug", Debug, False),
)


def noun(about: str) -> typer.Typer:
    """A group of verbs."""
    return typer.Typer(help=about, no_args_is_help=True, rich_markup_mode=None)


def verb(group: typer.Typer, name: str | None = None) -> Callable[[Verb[P]], Verb[P]]:
    """Make the function a command of `group`, under its own name or another."""

    def add(function: Verb[P]) -> Verb[P]:
        group.command(name)(command(function))
        return function

    return add


def chosen(session: Session, **said: Any) -> Session:
    """The session with what was said on the command line."""
    return replace(session, **{name: value for name, value in said.items() if value not in (None, False)})


def session_of(ctx: typer.Context) -> Session:
    """The session of this run; whoever starts the command may bring one."""
    root = ctx.find_root()
    if root.obj is None:
        root.obj = Session()
    session: Session = root.obj
    return session


def command(function: Callable[..., None]) -> Callable[..., None]:
    """The verb as Typer takes it: with the options that every command has, and its errors told as all are."""
    hints = get_type_hints(function, include_extras=True)
    _, *own = inspect.signature(function).parameters.values()

    def run(ctx: typer.Context, **values: Any) -> None:
        said = {name: values.pop(name) for name, *_ in SHARED}
        chosen_session = chosen(session_of(ctx), **said)
        with told(debug=chosen_session.debug):
            function(chosen_session, **values)

    parameters = [inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)]
    parameters += [p.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[p.name]) for p in own]
    parameters += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)
        for name, kind, default in SHARED
    ]
    run.__name__, run.__doc__ = function.__name__, function.__doc__
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    vars(run)["__signature__"] = inspect.Signature(parameters)
    return run

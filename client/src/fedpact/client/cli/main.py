"""The `fedpact` command. Its exit codes are `session.EXIT_CODES`; `fedpact help exit-codes` tells them."""

import sys
from types import TracebackType
from typing import Any

import typer
from typer.main import get_command

from fedpact.client.cli import accounts, artifacts, enrolling, guide, hub, jobs, people, policies, registry, specs
from fedpact.client.cli.nouns import As, Debug, Output, Url, chosen, session_of
from fedpact.client.cli.plugins import Noun, WithPlugins
from fedpact.client.cli.session import Session, told


class Root(WithPlugins):
    """The command itself: what a plugin's command raises is told as every other error."""

    def invoke(self, ctx: Any) -> Any:
        session = ctx.obj
        with told(debug=session.debug if isinstance(session, Session) else False):
            return super().invoke(ctx)


app = typer.Typer(
    name="fedpact",
    cls=Root,
    help="Governed federated computation: data stays, code travels, nothing runs that no policy covers.\n\n"
    "Exit codes: 0 done, 1 refused or failed, 2 wrong use, 3 not logged in, 4 unreachable, 5 timed out; `fedpact help`"
    " says more.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
accounts.add_to(app)
enrolling.add_to(registry.gateways)
guide.add_to(app)
for group, name in (
    (specs.app, "specs"),
    (jobs.app, "jobs"),
    (artifacts.app, "artifacts"),
    (registry.datasets, "datasets"),
    (registry.models, "models"),
    (policies.app, "policies"),
    (registry.gateways, "gateways"),
    (people.orgs, "orgs"),
    (people.users, "users"),
    (hub.events, "events"),
    (hub.commands, "commands"),
):
    app.add_typer(group, name=name, cls=Noun)


@app.callback()
def root(ctx: typer.Context, output: Output = None, profile: As = None, url: Url = None, debug: Debug = False) -> None:
    session = session_of(ctx)
    ctx.find_root().obj = chosen(session, output=output, profile=profile, url=url, debug=debug)


def run() -> None:
    """The program. What nobody expected is told in one sentence too; `--debug` shows all of it."""
    main = get_command(app)  # calling `app` itself would put Typer's own hook in place of ours
    if "--debug" not in sys.argv:
        sys.excepthook = _unexpected
    main()


def _unexpected(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, Exception):
        typer.echo(
            f"fedpact: this is a bug ({kind.__name__}: {error}): run it again with --debug and report it", err=True
        )
        return
    sys.__excepthook__(kind, error, trace)

"""
Commands that other distributions bring, by entry points of the group `fedpact.commands`.

`up` is a command of its own, `models.check` a verb of the noun `models`. They are loaded when they are asked for, so
one that is broken breaks nothing but itself, and says so.
"""

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

GROUP = "fedpact.commands"
BROKEN = (
    ImportError,
    AttributeError,
    NameError,
    SyntaxError,
    TypeError,
    ValueError,
    LookupError,
    OSError,
    RuntimeError,
    AssertionError,
)
"""What importing somebody else's module may end with."""
ANY_WORDS = {"ignore_unknown_options": True, "allow_extra_args": True}
"""What a broken command takes: whoever uses it rightly is told why it does not work, not that they are wrong."""


def found(noun: str = "") -> Mapping[str, EntryPoint]:
    """The commands that are installed here, or the verbs of a noun, each by what people type."""
    split = {entry: entry.name.rpartition(".") for entry in entry_points(group=GROUP)}
    return {verb: entry for entry, (about, _, verb) in split.items() if about == noun}


def loaded(entry: EntryPoint) -> Any:
    """The command of an entry point: a Typer application becomes a group, a function a command."""
    try:
        made = entry.load()
        if isinstance(made, typer.Typer):
            group = get_group(made)
            group.name = _typed(entry)
            return group
        return _single(_typed(entry), made)
    except BROKEN as error:
        return _single(_typed(entry), _broken(entry, error), ANY_WORDS)


class WithPlugins(TyperGroup):
    """Own commands first; a plugin cannot replace one."""

    def noun(self) -> str:
        """Whose verbs these are; the command's own have none."""
        return ""

    def list_commands(self, ctx: Any) -> list[str]:
        own = super().list_commands(ctx)
        return [*own, *sorted(found(self.noun()).keys() - set(own))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        own = super().get_command(ctx, cmd_name)
        entry = found(self.noun()).get(cmd_name) if own is None else None
        return loaded(entry) if entry is not None else own


class Noun(WithPlugins):
    """The verbs of one noun, those of plugins after its own."""

    def noun(self) -> str:
        return self.name or ""


def _typed(entry: EntryPoint) -> str:
    return entry.name.rpartition(".")[2]


def _single(name: str, function: Callable[..., Any], settings: dict[str, Any] | None = None) -> Any:
    if not callable(function):
        raise TypeError(f"`{name}` is neither a function nor a Typer application")
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name, context_settings=settings)(function)
    return get_command(app)


def _broken(entry: EntryPoint, error: Exception) -> Callable[[], None]:
    distribution = entry.dist.name if entry.dist else entry.value
    cause = f"{type(error).__name__}: {error}"

    def command() -> None:
        typer.echo(f"fedpact: the command `{entry.name}` is broken ({cause}): install {distribution} anew", err=True)
        raise typer.Exit(1)

    command.__doc__ = f"Cannot be loaded: install {distribution} anew."
    return command

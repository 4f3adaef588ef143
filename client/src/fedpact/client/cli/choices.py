"""Options that several verbs share, and how what people type becomes a value."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import JsonValue

from fedpact.client.documents import as_object, read_value, value_of

Page = Annotated[int, typer.Option(min=0, help="Which page, from 0.")]
PageSize = Annotated[int, typer.Option(min=1, max=200, help="How many a page.")]
Wait = Annotated[bool, typer.Option("--wait", help="Come back when it is done.")]
Timeout = Annotated[float, typer.Option(min=0, help="Seconds to wait at most.")]
Key = Annotated[
    str | None, typer.Option("--idempotency-key", help="Sent again with the same key, it is done once only.")
]
File = Annotated[Path, typer.Argument(help="A file in YAML or JSON; `-` is standard input.", show_default=False)]


def parameters(text: str, option: str) -> dict[str, JsonValue]:
    """An object in JSON or YAML, or `@FILE` that holds one."""
    if text.startswith("@"):
        return as_object(read_value(Path(text[1:])), text[1:])
    return as_object(value_of(text, option), option)

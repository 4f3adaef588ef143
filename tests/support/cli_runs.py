"""Runs of the command, and the answers they print."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from typer.main import get_command
from typer.testing import CliRunner

from fedpact.client.cli.main import app

ME = {"user": "ada", "organization": "northlab", "roles": ["data_scientist"], "groups": [], "channel": "main"}
TOKENS = {"access_token": "a1", "expires_in": 900, "refresh_token": "r1"}
WAITING = {"status": "updating.awaiting_resources", "stage": "waiting", "generation": 1}
SHOWN = {"policy": "p-1", "revision": 1, "name": "x", "organization": "lakeside", "datasets": [], "rules": []}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one run printed, and how it ended."""

    exit_code: int
    stdout: str
    stderr: str
    output: str
    """Both, as a terminal shows them."""


Run = Callable[..., Result]


@cache
def program() -> Any:
    """The whole command. Typer's own runner builds it for every run, which takes longer than what most runs do."""
    return get_command(app)


def typed(words: Sequence[str], session: object = None, env: dict[str, str] | None = None) -> Result:
    """`fedpact` with those words, as a process of its own would print and end. What it does not expect is raised."""
    with CliRunner().isolation(env=env) as streams:
        code = _code(words, session)
        sys.stdout.flush()
        sys.stderr.flush()
        stdout, stderr, output = (stream.getvalue().decode() for stream in streams)
    return Result(exit_code=code, stdout=stdout, stderr=stderr, output=output)


def _code(words: Sequence[str], session: object) -> int:
    try:
        program().main(args=list(words), prog_name="fedpact", obj=session)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def rows(result: Result) -> list[list[str]]:
    return [line.split() for line in result.stdout.splitlines()]

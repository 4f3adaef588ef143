"""Runs of the command, and the answers they print."""

from collections.abc import Callable

from typer.testing import Result

ME = {"user": "ada", "organization": "northlab", "roles": ["data_scientist"], "groups": [], "channel": "main"}
TOKENS = {"access_token": "a1", "expires_in": 900, "refresh_token": "r1"}
WAITING = {"status": "updating.awaiting_resources", "stage": "waiting", "generation": 1}
Run = Callable[..., Result]


def rows(result: Result) -> list[list[str]]:
    return [line.split() for line in result.stdout.splitlines()]


SHOWN = {"policy": "p-1", "revision": 1, "name": "x", "organization": "lakeside", "datasets": [], "rules": []}

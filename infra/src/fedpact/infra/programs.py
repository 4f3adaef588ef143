"""A program the supervisor keeps running, and how it is seen to be ready."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """
    `env` is all the program gets, besides the search path: nothing is inherited.

    `port` is where it listens; with `ready` = "http" it answers `/readyz` there, with "tcp" it accepts.
    Programs of a lower `tier` are ready before those of a higher one start, and stop after them.
    """

    name: str
    argv: tuple[str, ...]
    port: int
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    ready: Literal["http", "tcp"] = "http"
    tier: int = 1
    cwd: Path | None = None

"""
What a flow can want done: the whole vocabulary between what the client does and how it is done.

A flow is a generator that yields steps and is told what came of each. Two drivers know how: `hub.Hub` by waiting,
`async_hub.AsyncHub` by awaiting. Neither knows why.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from fedpact.client.messages import NoAnswer, Request, Response

R = TypeVar("R")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Send:
    """Send this; `fresh` with a token that was not used before. Answered with a response, or with none."""

    request: Request[Any]
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """
    Open the one stream a flow may have open. Answered with a response, whose body is only there when it is no success.

    A stream that is silent for more than `silence` seconds counts as broken.
    """

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    silence: float = 30.0
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """The next line of the open stream, without its end; `None` when it ended, no answer when it broke off."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """The next bytes of the open stream; `None` when it ended, no answer when it broke off."""


@dataclass(frozen=True, slots=True)
class Show:
    """Let whoever watches know how it stands."""

    text: str


@dataclass(frozen=True, slots=True)
class Tell(Generic[T]):
    """Give this to the program that asked, and go on when it wants the next one."""

    item: T


Step = Send | Pause | Open | Line | Chunk | Show
Reply = Response | NoAnswer | str | bytes | None
Flow = Generator[Step, Reply, R]
Telling = Generator[Step | Tell[T], Reply, None]

"""
What the client does, step by step, as generators that do nothing themselves.

A flow yields what it wants done (`Send`, `Pause`) and is told what came of it. The synchronous client drives flows with
httpx and `time.sleep`; an asynchronous one drives the same flows with what it has.

The rule for trying again: reads, and writes with their Idempotency-Key; when nobody answered or the hub said that it
will pass. A token that is not believed is renewed once.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

from pydantic import BaseModel

from fedpact.client.answers import PASSING, pause_asked, pending, read
from fedpact.client.errors import TimedOutError, UnreachableError
from fedpact.client.messages import NoAnswer, Request, Response
from fedpact.contracts.api import CommandView

A = TypeVar("A", bound=BaseModel)
R = TypeVar("R")
MAX_PAUSE = 30.0


@dataclass(frozen=True, slots=True)
class Send:
    """Send this; `fresh` with a token that was not used before."""

    request: Request[Any]
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so many seconds."""

    seconds: float


Flow = Generator[Send | Pause, Response | NoAnswer | None, R]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often to try, and for how long to wait for a command's outcome, in seconds."""

    tries: int = 4
    pause: float = 0.25
    outcome: float = 60.0

    def before(self, attempt: int, reply: Response | NoAnswer) -> float:
        """Seconds before the next try: twice as long each time, or what the hub asks for."""
        asked = pause_asked(reply) if isinstance(reply, Response) else None
        return min(asked if asked is not None else self.pause * 2**attempt, MAX_PAUSE)


def call(request: Request[A], patience: Patience, elapsed: Callable[[], float]) -> Flow[A]:
    """The answer to `request`. One that is still under way is waited for, then asked for again by its key."""
    deadline = elapsed() + patience.outcome
    while True:
        response = yield from _sent(request, patience)
        command = pending(response)
        if command is None:
            return read(request.answer, response)
        yield from _settled(command, patience, elapsed, deadline)


def until(
    ask: Callable[[], Flow[R]],
    done: Callable[[R], bool],
    late: Callable[[R], TimedOutError],
    *,
    elapsed: Callable[[], float],
    timeout: float,
) -> Flow[R]:
    """What `ask` gives once `done` says so. `done` may raise, when it will never be; `late` is raised in the end."""
    deadline, pause = elapsed() + timeout, 0.1
    while True:
        found = yield from ask()
        if done(found):
            return found
        left = deadline - elapsed()
        if left <= 0:
            raise late(found)
        yield Pause(min(pause, left))
        pause = min(pause * 1.5, 2.0)


def _sent(request: Request[A], patience: Patience) -> Flow[Response]:
    fresh, attempt = False, 0
    while True:
        reply = yield Send(request, fresh)
        if reply is None:
            raise TypeError("a `Send` is answered with a response")
        if isinstance(reply, Response) and reply.status == HTTPStatus.UNAUTHORIZED and not fresh:
            fresh = True
            continue
        attempt += 1
        passing = isinstance(reply, NoAnswer) or reply.status in PASSING
        if not (passing and request.repeatable and attempt < patience.tries):
            return _answered(reply)
        yield Pause(patience.before(attempt - 1, reply))


def _answered(reply: Response | NoAnswer) -> Response:
    if isinstance(reply, NoAnswer):
        raise UnreachableError(
            f"{reply.cause}: see that the federation is up (`fedpact up`) and that the URL is right (`--url`,"
            " FEDPACT_URL)"
        )
    return reply


def _settled(command: CommandView, patience: Patience, elapsed: Callable[[], float], deadline: float) -> Flow[None]:
    look = Request(method="GET", path=f"/v1/commands/{command.command_id}", answer=CommandView)
    pause = 0.5
    while command.status == "pending":
        if elapsed() >= deadline:
            raise TimedOutError(
                f"the hub took `{command.command}` and has not carried it out yet:"
                f" `fedpact commands get {command.command_id}` tells when it has"
            )
        yield Pause(pause)
        pause = min(pause * 2, 5.0)
        command = read(CommandView, (yield from _sent(look, patience)))

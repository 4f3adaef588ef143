"""
What the client does, step by step, as generators that do nothing themselves (`steps` is what they can want done).

The rule for trying again: reads, and writes with their Idempotency-Key; when nobody answered or the hub said that it
will pass. A token that is not believed is renewed once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar

from pydantic import BaseModel

from fedpact.client.answers import PASSING, error_of, pause_asked, pending, read
from fedpact.client.errors import TimedOutError, UnreachableError
from fedpact.client.messages import NoAnswer, Request, Response
from fedpact.client.steps import Flow, Open, Pause, Reply, Send, Show
from fedpact.contracts.api import CommandView

A = TypeVar("A", bound=BaseModel)
MAX_PAUSE = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often to try, within which time to begin the last try, and for how long to wait for a command's outcome."""

    tries: int = 4
    pause: float = 0.25
    trying: float = 25.0
    outcome: float = 60.0

    def before(self, attempt: int, reply: Response | NoAnswer) -> float:
        """Seconds before the next try: twice as long each time, or what the hub asks for."""
        asked = pause_asked(reply) if isinstance(reply, Response) else None
        return min(asked if asked is not None else self.pause * 2**attempt, MAX_PAUSE)


def call(request: Request[A], patience: Patience, elapsed: Callable[[], float]) -> Flow[A]:
    """The answer to `request`. One that is still under way is waited for, then asked for again by its key."""
    deadline = elapsed() + patience.outcome
    while True:
        response = yield from _sent(request, patience, elapsed)
        command = pending(response)
        if command is None:
            return read(request.answer, response)
        yield from _settled(command, patience, elapsed, deadline)


def opened(
    path: str,
    *,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    silence: float = 30.0,
) -> Flow[Response | NoAnswer]:
    """A stream that can be read, as it was answered; raises what the hub refuses. No answer is told, not raised."""
    step = Open(path=path, query=query or {}, headers=headers or {}, silence=silence)
    reply = answer_to(step, (yield step))
    if isinstance(reply, Response) and reply.status == HTTPStatus.UNAUTHORIZED:
        step = Open(path=path, query=query or {}, headers=headers or {}, silence=silence, fresh=True)
        reply = answer_to(step, (yield step))
    if isinstance(reply, NoAnswer):
        return reply
    if not reply.good:
        raise error_of(reply)
    return reply


def answer_to(step: Send | Open, reply: Reply) -> Response | NoAnswer:
    """The reply, which a driver has to give to this step."""
    if not isinstance(reply, Response | NoAnswer):
        raise TypeError(f"a `{type(step).__name__}` is answered with a response")
    return reply


def _sent(request: Request[A], patience: Patience, elapsed: Callable[[], float]) -> Flow[Response]:
    fresh, attempt, last = False, 0, elapsed() + patience.trying
    while True:
        step = Send(request, fresh)
        reply = answer_to(step, (yield step))
        if isinstance(reply, Response) and reply.status == HTTPStatus.UNAUTHORIZED and not fresh:
            fresh = True
            continue
        attempt += 1
        passing = isinstance(reply, NoAnswer) or reply.status in PASSING
        if not (passing and request.repeatable and attempt < patience.tries and elapsed() < last):
            return _answered(reply)
        if isinstance(reply, NoAnswer):
            yield Show(f"{reply.cause}: trying again")
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
        command = read(CommandView, (yield from _sent(look, patience, elapsed)))

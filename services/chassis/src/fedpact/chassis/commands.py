"""
Commands: one way in for everybody, with a verified actor and an answer that never changes.

A refusal is a document of its own under the command's id, looked up before anything is decided, so that a redelivery
gets the same answer. A first delivery needs no look when the command expires before its stream would store it a second
time. An acceptance is published in the aggregate's own save, and remembered there: before a command is refused that may
have come before, its aggregate is asked whether it carried it out, for by now it may have expired.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from pydantic import ValidationError

from fedpact.chassis.aggregates import Cause, Kind, Stored
from fedpact.chassis.deliveries import DOUBLES_DROPPED, Delivery, Handle
from fedpact.chassis.documents import Documents
from fedpact.contracts import strict_json
from fedpact.contracts.envelope import (
    TOKEN_HEADER,
    Accepted,
    Actor,
    Command,
    DomainError,
    Envelope,
    Fact,
    Order,
    Refused,
)
from fedpact.contracts.mistakes import first_misfit
from fedpact.contracts.strict_json import MalformedError

C = TypeVar("C", bound=Command)
Verify = Callable[[str, datetime], Awaitable[Actor]]
"""Who a token vouches for at a moment; raises a `DomainError` when it vouches for nobody."""
Carry = Callable[[Order[C], Cause], Awaitable[None]]
KEPT = timedelta(days=7)
log = logging.getLogger(__name__)


class UnauthenticatedError(DomainError):
    """No valid token came with the command."""

    slug = "unauthenticated"


class ExpiredCommandError(DomainError):
    """The sender no longer wants it by now."""

    slug = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The answer a command keeps getting."""

    slug: str
    reason: str
    path: str
    until: datetime


def refusals(documents: Documents, service: str, now: Callable[[], datetime]) -> Stored[Refusal]:
    """Where a service keeps its refusals, for seven days."""

    def evolve(_: Refusal | None, fact: Fact) -> Refusal:
        assert isinstance(fact, Refused)
        return Refusal(slug=fact.slug, reason=fact.reason, path=fact.path, until=now() + KEPT)

    kind = Kind(source=f"fedpact/{service}/refusals", state=Refusal, evolve=evolve, expires=lambda r: r.until)
    return Stored(documents, kind)


class UnknownCommandError(DomainError):
    """No command of that name, or of that version, is taken here."""

    slug = "unknown_command"


class Commands:
    """Turns deliveries of commands into orders, and errors of the domain into refusals."""

    def __init__(
        self,
        kept: Stored[Refusal],
        verify: Verify,
        *,
        changes: Sequence[Stored[Any]],
        accepted: type[Accepted],
        refused: type[Refused],
    ) -> None:
        """`changes`: the aggregates that commands change, each of which has the key of the command."""
        self.kept, self._verify, self._changes = kept, verify, changes
        self._accepted, self._refused = accepted, refused
        self._taken: list[str] = []

    def handle(self, kind: type[C], carry: Carry[C]) -> Handle:
        """How a delivery of `kind` is handled: `carry` gets the order."""
        self._taken.append(kind.type)

        async def receive(delivery: Delivery, envelope: Envelope, cause: Cause) -> None:
            again = _may_have_come_before(delivery, envelope)
            if again and await self.kept.find(envelope.id):
                return
            about = envelope.subject
            try:
                command = _read(kind, delivery.body)
                about = command.key
                order = Order(command=command, actor=await self._actor(delivery, envelope, cause), now=cause.now)
                told = self._accepted(command=kind.type, about=about, command_id=envelope.id)
                await carry(order, replace(cause, accepted=told))
            except DomainError as error:
                if not (again and await self._carried_out(about, envelope.id)):
                    await self._refuse(kind.type, about, error, cause)

        return receive

    async def unknown(self, _: Delivery, envelope: Envelope, cause: Cause) -> None:
        """Refuse a command that is misspelt, or of a version that nobody here takes."""
        if not await self.kept.find(envelope.id):
            error = UnknownCommandError(f"`{envelope.type}` is no command: {', '.join(sorted(self._taken))} are")
            await self._refuse(envelope.type, envelope.subject, error, cause)

    async def _actor(self, delivery: Delivery, envelope: Envelope, cause: Cause) -> Actor:
        if envelope.expirytime is not None and cause.now > envelope.expirytime:
            raise ExpiredCommandError(f"the command expired at {envelope.expirytime.isoformat()}: send it again")
        token = delivery.headers.get(TOKEN_HEADER)
        if not token:
            raise UnauthenticatedError(f"the command needs an access token in the header `{TOKEN_HEADER}`")
        actor = await self._verify(token, delivery.stored_at)
        if actor.channel != envelope.channel:
            raise UnauthenticatedError(f"the token is for the channel `{actor.channel}`, not for `{envelope.channel}`")
        return actor

    async def _carried_out(self, key: str, command: str) -> bool:
        for stored in self._changes:
            if await stored.carried_out(key, command):
                return True
        return False

    async def _refuse(self, command: str, about: str, error: DomainError, cause: Cause) -> None:
        envelope = cause.envelope
        assert envelope is not None
        fact = self._refused(
            command=command, about=about, command_id=envelope.id, slug=error.slug, reason=error.reason, path=error.path
        )
        log.info("refused", extra={"command": command, "key": about, "slug": error.slug, "reason": error.reason})
        await self.kept.change(envelope.id, lambda _: [fact], replace(cause, accepted=None))


def _may_have_come_before(delivery: Delivery, envelope: Envelope) -> bool:
    """Unless the stream would have dropped it then: by its id, which the sender writes twice, and for so long."""
    named = delivery.headers.get("Nats-Msg-Id") == envelope.id
    left = envelope.expirytime - delivery.stored_at if envelope.expirytime else None
    brief = left is not None and timedelta() <= left <= DOUBLES_DROPPED
    return delivery.deliveries > 1 or not (named and brief)


def _read(kind: type[C], body: bytes) -> C:
    strict_json.loads(body)
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        first = first_misfit(error)
        raise MalformedError(f"{first.text} at `{first.path or 'body'}`", path=first.path) from error

"""
A write: publish the command, wait for its outcome, then for the read model to have seen it.

The outcome is kept under the command's id, so every replica and every repetition of the request gives the same
answer. What is heard early on the bus only shortens the wait: what was written to the store decides, by this replica,
which says so at once, or by another, for which the store is looked at.
"""

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import NAMESPACE_URL, uuid4, uuid5

from fedpact.chassis.aggregates import Cause, Stored, entry
from fedpact.chassis.clock import Clock
from fedpact.chassis.documents import Entry as Outgoing
from fedpact.chassis.telemetry import current_traceparent
from fedpact.contracts.envelope import TOKEN_HEADER, Actor, Command, command_envelope
from fedpact.portal.app.ports import Line
from fedpact.portal.domain.errors import BehindError, KeyReusedError
from fedpact.portal.domain.model import Sent, Settled

SENDER = "portal"
EXPIRES = timedelta(seconds=60)
KEPT = timedelta(days=7)
GLANCE, LOOK = 0.05, 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """
    A command with who wants it. The token travels beside it and is kept nowhere.

    A `repeatable` one may have come before: its sender chose a key for it.
    """

    command_id: str
    repeatable: bool
    command: Command
    actor: Actor
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a write waits for its outcome and a read for its sequence, in seconds."""

    outcome: float = 10.0
    sequence: float = 2.0


@dataclass(slots=True)
class Wait:
    """One or more requests that wait for the same command."""

    heard: Settled | None = None
    settled: Settled | None = None
    nudge: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0


class Waits:
    """Who waits for which command in this process."""

    def __init__(self) -> None:
        self._waits: dict[str, Wait] = {}

    @contextmanager
    def on(self, command_id: str) -> Iterator[Wait]:
        wait = self._waits.setdefault(command_id, Wait())
        wait.waiting += 1
        try:
            yield wait
        finally:
            wait.waiting -= 1
            if not wait.waiting:
                del self._waits[command_id]

    def hear(self, settled: Settled) -> None:
        """The bus said so; the read model may not have seen it yet."""
        if wait := self._waits.get(settled.command_id):
            wait.heard = settled
            wait.nudge.set()

    def settle(self, settled: Settled) -> None:
        """The read model has seen it."""
        if wait := self._waits.get(settled.command_id):
            wait.settled = settled
            wait.nudge.set()


class Orders:
    """All writes of this replica."""

    def __init__(
        self, line: Line, sent: Stored[Sent], settled: Stored[Settled], clock: Clock, patience: Patience | None = None
    ) -> None:
        self._line, self._sent, self._settled, self._clock = line, sent, settled, clock
        self._patience = patience or Patience()
        self.waits = Waits()

    async def send(self, wish: Wish) -> Settled | None:
        """What became of it; `None` when that is not known in time."""
        if wish.repeatable and not await self._note(wish):
            known = await self._settled.find(wish.command_id)
            if known is not None:
                return known
        with self.waits.on(wish.command_id) as wait:
            await self._line.publish(self._outgoing(wish))
            if not wish.repeatable:
                await self._note(wish)
            return await self._outcome(wish.command_id, wait)

    async def find(self, user: str, command_id: str) -> tuple[Sent, Settled | None] | None:
        """A command that `user` sent, and what became of it."""
        sent = await self._sent.find(command_id)
        if sent is None or sent.user != user:
            return None
        return sent, await self._settled.find(command_id)

    async def seen(self, token: str) -> None:
        """Wait until the read model has seen what an earlier answer's `Fedpact-Sequence` names."""
        place, _, number = token.rpartition(":")
        try:
            async with asyncio.timeout(self._patience.sequence):
                while not await self._has(place, int(number)):  # noqa: ASYNC110 - any replica may write it
                    await asyncio.sleep(GLANCE)
        except TimeoutError as error:
            raise BehindError(f"the read model has not seen `{token}` yet: try again in a second") from error

    async def _has(self, place: str, number: int) -> bool:
        return any(settled.sequence >= number for settled in await self._settled.where("place", place))

    async def _note(self, wish: Wish) -> bool:
        """Write down who sent it; `False` when the same was sent before."""
        now = self._clock.now()
        text = f"{wish.command.type} {wish.command.model_dump_json()}"
        note = Sent(
            command_id=wish.command_id,
            command=wish.command.type,
            about=wish.command.key,
            user=wish.actor.user,
            digest=hashlib.sha256(text.encode()).hexdigest(),
            until=now + KEPT,
        )
        if await self._sent.add(note.key, note, Cause(now=now)):
            return True
        kept = await self._sent.get(note.key)
        if (kept.user, kept.digest) != (note.user, note.digest):
            raise KeyReusedError(
                "this `Idempotency-Key` came before with another request: use a new one", path="Idempotency-Key"
            )
        return False

    def _outgoing(self, wish: Wish) -> Outgoing:
        now = self._clock.now()
        envelope = command_envelope(
            wish.command, sender=SENDER, time=now, expires=now + EXPIRES, message=wish.command_id
        ).model_copy(update={"channel": wish.actor.channel, "traceparent": current_traceparent()})
        outgoing = entry(wish.command, envelope)
        outgoing["headers"][TOKEN_HEADER] = wish.token
        return outgoing

    async def _outcome(self, command_id: str, wait: Wait) -> Settled | None:
        try:
            async with asyncio.timeout(self._patience.outcome):
                while (settled := wait.settled) is None:
                    if wait.heard is not None and not wait.heard.accepted:
                        return wait.heard
                    wait.nudge.clear()
                    if not await _nudged(wait.nudge, GLANCE if wait.heard else LOOK):
                        wait.settled = await self._settled.find(command_id)
                return settled
        except TimeoutError:
            return None


def command_id_of(user: str, key: str | None) -> str:
    """The id of the command a request becomes: the same for the same user and `Idempotency-Key`."""
    return str(uuid5(NAMESPACE_URL, f"fedpact/commands/{user}/{key}")) if key else str(uuid4())


def made_id(prefix: str, command_id: str) -> str:
    """An id for what a command creates, the same each time the command is sent."""
    return f"{prefix}-{command_id.replace('-', '')[:16]}"


async def _nudged(nudge: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await nudge.wait()
    except TimeoutError:
        return False

"""
A durable's messages, asked for one at a time, so that asking can end without losing one for a while.

A request for the next message cannot be taken back. A bus with leaf nodes answers it for two seconds after its sender
has gone, and what is handed to nobody is delivered again only after `ACK_WAIT`. So whoever ends finishes what is begun,
stays as long as the bus may still answer, and gives back what comes.
"""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from fedpact.chassis.deliveries import Delivery
from fedpact.chassis.tasks import ended

PULL_SECONDS = 5.0
"""How long the bus keeps a request."""
LATE_SECONDS = 0.5
"""What an answer may come later; then it is lost, and asked for again."""
PAUSE_SECONDS = 1.0
GRACE_SECONDS = 20.0
"""What a message in hand may still take at the end."""
ASK = json.dumps({"batch": 1, "expires": int(PULL_SECONDS * 1e9)}).encode()
NOTHING_CAME = ("404", "408")
Take = Callable[[Msg], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class JetStreamReceipt:
    """Acknowledgement of one delivery."""

    message: Msg

    async def ack(self) -> None:
        await self.message.ack()

    async def nak(self, delay: float) -> None:
        await self.message.nak(delay=delay)

    async def term(self) -> None:
        await self.message.term()

    async def in_progress(self) -> None:
        await self.message.in_progress()


class Pulls:
    """`subject` is where the durable is asked; `linger` says for how long it answers whoever has gone."""

    def __init__(self, connection: Client, subject: str, *, linger: float, grace: float = GRACE_SECONDS) -> None:
        self._connection, self._subject, self._linger, self._grace = connection, subject, linger, grace
        self._inbox = connection.new_inbox()
        self._arrived: asyncio.Queue[Msg | None] = asyncio.Queue()
        self._ending = False
        self._asked: float | None = None
        self._in_hand: Msg | None = None
        self._subscription: Subscription | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, take: Take) -> None:
        """Hand message after message to `take`, each when the one before is done."""
        self._subscription = await self._connection.subscribe(self._inbox, cb=self._arrived.put)
        self._task = asyncio.create_task(self._run(take))

    def ask_no_more(self) -> None:
        """What is begun is the last, from this moment on."""
        self._ending = True

    async def end(self) -> None:
        """Finish what is begun; then nothing is handed over here any more, nor kept."""
        self.ask_no_more()
        self._arrived.put_nowait(None)
        if self._task:
            await asyncio.wait([self._task], timeout=self._grace)
            await ended([self._task])
        if self._subscription and self._connection.is_connected:
            await self._late()
            with contextlib.suppress(NatsError):
                await self._subscription.drain()  # type: ignore[no-untyped-call]
            await self._give_back()

    def check(self) -> None:
        """Raise what ended the asking, if something did that should not have."""
        if self._task and self._task.done():
            self._task.result()

    async def unsubscribe(self) -> None:
        """Nothing is left to do: FastStream ends a subscription like this, after `end`."""

    async def _run(self, take: Take) -> None:
        while (message := await self._next()) is not None:
            self._in_hand = message
            await take(message)
            self._in_hand = None

    async def _next(self) -> Msg | None:
        while not self._ending:
            if self._arrived.empty():
                await self._ask()
            answer = await self._answer(PULL_SECONDS + LATE_SECONDS)
            if answer and _is_message(answer):
                return answer
            if answer and (answer.headers or {}).get("Status") not in NOTHING_CAME:
                await asyncio.sleep(PAUSE_SECONDS)  # the durable is gone, or its server goes
        return None

    async def _ask(self) -> None:
        self._asked = asyncio.get_running_loop().time()
        with contextlib.suppress(NatsError):  # without a connection there is no answer either
            await self._connection.publish(self._subject, ASK, reply=self._inbox)

    async def _answer(self, seconds: float) -> Msg | None:
        try:
            async with asyncio.timeout(seconds):
                answer = await self._arrived.get()
        except TimeoutError:
            return None
        if answer:
            self._asked = None
        return answer

    async def _late(self) -> None:
        """Give back what is still handed over as an answer to the last request."""
        while self._asked is not None:
            left = self._asked + self._linger - asyncio.get_running_loop().time()
            if left <= 0:
                return
            await _nak(await self._answer(left))

    async def _give_back(self) -> None:
        await _nak(self._in_hand)
        while not self._arrived.empty():
            await _nak(self._arrived.get_nowait())


def delivery_of(message: Msg, epoch: int) -> Delivery:
    """The message as a service sees it; `epoch` is when its stream was made."""
    metadata = message.metadata
    return Delivery(
        subject=message.subject,
        headers=dict(message.headers or {}),
        body=message.data,
        stream=metadata.stream,
        consumer=metadata.consumer,
        sequence=metadata.sequence.stream,
        stored_at=metadata.timestamp,
        deliveries=metadata.num_delivered,
        number=metadata.sequence.consumer,
        epoch=epoch,
    )


async def _nak(answer: Msg | None) -> None:
    if answer and _is_message(answer):
        with contextlib.suppress(NatsError):  # it has been acknowledged, or the connection broke off
            await answer.nak()


def _is_message(answer: Msg) -> bool:
    """A status has nowhere to be acknowledged. Its header says nothing: whoever publishes may write the same."""
    return bool(answer.reply)

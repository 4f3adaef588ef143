"""
Responses that are being sent, and their end when the right to them ends.

One rule for revocation, lapse, a narrower grant and an unmapped dataset: a response lives as long as the same
request would be allowed. It is asked after every change and a few times a second. A response that is cut never
ends cleanly: the task that sends it is cancelled and its connection reset.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fedpact.dal_service.app.queries import Ticket
from fedpact.dal_service.domain.errors import BusyError, UnauthenticatedError


@dataclass(slots=True, eq=False)
class _Stream:
    ticket: Ticket
    task: asyncio.Task[object]
    cut: bool = False


class Streams:
    def __init__(self, still: Callable[[Ticket], bool], *, per_token: int) -> None:
        self._still, self._per_token = still, per_token
        self._running: set[_Stream] = set()
        self._of_token: Counter[str] = Counter()

    def count(self, activation: str) -> int:
        """How many responses are being sent to `activation`."""
        return sum(stream.ticket.bearer.activation == activation for stream in self._running)

    @contextmanager
    def hold(self, ticket: Ticket) -> Iterator[None]:
        """The time in which a response is produced. Ends with `UnauthenticatedError` when it is cut."""
        task, token = asyncio.current_task(), ticket.bearer.token_id
        assert task is not None
        if self._of_token[token] >= self._per_token:
            raise BusyError
        stream = _Stream(ticket, task)
        self._running.add(stream)
        self._of_token[token] += 1
        try:
            yield
        except asyncio.CancelledError:
            if not stream.cut:
                raise
            task.uncancel()
            raise UnauthenticatedError from None
        finally:
            self._running.discard(stream)
            self._of_token[token] -= 1
            if not self._of_token[token]:
                del self._of_token[token]

    def review(self) -> None:
        """Cut what would not be allowed now."""
        for stream in self._running:
            if not stream.cut and not self._still(stream.ticket):
                stream.cut = True
                stream.task.cancel()

    def end(self) -> None:
        """Cut all of them: the process stops."""
        for stream in self._running:
            stream.cut = True
            stream.task.cancel()

    async def watch(self, pause: float) -> None:
        """Review for ever."""
        while True:
            await asyncio.sleep(pause)
            self.review()

"""
The bus, once it is there.

HTTP is served before the bus is reached, so that health and the way in can be asked for; until then whoever needs
the bus is told to try again.
"""

from fedpact.chassis.bus import Bus
from fedpact.chassis.documents import Entry
from fedpact.chassis.errors import UnavailableError


class BusLine:
    """Speaks on a bus that somebody else starts."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._connected = False

    async def connected(self) -> None:
        """From now on the bus is there. What becomes of the connection later is the bus's own matter."""
        self._connected = True

    async def publish(self, entry: Entry) -> None:
        self._check()
        await self._bus.publish(entry)

    async def ask(self, context: str, verb: str, question: str) -> bytes:
        self._check()
        return await self._bus.ask(context, verb, question)

    async def problem(self) -> str | None:
        """What is wrong with it, for people."""
        return await self._bus.problem() if self._connected else "the bus is not reached yet"

    def _check(self) -> None:
        if not self._connected:
            raise UnavailableError("the bus is not reached yet")

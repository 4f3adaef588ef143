"""What the entrance needs from its surroundings."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where an activation's FLARE server listens."""

    host: str
    port: int


class Routes(Protocol):
    """Which names lead where, now."""

    async def find(self, name: str) -> Address | None:
        """Where `name` leads, if it leads anywhere. `name` is a host name in lower case."""
        ...

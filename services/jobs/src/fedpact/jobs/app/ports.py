"""What the handlers need beside aggregates."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

from fedpact.chassis.aggregates import Cause
from fedpact.contracts.specs import ActivationPlaced, SpecCreated
from fedpact.jobs.domain.results import Received


class Specs(Protocol):
    """The specs as spec_lifecycle told of them."""

    async def keep(self, fact: SpecCreated, cause: Cause) -> None: ...

    async def find(self, key: str) -> SpecCreated | None: ...


class Placements(Protocol):
    """Where each spec's newest activation was placed."""

    async def keep(self, fact: ActivationPlaced, cause: Cause) -> None: ...

    async def find(self, key: str) -> ActivationPlaced | None: ...


class Objects(Protocol):
    """Files under the digest of their content."""

    async def receive(self, chunks: AsyncIterator[bytes], limit: int) -> Received:
        """Store what arrives, whole or not at all. `TooLargeError` past `limit` bytes."""
        ...

    def find(self, digest: str) -> Path | None:
        """Where the content is."""
        ...

    def untouched_since(self, moment: datetime) -> Iterator[str]:
        """Digests that were last stored before `moment`."""
        ...

    def discard(self, digest: str, untouched_since: datetime) -> bool:
        """Remove the content unless it was stored again since; whether it was removed."""
        ...

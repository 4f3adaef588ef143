"""What the handlers need beside aggregates."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

from fedpact.chassis.aggregates import Cause
from fedpact.contracts.envelope import Actor
from fedpact.contracts.identity import OrganizationRegistered, UserChanged
from fedpact.contracts.registry import ModelChanged
from fedpact.contracts.specs import ActivationPlaced, ActivationStopping, SpecCreated
from fedpact.jobs.domain.results import Received

Verify = Callable[[str, datetime], Awaitable[Actor]]
"""Who an access token vouches for at a moment; a `DomainError` when it vouches for nobody."""


class Specs(Protocol):
    """The specs as spec_lifecycle told of them."""

    async def keep(self, fact: SpecCreated, cause: Cause) -> None: ...

    async def find(self, key: str) -> SpecCreated | None: ...


class Placements(Protocol):
    """Where each spec's newest activation was placed."""

    async def keep(self, fact: ActivationPlaced, cause: Cause) -> None: ...

    async def find(self, key: str) -> ActivationPlaced | None: ...


class Stoppings(Protocol):
    """Why each spec's newest activation is being ended."""

    async def keep(self, fact: ActivationStopping, cause: Cause) -> None: ...

    async def find(self, key: str) -> ActivationStopping | None: ...


class Models(Protocol):
    """The models as the registry told of them."""

    async def keep(self, fact: ModelChanged, cause: Cause) -> None: ...

    async def find(self, key: str) -> ModelChanged | None: ...


class Users(Protocol):
    """The users as identity told of them."""

    async def keep(self, fact: UserChanged, cause: Cause) -> None: ...

    async def find(self, key: str) -> UserChanged | None: ...


class Organizations(Protocol):
    """The organizations as identity told of them."""

    async def keep(self, fact: OrganizationRegistered, cause: Cause) -> None: ...

    async def find(self, key: str) -> OrganizationRegistered | None: ...


class Registrar(Protocol):
    """Makes artifacts of a job's stored files."""

    async def register(self, job_id: str, cause: Cause) -> None:
        """Doing it again changes nothing."""
        ...


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

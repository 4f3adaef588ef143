"""What the handlers need beside aggregates."""

from collections.abc import Sequence
from typing import Protocol

from fedpact.chassis.aggregates import Cause
from fedpact.contracts.specs import SpecCreated


class Specs(Protocol):
    """The specs as spec_lifecycle told of them. The index `site` finds those with a part at a gateway."""

    async def keep(self, fact: SpecCreated, cause: Cause) -> None: ...

    async def find(self, key: str) -> SpecCreated | None: ...

    async def where(self, index: str, value: str) -> Sequence[SpecCreated]: ...

    async def every(self) -> Sequence[SpecCreated]: ...

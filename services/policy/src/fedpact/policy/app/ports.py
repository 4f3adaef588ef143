"""What the handlers need beyond aggregates and copies."""

from collections.abc import Mapping
from typing import Protocol

from fedpact.decision.keys import PublicKey


class OwnerKeys(Protocol):
    """The keys that organizations sign their policies with, as the hub's operator registered them."""

    async def of(self, organization: str) -> Mapping[str, PublicKey]:
        """Key id -> key; empty where none is registered."""
        ...

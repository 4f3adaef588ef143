"""What the registry needs to know of others."""

from typing import Protocol


class Organizations(Protocol):
    """Whom identity knows."""

    async def known(self, organization: str) -> bool:
        """As of now. Raises the chassis' `UnavailableError` when nobody can say."""
        ...

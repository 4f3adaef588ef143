"""What the handlers need beyond the specs themselves."""

from typing import Protocol

from fedpact.contracts.pact import SpecContent
from fedpact.spec_lifecycle.domain.catalog import Catalog


class Registry(Protocol):
    """What is registered, as last heard."""

    async def catalog(self, content: SpecContent) -> Catalog:
        """The datasets and the model that `content` names."""
        ...

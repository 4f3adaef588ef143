"""The portal over owners that answer at once, with documents in memory, and a client for it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from portal_memory import Client, Stage, client_of, stage


@pytest.fixture
def there(tmp_path: Path) -> Stage:
    return stage(tmp_path)


@pytest.fixture
async def client(there: Stage) -> AsyncIterator[Client]:
    async with client_of(there) as found:
        yield found

"""An issuer that lets people log in for development, and one that does not."""

import pytest
from identity_lab import running


@pytest.fixture
async def lab(tmp_path):
    async for it in running(tmp_path, dev_login=True):
        yield it


@pytest.fixture
async def strict_lab(tmp_path):
    async for it in running(tmp_path, dev_login=False):
        yield it

"""Servers shared by a whole test run; each test gets its own database or its own streams."""

import gc
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from servers import missing, mongo_server, nats_server, running

# A machine that is busy is slow: that says nothing of what is tested.
settings.register_profile("untimed", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# Tests that run in the background of a shell are deaf to Ctrl-C, and so were the programs that they interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection() -> None:
    """Collecting only adds: there is no garbage to look for."""
    gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What was collected stays to the end: it is not looked at again with every test's own garbage."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def mongo_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A Mongo-wire server without users."""
    if lacking := missing("secantusd-py"):
        pytest.skip(lacking)
    with running(mongo_server(tmp_path_factory.mktemp("mongo"))) as server:
        yield server.port


@pytest.fixture
def nats_url(tmp_path: Path) -> Iterator[str]:
    """A JetStream server of this test's own."""
    if lacking := missing("nats-server"):
        pytest.skip(lacking)
    with running(nats_server(tmp_path)) as server:
        yield f"nats://127.0.0.1:{server.port}"

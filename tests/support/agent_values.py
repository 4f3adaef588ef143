"""Values for tests of the gateway agent, and what they have in common."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from fedpact.contracts.pact import Resources
from fedpact.gateway_agent.app.ports import Checkpoint, Launcher
from fedpact.gateway_agent.domain.pods import DataAccess, Kind, Member, Place, Pod, PodName, Runtime

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SERVER_NAME = PodName(spec_id="s-42", generation=3, participant="server")
CLIENT_NAME = SERVER_NAME.sibling("gateway-1-1")
RUNTIME = Runtime(python="/usr/bin/python3", search_path="/usr/bin:/bin", packages=(Path("/models/logreg"),))
ACCESS = DataAccess(url="http://127.0.0.1:8080", token="s3cret", datasets={"b_g_o": "b.csv", "a_g_o": "a.csv"})


def member(name: PodName) -> Member:
    place = Place(root=Path("/agent") / name.participant)
    return Member(name=name, place=place, organization="org-1", resources=Resources(cpu=1, memory=500))


def waiting_pod(root: Path, participant: str = "gateway-1-1", *, program: str = "import signal; signal.pause()") -> Pod:
    """A pod that needs nothing but Python and runs until it is ended."""
    name = SERVER_NAME.sibling(participant)
    kit = root / "kits" / participant
    kit.mkdir(parents=True, exist_ok=True)
    return Pod(
        name=name,
        kind=Kind.SERVER if participant == "server" else Kind.CLIENT,
        kit=kit,
        command=(sys.executable, "-c", program),
        env={"PATH": "/usr/bin:/bin"},
        resources=Resources(),
        log=root / "logs" / f"{participant}.log",
    )


async def launched(launcher: Launcher, pod: Pod) -> Checkpoint:
    """The last checkpoint of a whole launch."""
    return [checkpoint async for checkpoint in launcher.launch(pod)][-1]


async def until(check: Callable[[], Awaitable[bool]], seconds: float = 20.0) -> None:
    """Polls until `check` holds."""
    deadline = time.monotonic() + seconds
    while not await check():
        assert time.monotonic() < deadline, "waited too long"
        await asyncio.sleep(0.05)

"""One agent's launcher with what this machine has to hold processes by, and what its workloads say."""

import contextlib
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from agent_values import launched, until, waiting_pod

from fedpact.contracts.pact import Limit, Resources
from fedpact.gateway_agent.adapters.confinement import Confinement
from fedpact.gateway_agent.adapters.processes import ProcessLauncher
from fedpact.gateway_agent.app.ports import Life, Observed
from fedpact.gateway_agent.domain.pods import Peer, Pod

HERE = "127.0.0.1"


class ConfinedSite:
    """The agent. Where the machine has no means for one of the limits, the test is skipped."""

    def __init__(self, root: Path, *limits: Limit) -> None:
        self.root, self.state = root, root / "agent" / "launches"
        self.confinement = Confinement.found(self.state, limits, hidden=(root / "agent",))
        lacking = [limit for limit in limits if limit not in self.confinement.limits]
        if lacking:
            pytest.skip(f"this machine gives processes no means to limit {', '.join(lacking)}")
        self.launcher = self.next()

    def next(self) -> ProcessLauncher:
        """The launcher of the agent's next process."""
        return ProcessLauncher(self.state, grace=1.0, confinement=self.confinement)

    def pod(self, program: str, *peers: int | Peer, **resources: float) -> Pod:
        known = tuple(Peer(host=HERE, port=peer) if isinstance(peer, int) else peer for peer in peers)
        pod = waiting_pod(self.root / "agent", program=program)
        return replace(pod, peers=known, resources=Resources.model_validate({"memory": 512, **resources}))

    async def seen(self) -> Observed | None:
        return next(iter(await self.launcher.observe()), None)

    async def ended(self, pod: Pod) -> tuple[int | None, str]:
        """Exit code and console of `pod`, launched and awaited."""
        await launched(self.launcher, pod)

        async def over() -> bool:
            seen = await self.seen()
            return seen is not None and seen.life is Life.EXITED

        await until(over, 60)
        seen = await self.seen()
        assert seen is not None
        return seen.exit_code, pod.log.read_text()

    async def said(self, pod: Pod) -> object:
        code, console = await self.ended(pod)
        assert code == 0, console
        return json.loads(console)

    def remains(self) -> list[Path]:
        """Control groups of this agent."""
        places = self.confinement.cgroups.places.values() if self.confinement.cgroups else ()
        agent = self.confinement.cgroups.agent if self.confinement.cgroups else ""
        return [folder for place in places if (folder := place.folder / agent).exists()]


@contextlib.asynccontextmanager
async def site_with(root: Path, *limits: Limit) -> AsyncIterator[ConfinedSite]:
    site = ConfinedSite(root, *limits)
    yield site
    for seen in await site.launcher.observe():
        await site.launcher.stop(seen.ref)
    assert site.remains() == []


@contextlib.contextmanager
def listening(answer: bytes = b"", family: int = socket.AF_INET) -> Iterator[int]:
    """Something of this machine: whoever connects is told `answer`."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                visitor, _ = door.accept()
                with visitor:
                    visitor.sendall(answer)

    with socket.create_server((HERE, 0), family=family) as door:
        threading.Thread(target=serve, daemon=True).start()
        try:
            yield door.getsockname()[1]
        finally:
            door.shutdown(socket.SHUT_RDWR)

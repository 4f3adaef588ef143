"""A proposal through the real registry, a real gateway agent and a real DAL, over a real bus and store."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import nats
import pytest
from hub_service import Outside, running, settings_of, token
from servers import free_port, until

from fedpact.chassis import bus_admin
from fedpact.contracts.registry import (
    CommandRefused,
    DatasetRegistered,
    GatewayAnnounced,
    ProposalSettled,
    ProposeDataset,
)
from fedpact.dal_service import main as dal
from fedpact.dal_service.settings import Settings as DalSettings
from fedpact.gateway_agent import gateway as agent
from fedpact.gateway_agent.settings import Settings as AgentSettings
from fedpact.infra.topology import directives_of
from fedpact.registry.main import compose
from fedpact.registry.settings import Settings


@dataclass
class Site:
    """A custodian's site, its data below `root`."""

    root: Path
    agent: AgentSettings
    dal: DalSettings


@pytest.fixture
def site(nats_url: str, tmp_path: Path) -> Site:
    root, sockets = tmp_path / "data", tmp_path / "s"
    (root / "inbox" / "scans").mkdir(parents=True)
    sockets.mkdir(mode=0o700)
    (root / "inbox" / "cohort.csv").write_text("age,sex\n40,f\n")
    (root / "inbox" / "scans" / "1.png").write_bytes(b"png")
    agent_ = AgentSettings(
        gateway="gw-1",
        organization="clinic",
        nats_url=nats_url,
        nats_linger_seconds=0,
        port=free_port(),
        state_folder=tmp_path / "agent",
        models_dir=tmp_path / "models",
        trust_folder=tmp_path / "trust",
        dal_url="http://127.0.0.1:1",
        dal_admin_socket=sockets / "dal",
        admin_socket=sockets / "agent",
        key_file=tmp_path / "agent" / "dal.pem",
        inbox=root / "inbox",
        sweep_seconds=0.05,
        tick_seconds=0.05,
        retry_seconds=1,
    )
    dal_ = DalSettings(
        gateway="gw-1",
        sources_files_folder=(root,),
        state_folder=tmp_path / "dal",
        admin_socket=sockets / "dal",
        agent_keys=tmp_path / "agent" / "dal.pem.pub",
        port=free_port(),
    )
    dal_.state_folder.mkdir()
    return Site(root, agent_, dal_)


@asynccontextmanager
async def working(site: Site) -> AsyncIterator[None]:
    """The site's programs."""
    async with bus_admin.administrating(site.agent.nats_url, None) as js:
        await bus_admin.apply(js, (), (directives_of("gw-1"),))
    stopped = asyncio.Event()
    service = agent.compose(site.agent)
    async with dal.compose(site.dal).serving():
        task = asyncio.create_task(service.run(stopped))
        try:
            yield
        finally:
            stopped.set()
            await task


@pytest.fixture
async def hub(nats_url: str, mongo_port: int, tmp_path: Path) -> AsyncIterator[Outside]:
    bootstrap = tmp_path / "registry.json"
    bootstrap.write_text(json.dumps({"gateways": [{"gateway": "gw-1", "organization": "clinic"}]}))
    settings = Settings(**settings_of(nats_url, mongo_port, tmp_path, "registry"), bootstrap_file=bootstrap)
    async with running(compose(settings), nats_url, "registry") as outside:
        yield outside


def wanted(proposal: str, entry: str, name: str = "cohort") -> ProposeDataset:
    return ProposeDataset(proposal=proposal, gateway="gw-1", name=name, entry=entry, description="the cohort")


STEWARD = token("stan", "clinic", "data_steward")


async def test_what_a_steward_proposes_is_registered_by_the_gateway(hub: Outside, site: Site) -> None:
    async with working(site):
        told = await hub.told(GatewayAnnounced)
        assert "proposals" in told.capabilities
        await hub.order(wanted("p-1", "cohort.csv"), STEWARD)
        settled = await hub.told(ProposalSettled, proposal="p-1")
        assert (settled.accepted, settled.dataset) == (True, "cohort_gw-1_clinic")
        registered = await hub.told(DatasetRegistered)
        assert (registered.shape.rows, registered.description) == (1, "the cohort")
        await hub.order(wanted("p-2", "scans/", "scans"), STEWARD)
        assert (await hub.told(ProposalSettled, proposal="p-2")).accepted
        assert str(site.root) not in repr(hub.heard)


async def test_a_refusal_and_a_silent_gateway_are_both_told(hub: Outside, site: Site) -> None:
    await hub.order(wanted("p-1", "nothing.csv"), STEWARD)
    await hub.order(wanted("p-2", "cohort.csv"), token("ada", "clinic", "data_scientist"))
    assert (await hub.told(CommandRefused)).slug == "not_allowed"
    async with working(site):
        settled = await hub.told(ProposalSettled, proposal="p-1")
    assert not settled.accepted
    assert "there is no `nothing.csv`" in settled.reason
    assert await directives_left(site.agent.nats_url) == [("p-1", "stopped", None)]


async def directives_left(url: str) -> list[tuple[str, str, str | None]]:
    """What the stream of directives still tells: proposal, what is wanted of it, its entry."""
    client = await nats.connect(url)
    try:
        js = client.jetstream()

        async def look() -> list[tuple[str, str, str | None]]:
            message = await js.get_last_msg("directives", "fedpact.dir.main.gw-1.p-1._proposal")
            told = json.loads(message.data or b"{}")
            return [(told["proposal"], told["wanted"], told["entry"])] if told["wanted"] == "stopped" else []

        return await until(look)
    finally:
        await client.close()

"""The bus through a site's proxy: TLS ends at the hub, whose name the certificate has to have, and nowhere before."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from connect_proxy import ConnectProxy
from federated_bus import FederatedBus, federated_bus
from hub_service import present
from servers import missing, until

from fedpact.chassis.bus import Bus
from fedpact.chassis.clock import SystemClock
from fedpact.chassis.proxies import Proxy
from fedpact.chassis.settings import ServiceSettings
from fedpact.chassis.telemetry import tracing
from fedpact.gateway_agent.adapters.tunnels import Tunnel
from fedpact.infra.ca import CertificateAuthority
from fedpact.infra.nats_config import Tls

pytestmark = pytest.mark.skipif(missing("nats-server") is not None, reason=str(missing("nats-server")))
HUB, OTHER, LOCAL = "hub.example.org", "other.example.org", "127.0.0.1"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FederatedBus]:
    folder = tmp_path_factory.mktemp("bus")
    authority = CertificateAuthority(folder / "ca")
    authority.begin("A hub", present())
    tls = Tls(*authority.issue([LOCAL, HUB], 30, present()))
    with federated_bus(folder / "hub", trusting=True, tls=tls, ca_file=authority.certificate) as found:
        yield found


def settings(hub: FederatedBus, host: str) -> ServiceSettings:
    key: Path = hub.key("gateway-1")
    port = hub.machine.ports["nats"]
    return ServiceSettings(
        nats_url=f"tls://{host}:{port}", nats_creds_file=key, nats_ca_file=hub.ca_file, nats_domain="hub"
    )


@pytest.mark.parametrize(("host", "believed"), [(HUB, True), (OTHER, False)])
async def test_a_gateway_behind_a_proxy_believes_the_hub_by_its_name(
    hub: FederatedBus, host: str, believed: bool
) -> None:
    given = settings(hub, host)
    proxy = ConnectProxy({f"{host}:{hub.machine.ports['nats']}"}, "site:secret", names={host: LOCAL})
    async with proxy.serving() as way:
        tunnel = Tunnel.to(given.nats_url, Proxy(host=LOCAL, port=way, login="site:secret"))
        await tunnel.open()

        async def asked() -> bool:
            return bool(proxy.opened)

        async def well() -> bool:
            return await bus.problem() is None

        bus = Bus(tunnel.near(given), "gateway-1", SystemClock(), tracer=tracing("gateway-1", None))
        try:
            begins = asyncio.create_task(bus.start())
            await until(asked)
            if believed:
                await begins
                await until(well)
            else:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(3):
                        await begins
        finally:
            await bus.stop()
            await tunnel.close()
    assert set(proxy.opened) == {f"{host}:{hub.machine.ports['nats']}"}

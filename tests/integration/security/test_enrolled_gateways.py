"""
A gateway's life on the bus, with a real server that believes an operator and the real identity service.

The custodian's side is the code of the `fedpact` command; what the gateway then may and may not do is tried with the
very credentials that it wrote.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import aiohttp
import pytest
from connect_proxy import ConnectProxy
from enrolment_lab import KEY, PATIENCE, WEBSOCKET, Hub, agent_of, heard_from, identity_on
from federated_bus import FederatedBus, federated_bus
from hub_service import present
from nats.errors import Error
from servers import BIN, Server, free_port, missing, mongo_server, running, until

from fedpact.client import enrolment as custodian
from fedpact.client.custodian import Custodian
from fedpact.client.errors import ForbiddenError
from fedpact.contracts import access
from fedpact.contracts.access import EnrolmentRequest, RevokeGateway
from fedpact.contracts.identity import CommandAccepted
from fedpact.contracts.sites import DOMAIN, directives_of
from fedpact.decision import enrolment, nats_jwt
from fedpact.decision.nkeys import Kind, NKey
from fedpact.infra import leaf

LACKING = missing("nats-server", "secantusd-py")
pytestmark = [pytest.mark.skipif(LACKING is not None, reason=str(LACKING)), pytest.mark.timeout(180)]
LAST = b'{"batch": 1, "no_wait": true}'
SPOKEN = [
    "fedpact.evt.main.workloads.gateway.spoke.rome",
    "fedpact.evt.main.workloads.server.ready.orchestrator",
    "fedpact.evt.main.workloads.participant.gone.rome.mallory",
    "fedpact.evt.main.identity.gateway.enrolled.mallory",
    "fedpact.evt.main.policy.grants.issued.mallory",
    "fedpact.tel.main.metrics.rome",
    "fedpact.dir.main.rome.s-1.rome-1",
    "fedpact.dir.main.mallory.s-1.mallory-1",
    "fedpact.cmd.main.identity.revoke_gateway.mallory",
    "fedpact.cmd.main.specs.activate.portal",
    "fedpact.dlq.directives.gw-rome",
    "fedpact.qry.identity.keys",
    "fedpact.qry.jobs.upload",
    "$JS.ACK.directives.gw-rome.1.1.1.1.0",
    "$SYS.REQ.CLAIMS.UPDATE",
    "$SYS.REQ.ACCOUNT.PING.CONNZ",
    "$SYS.REQ.USER.INFO",
    *(
        f"$JS.hub.API.{verb}"
        for verb in (
            "STREAM.LIST",
            "STREAM.PURGE.directives",
            "STREAM.MSG.GET.directives",
            "DIRECT.GET.directives",
            "CONSUMER.LIST.directives",
            "CONSUMER.CREATE.directives.mine",
            "CONSUMER.DURABLE.CREATE.directives.gw-mallory",
            "CONSUMER.MSG.NEXT.directives.gw-rome",
            "CONSUMER.INFO.directives.gw-rome",
            "CONSUMER.RESET.directives.gw-rome",
            "CONSUMER.DELETE.directives.gw-mallory",
        )
    ),
]
HEARD = [">", "fedpact.>", "fedpact.dir.main.rome.>", "_INBOX_rome.>", "_INBOX.>", "_R_.>", "$JS.ACK.>", "$SYS.>"]
DIVERTED = [
    "$JS.API.STREAM.DELETE.policy",
    "fedpact.evt.main.workloads.participant.gone.rome",
    "fedpact.dir.main.rome.s-1.rome-1",
    "_INBOX_rome.x.y",
    "$SYS.REQ.CLAIMS.UPDATE",
]


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FederatedBus]:
    folder, more = tmp_path_factory.mktemp("bus"), {"leaf_port": free_port(), "websocket_port": WEBSOCKET}
    with federated_bus(folder, trusting=True, gateways=0, **more) as found:
        yield found


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(mongo_server(tmp_path_factory.mktemp("mongo"))) as server:
        yield server


@pytest.fixture
async def hub(bus: FederatedBus, store: Server, tmp_path: Path) -> AsyncIterator[Hub]:
    async with identity_on(bus, store, tmp_path) as found:
        yield found


async def test_an_invited_gateway_comes_in_once_and_a_revoked_one_is_out_at_once(hub: Hub, tmp_path: Path) -> None:
    await hub.register("berlin", "clinic")
    token = await hub.invite("berlin")
    given = await hub.enroll(token, tmp_path / "site")
    assert (given.gateway, given.organization, given.bus_domain, given.policy_key) == ("berlin", "clinic", DOMAIN, KEY)
    credentials = tmp_path / "site" / "agent" / "bus.creds"
    assert credentials.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ForbiddenError, match="used already"):
        await hub.enroll(token, tmp_path / "elsewhere")

    async with hub.as_gateway("berlin", credentials) as berlin:
        await berlin.client.jetstream().publish("fedpact.evt.main.workloads.gateway.spoke.berlin", b"{}")
        assert isinstance(await hub.order(RevokeGateway(gateway="berlin")), CommandAccepted)

        async def out() -> bool:
            return berlin.client.is_closed

        await until(out, PATIENCE)
    with pytest.raises((Error, ConnectionError)):
        async with hub.as_gateway("berlin", credentials):
            pass
    kinds = {type(fact) for fact in hub.heard}
    assert {access.GatewayInvited, access.GatewayEnrolled, access.GatewayRevoked} <= kinds


async def test_a_gateway_does_what_is_its_own(hub: Hub, tmp_path: Path) -> None:
    async with (
        hub.as_gateway("oslo", await hub.enrolled("oslo", tmp_path)) as oslo,
        hub.bus.as_("administrator") as root,
    ):
        for subject in ("fedpact.evt.main.workloads.gateway.spoke.oslo", "fedpact.tel.main.metrics.oslo"):
            await oslo.client.jetstream().publish(subject, b"{}")
        await root.client.jetstream().publish("fedpact.dir.main.oslo.s-1.oslo-1", b"wanted")
        durable = directives_of("oslo")
        js = oslo.client.jetstream(domain=DOMAIN)
        await js.reset_consumer(durable.stream, durable.name, seq=1)
        subscription = await js.pull_subscribe_bind(durable.name, durable.stream)
        (message,) = await subscription.fetch(1, timeout=5)
        await message.ack_sync(timeout=5)
        assert (message.data, oslo.told) == (b"wanted", [])


async def test_a_gateway_neither_speaks_for_another_nor_reads_what_is_not_its_own(hub: Hub, tmp_path: Path) -> None:
    await hub.enrolled("rome", tmp_path / "rome")
    async with hub.bus.as_("administrator") as root:
        await root.client.jetstream().publish("fedpact.dir.main.rome.s-1.rome-1", b"rome's")
    credentials = await hub.enrolled("mallory", tmp_path / "mallory")
    await hub.told(access.GatewayEnrolled, "mallory")
    before = await hub.bus.state()
    async with hub.as_gateway("mallory", credentials) as mallory:
        for subject in SPOKEN:
            told = await mallory.publish(subject, reply="_INBOX_mallory.x.y")
            assert any("permissions violation for publish" in error for error in told), subject
        for subject in HEARD:
            told = await mallory.subscribe(subject)
            assert any("permissions violation for subscription" in error for error in told), subject
        for reply in DIVERTED:
            await mallory.publish("$JS.hub.API.CONSUMER.MSG.NEXT.directives.gw-mallory", LAST, reply=reply)
    after = await hub.bus.state()
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == set()
    assert len(SPOKEN) + len(HEARD) + len(DIVERTED) >= 30


async def test_without_credentials_of_the_operator_nobody_comes_in(hub: Hub, tmp_path: Path) -> None:
    given = await hub.enrolled("vienna", tmp_path)
    jwt, _ = nats_jwt.parts(given.read_text())
    stranger, signer, account = NKey.generate(Kind.USER), NKey.generate(Kind.ACCOUNT), nats_jwt.read(jwt)["nats"]
    assert isinstance(account, dict)
    forged = nats_jwt.user(signer, "vienna", stranger.public, account=str(account["issuer_account"]), now=present())
    for text in (nats_jwt.credentials(jwt, stranger.seed), nats_jwt.credentials(forged, stranger.seed)):
        path = tmp_path / "forged.creds"
        path.write_text(text)
        with pytest.raises((Error, ConnectionError)):
            async with hub.as_gateway("vienna", path):
                pass


async def test_whoever_enrolls_again_elsewhere_ends_the_first_machine(hub: Hub, tmp_path: Path) -> None:
    first = await hub.enrolled("lima", tmp_path / "first")
    async with hub.as_gateway("lima", first) as old:
        await hub.enroll(await hub.invite("lima"), tmp_path / "second")

        async def out() -> bool:
            return old.client.is_closed

        await until(out, PATIENCE)
    async with hub.as_gateway("lima", tmp_path / "second" / "agent" / "bus.creds") as new:
        await new.client.jetstream().publish("fedpact.evt.main.workloads.gateway.spoke.lima", b"{}")


async def test_what_is_asked_twice_is_answered_twice_the_same(hub: Hub, tmp_path: Path) -> None:
    await hub.register("quito", "clinic")
    token, key = await hub.invite("quito"), NKey.generate(Kind.USER)
    request = EnrolmentRequest(token=token, member_key=key.public, proof=enrolment.prove(key, token))
    async with aiohttp.ClientSession() as http:
        answers = []
        for _ in range(2):
            async with http.post(f"{hub.url}/gateways/enroll", data=request.model_dump_json()) as response:
                answers.append((response.status, custodian.Enrolled.model_validate_json(await response.read())))
    assert [status for status, _ in answers] == [200, 200]
    assert answers[0][1].expires_at == answers[1][1].expires_at
    assert len(await hub.told(access.GatewayEnrolled, "quito")) == 1


async def test_a_token_that_fits_nothing_is_refused_without_a_hint(hub: Hub, tmp_path: Path) -> None:
    await hub.register("cairo", "clinic")
    token = await hub.invite("cairo")
    wrong = token[:-1] + ("A" if token[-1] != "A" else "B")
    for guess in (wrong, f"nowhere.{token.partition('.')[2]}"):
        with pytest.raises(ForbiddenError, match="not \\(or no longer\\) good for anything"):
            await hub.enroll(guess, tmp_path)
    another, proof = NKey.generate(Kind.USER), enrolment.prove(NKey.generate(Kind.USER), token)
    request = EnrolmentRequest(token=token, member_key=another.public, proof=proof)
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{hub.url}/gateways/enroll", data=request.model_dump_json()) as response,
    ):
        assert (response.status, (await response.json())["slug"]) == (403, "invalid_invitation")


async def test_an_agent_makes_its_next_key_while_it_runs(hub: Hub, tmp_path: Path) -> None:
    credentials = await hub.enrolled("kyoto", tmp_path / "site")
    before = nats_jwt.parts(credentials.read_text())[1].public
    async with agent_of("kyoto", hub.bus.url, tmp_path) as socket:
        with Custodian(socket) as agent:
            await asyncio.to_thread(agent.rotate)
        after = nats_jwt.parts(credentials.read_text())[1].public
        assert after != before
        (fact,) = await hub.told(access.GatewayRenewed, "kyoto")
        assert fact.member_key == after

        async def connected_anew() -> bool:
            async with hub.bus.as_("administrator") as root:
                seen = root.client.jetstream()
                return (await seen.stream_info("telemetry")).state.last_seq > told

        async with hub.bus.as_("administrator") as root:
            told = (await root.client.jetstream().stream_info("telemetry")).state.last_seq
        await until(connected_anew, PATIENCE)
        async with hub.as_gateway("kyoto", credentials) as twin:
            assert twin.told == []


async def test_behind_a_proxy_the_sites_own_server_takes_the_way_to_the_hub(hub: Hub, tmp_path: Path) -> None:
    credentials, own = await hub.enrolled("zurich", tmp_path / "site"), NKey.generate(Kind.USER)
    (tmp_path / "own.seed").write_text(own.seed)
    proxy, port = ConnectProxy([f"127.0.0.1:{WEBSOCKET}"], "site:secret"), free_port()
    async with proxy.serving() as through:
        config = leaf.Leaf(
            gateway="zurich",
            hub=f"ws://127.0.0.1:{WEBSOCKET}",
            credentials=credentials,
            key=own.public,
            proxy=f"http://127.0.0.1:{through}",
            proxy_login=("site", "secret"),
            port=port,
        )
        (tmp_path / "leaf.conf").write_text(leaf.render(config))
        server = Server([str(BIN / "nats-server"), "-c", str(tmp_path / "leaf.conf")], port, tmp_path / "leaf.log")
        login = {"nats_seed_file": tmp_path / "own.seed", "renewed_creds_file": credentials}
        with running(server):
            async with agent_of("zurich", f"nats://127.0.0.1:{port}", tmp_path, **login) as socket:
                await until(partial(heard_from, hub.bus, "zurich"), PATIENCE)
                before = credentials.read_text()
                with Custodian(socket) as agent:
                    await asyncio.to_thread(agent.rotate)
                assert credentials.read_text() != before
            async with hub.as_gateway("zurich", tmp_path / "own.seed", f"nats://127.0.0.1:{port}") as site:
                js = site.client.jetstream()
                await js.publish("fedpact.evt.main.workloads.gateway.spoke.zurich", b"{}")
                for subject in ("fedpact.evt.main.workloads.gateway.spoke.rome", "fedpact.dir.main.rome.s-1.rome-1"):
                    with pytest.raises((Error, TimeoutError)):
                        await js.publish(subject, b"{}", timeout=0.5)
                assert isinstance(await hub.order(RevokeGateway(gateway="zurich")), CommandAccepted)

                async def cut_off() -> bool:
                    with contextlib.suppress(Error, TimeoutError):
                        await js.publish("fedpact.evt.main.workloads.gateway.spoke.zurich", b"{}", timeout=0.5)
                        return False
                    return True

                await until(cut_off, PATIENCE)
    assert set(proxy.opened) == {f"127.0.0.1:{WEBSOCKET}"}

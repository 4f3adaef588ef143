"""
Everybody on a real bus with the configuration of a whole federation: what is theirs works, nothing else does.

Whoever holds one identity's key tries to read, spoof, purge, delete and widen. An attempt counts as refused when the
server says so and no stream, message or durable is different afterwards.
"""

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import nkeys
import pytest
from federated_bus import FederatedBus, Member, connect, federated_bus
from nats.errors import Error
from nats.js.api import ConsumerConfig
from nats.js.errors import NoStreamResponseError
from servers import missing, nats_server, running, until

from fedpact.infra.topology import (
    SERVICES,
    Consumer,
    Durable,
    Permissions,
    Site,
    directives_of,
    durables_of,
    outsider_permissions,
    service_permissions,
    site_permissions,
)

pytestmark = pytest.mark.skipif(missing("nats-server") is not None, reason=str(missing("nats-server")))

SERVICE_NAMES = [service.name for service in SERVICES]
SITES = {site.gateway: site for site in (Site("orchestrator", orchestrator=True), Site("gateway-1"), Site("gateway-2"))}
EVERYBODY = [*SERVICE_NAMES, *SITES, "lab"]
LAST = b'{"batch": 1, "no_wait": true}'

SPOKEN_FOR_OTHERS = [
    ("portal", "fedpact.evt.main.specs.spec.changed.portal"),
    ("portal", "fedpact.evt.main.identity.user.changed.hub"),
    ("scheduler", "fedpact.evt.main.policy.grants.issued.hub"),
    ("jobs", "fedpact.evt.main.specs.job.opened.hub"),
    ("policy", "fedpact.evt.main.specs.activation.ended.hub"),
    ("registry", "fedpact.evt.main.workloads.gateway.spoke.gateway-1"),
    ("identity", "fedpact.evt.main.registry.dataset.registered.hub"),
    ("spec_lifecycle", "fedpact.evt.main.scheduling.gang.placed.hub"),
    ("gateway-1", "fedpact.evt.main.policy.grants.issued.gateway-1"),
    ("gateway-1", "fedpact.evt.main.workloads.participant.gone.gateway-2"),
    ("gateway-1", "fedpact.evt.main.workloads.server.ready.orchestrator"),
    ("gateway-1", "fedpact.evt.main.workloads.participant.gone.gateway-2.gateway-1"),
    ("orchestrator", "fedpact.evt.main.workloads.dataset.offered.gateway-1"),
    ("gateway-1", "fedpact.tel.main.metrics.gateway-2"),
    ("gateway-1", "fedpact.dlq.directives.gw-gateway-2"),
    ("lab", "fedpact.evt.main.specs.activation.completed.lab"),
    ("scheduler", "fedpact.dlq.specs.policy"),
]
WANTED_OF_OTHERS = [
    ("gateway-1", "fedpact.dir.main.gateway-2.s-1.gateway-2-1"),
    ("gateway-1", "fedpact.dir.main.gateway-1.s-1.gateway-1-1"),
    ("orchestrator", "fedpact.dir.main.gateway-1.s-1.gateway-1-1"),
    ("scheduler", "fedpact.dir.main.gateway-1.s-1.gateway-1-1"),
    ("portal", "fedpact.dir.main.orchestrator.s-1.server"),
    ("portal", "fedpact.dir.main.gateway-1.p-1._proposal"),
    ("registry", "fedpact.dir.main.gateway-1.s-1.gateway-1-1"),
    ("registry", "fedpact.dir.main.orchestrator.s-1.job_j-1"),
    ("lab", "fedpact.dir.main.orchestrator.s-1.server"),
    ("lab", "fedpact.cmd.main.specs.activate.portal"),
    ("portal", "fedpact.cmd.main.specs.activate.lab"),
    ("gateway-1", "fedpact.cmd.main.specs.activate.gateway-1"),
    ("spec_lifecycle", "fedpact.cmd.main.jobs.cancel.portal"),
]
ASKED_WITHOUT_RIGHT = [
    ("gateway-1", "fedpact.qry.jobs.upload"),
    ("gateway-1", "fedpact.qry.identity.keys"),
    ("lab", "fedpact.qry.identity.keys"),
    ("lab", "fedpact.qry.identity.organization"),
    ("lab", "fedpact.qry.jobs.download"),
    ("scheduler", "fedpact.qry.jobs.download"),
    ("orchestrator", "fedpact.qry.jobs.download"),
    ("policy", "fedpact.qry.scheduling.why"),
    ("jobs", "fedpact.qry.policy.preview"),
    ("lab", "fedpact.qry.policy.preview"),
    ("portal", "$SYS.REQ.SERVER.PING"),
    ("gateway-1", "$SYS.REQ.ACCOUNT.hub.CONNZ"),
    ("lab", "$SYS.REQ.USER.INFO"),
]
ADMINISTRATED = [
    "INFO",
    "STREAM.NAMES",
    "STREAM.LIST",
    "STREAM.INFO.policy",
    "STREAM.MSG.GET.policy",
    "DIRECT.GET.policy",
    "DIRECT.GET.policy.fedpact.evt.main.policy.grants.issued.hub",
    "STREAM.CREATE.mine",
    "STREAM.UPDATE.policy",
    "STREAM.PURGE.policy",
    "STREAM.DELETE.policy",
    "STREAM.MSG.DELETE.policy",
    "STREAM.SNAPSHOT.policy",
    "CONSUMER.NAMES.policy",
    "CONSUMER.LIST.policy",
    "CONSUMER.INFO.policy.spec_lifecycle",
    "CONSUMER.CREATE.policy",
    "CONSUMER.CREATE.policy.mine",
    "CONSUMER.CREATE.policy.mine.fedpact.evt.>",
    "CONSUMER.DURABLE.CREATE.policy.mine",
    "CONSUMER.DELETE.policy.spec_lifecycle",
    "CONSUMER.RESET.policy.spec_lifecycle",
    "CONSUMER.PAUSE.policy.spec_lifecycle",
    "CONSUMER.MSG.NEXT.policy.spec_lifecycle",
    "CONSUMER.MSG.NEXT.directives.gw-gateway-2",
    "CONSUMER.RESET.directives.gw-gateway-2",
    "CONSUMER.CREATE.directives.gw-gateway-1.fedpact.dir.>",
    "CONSUMER.DELETE.directives.gw-gateway-1",
]
INTRUDERS = ["portal", "scheduler", "gateway-1", "lab"]
"""A key of each kind that the administrator's API is tried with."""
HEARD_WITHOUT_RIGHT = [
    *((name, ">") for name in EVERYBODY),
    ("portal", "fedpact.>"),
    ("gateway-1", "fedpact.evt.>"),
    ("gateway-2", "fedpact.dir.main.gateway-1.>"),
    ("lab", "fedpact.evt.*.*.command.*.portal"),
    ("lab", "fedpact.evt.main.policy.spec.decided.lab"),
    ("policy", "fedpact.cmd.>"),
    ("jobs", "fedpact.evt.main.policy.>"),
    ("lab", "fedpact.tel.>"),
    ("gateway-1", "_INBOX_gateway-2.>"),
    ("scheduler", "_INBOX_policy.>"),
    ("registry", "_INBOX.>"),
    ("gateway-1", "_R_.>"),
    ("gateway-1", "$JS.ACK.>"),
    ("portal", "$JS.API.>"),
    ("scheduler", "fedpact.qry.identity.keys"),
    ("gateway-1", "fedpact.qry.jobs.upload"),
    ("identity", "$SYS.>"),
    ("lab", "told.>"),
]
PUBLISHED = [
    *SPOKEN_FOR_OTHERS,
    *WANTED_OF_OTHERS,
    *ASKED_WITHOUT_RIGHT,
    *((who, f"{prefix}.{verb}") for who, prefix, verb in product(INTRUDERS, ("$JS.API", "$JS.hub.API"), ADMINISTRATED)),
    ("scheduler", "$JS.ACK.policy.spec_lifecycle.1.1.1.1.0"),
    ("gateway-1", "$JS.ACK.directives.gw-gateway-2.1.1.1.1.0"),
    ("gateway-1", "_INBOX_gateway-2.aaaa.bbbb"),
    ("lab", "_INBOX_portal.aaaa.bbbb"),
    ("lab", "told.fedpact.evt.main.specs.command.accepted.portal"),
]
DIVERTED = [
    ("portal", "$JS.hub.API.CONSUMER.MSG.NEXT.jobs.portal", LAST),
    ("portal", "$JS.hub.API.CONSUMER.INFO.jobs.portal", b""),
    ("portal", "fedpact.qry.identity.keys", b"{}"),
    ("gateway-1", "$JS.hub.API.CONSUMER.MSG.NEXT.directives.gw-gateway-1", LAST),
    ("gateway-1", "$JS.hub.API.CONSUMER.INFO.directives.gw-gateway-1", b""),
    ("orchestrator", "fedpact.qry.jobs.upload", b"{}"),
]
TARGETS = [
    "$JS.API.STREAM.DELETE.policy",
    "$JS.API.STREAM.PURGE.policy",
    "$JS.API.CONSUMER.DELETE.policy.spec_lifecycle",
    "$JS.hub.API.STREAM.DELETE.policy",
    "fedpact.evt.main.policy.grants.issued.hub",
    "fedpact.evt.main.workloads.participant.gone.gateway-2",
    "fedpact.dir.main.gateway-2.s-1.gateway-2-1",
    "_INBOX_policy.aaaa.bbbb",
    "told.fedpact.evt.main.specs.command.accepted.portal",
]
"""Where an answer must not go: somebody else's word, inbox or streams."""


@pytest.fixture(scope="module", params=["fixed keys", "operator"])
def bus(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FederatedBus]:
    """The same rules where the server's configuration knows every key, and where it believes an operator."""
    with federated_bus(tmp_path_factory.mktemp("bus"), trusting=request.param == "operator") as found:
        yield found


@pytest.fixture(autouse=True)
async def something_to_lose(bus: FederatedBus) -> None:
    """A fact and a directive that somebody could want to read, spoof or destroy."""
    async with bus.as_("administrator") as admin:
        js = admin.client.jetstream()
        await js.publish("fedpact.evt.main.policy.grants.issued.hub", b'{"spec_id": "s-1"}')
        await js.publish("fedpact.dir.main.gateway-2.s-1.gateway-2-1", b'{"spec_id": "s-1"}')


async def test_what_is_not_theirs_to_say_or_ask_is_refused(bus: FederatedBus) -> None:
    before, refused = await bus.state(), 0
    for who in EVERYBODY:
        async with bus.as_(who) as member:
            for subject in (subject for name, subject in PUBLISHED if name == who):
                told = await member.publish(subject, reply=f"_INBOX_{who}.x.y")
                assert any("permissions violation for publish" in error for error in told), (who, subject)
                refused += 1
    assert refused == len(PUBLISHED) >= 200
    assert await bus.state() == before


async def test_what_is_not_meant_for_them_is_not_heard(bus: FederatedBus) -> None:
    for who, subject in HEARD_WITHOUT_RIGHT:
        async with bus.as_(who) as member:
            for queue in ("", who):
                told = await member.subscribe(subject, queue)
                assert any("permissions violation for subscription" in error for error in told), (who, subject)
    assert len(HEARD_WITHOUT_RIGHT) >= 20


@pytest.mark.parametrize(("who", "asked", "body"), DIVERTED, ids=lambda value: str(value)[:60])
async def test_no_answer_goes_where_its_asker_may_not_speak(
    bus: FederatedBus, who: str, asked: str, body: bytes
) -> None:
    async with bus.as_(who) as member, bus.as_("identity") as identity, bus.as_("jobs") as jobs:
        await answering(identity, "fedpact.qry.identity.keys")
        await answering(jobs, "fedpact.qry.jobs.upload")
        before = await bus.state()
        for target in TARGETS:
            assert await member.publish(asked, body, reply=target) == []
        assert await member.answer(asked, body) is not None
        assert await bus.state() == before


@pytest.mark.parametrize("target", TARGETS)
async def test_no_receipt_goes_where_its_sender_may_not_speak(bus: FederatedBus, target: str) -> None:
    before = await bus.state()
    async with bus.as_("lab") as lab:
        assert await lab.publish("fedpact.cmd.main.specs.activate.lab", reply=target) == []
        await lab.client.jetstream().publish("fedpact.cmd.main.specs.activate.lab", b"{}")
    after = await bus.state()
    changed = {name for name in after if after[name] != before.get(name)}
    assert (changed, after.keys()) == ({"commands"}, before.keys())


async def test_a_command_to_nobody_is_not_kept(bus: FederatedBus) -> None:
    async with bus.as_("lab") as lab:
        with pytest.raises(NoStreamResponseError):
            await lab.client.jetstream().publish("fedpact.cmd.main.nobody.activate.lab", b"{}")


async def test_in_one_account_for_all_a_pull_would_delete_streams(tmp_path: Path) -> None:
    """Why everybody has an account: the server does not ask whether a client may publish where it wants its answer."""
    user = '{ user: site, password: p, permissions: { publish: ["$JS.API.CONSUMER.MSG.NEXT.a.site"] } }'
    extra = f"accounts {{ all {{ jetstream: enabled, users: [ {{ user: admin, password: p }}, {user} ] }} }}"
    with running(nats_server(tmp_path, extra)) as server:
        admin = await connect(f"nats://admin:p@127.0.0.1:{server.port}", None, "admin")
        js = admin.jetstream()
        await js.add_stream(name="a", subjects=["a.>"])
        await js.add_stream(name="b", subjects=["b.>"])
        await js.add_consumer("a", ConsumerConfig(durable_name="site"))
        site = await connect(f"nats://site:p@127.0.0.1:{server.port}", None, "site")
        await site.publish("$JS.API.CONSUMER.MSG.NEXT.a.site", LAST, reply="$JS.API.STREAM.DELETE.b")

        async def deleted() -> bool:
            return [stream.config.name for stream in await js.streams_info()] == ["a"]

        try:
            await until(deleted)
        finally:
            await site.close()
            await admin.close()


async def test_nobody_without_a_known_key_gets_in(bus: FederatedBus, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger.seed"
    stranger.write_bytes(nkeys.encode_seed(bytes(range(32)), nkeys.PREFIX_BYTE_USER))
    for key in (None, stranger):
        with pytest.raises((Error, ConnectionError)):
            await connect(bus.url, key, "portal")


@pytest.mark.parametrize("name", EVERYBODY)
async def test_what_is_theirs_to_say_is_taken(bus: FederatedBus, name: str) -> None:
    async with bus.as_(name) as member, bus.as_("administrator") as admin:
        for pattern in (p for p in allowed(name).publish if p.startswith("fedpact.") and ".qry." not in p):
            receipt = await member.client.jetstream().publish(example(pattern), b"{}")
            kept = await admin.client.jetstream().get_msg(receipt.stream, receipt.seq)
            assert kept.subject == example(pattern)
        assert member.told == []


@pytest.mark.parametrize("service", SERVICES, ids=lambda s: s.name)
async def test_a_service_reads_its_durables(bus: FederatedBus, service: Consumer) -> None:
    for durable in durables_of(service):
        assert await read_once(bus, service.name, durable) == []


@pytest.mark.parametrize("name", SITES)
async def test_a_site_reads_what_is_wanted_of_it_from_the_start_again(bus: FederatedBus, name: str) -> None:
    durable = directives_of(name)
    assert await read_once(bus, name, durable) == []
    async with bus.as_(name) as member:
        js = member.client.jetstream(domain="hub")
        await js.reset_consumer(durable.stream, durable.name, seq=1)
        subscription = await js.pull_subscribe_bind(durable.name, durable.stream)
        assert [m.subject.split(".")[3] for m in await subscription.fetch(1, timeout=5)] == [name]
        assert member.told == []


async def test_who_may_ask_gets_an_answer(bus: FederatedBus) -> None:
    asks = [(service.name, query) for service in SERVICES for query in service.asks] + [("orchestrator", "jobs.upload")]
    assert len(asks) >= 9
    for asker, query in asks:
        (answerer,) = (service.name for service in SERVICES if query in service.answers)
        async with bus.as_(answerer) as owner, bus.as_(asker) as member:
            await answering(owner, f"fedpact.qry.{query}")
            assert await member.answer(f"fedpact.qry.{query}") == b"answered", (asker, query)
            assert owner.told == member.told == []


@pytest.mark.parametrize(
    ("who", "listens", "speaker", "subject"),
    [
        ("lab", "specs.command.*.lab", "spec_lifecycle", "fedpact.evt.main.specs.command.refused.lab"),
        ("lab", "jobs.job.*.lab", "jobs", "fedpact.evt.main.jobs.job.changed.lab"),
        ("portal", "*.command.*.portal", "registry", "fedpact.evt.main.registry.command.accepted.portal"),
        ("portal", "", "gateway-1", "fedpact.tel.main.metrics.gateway-1"),
    ],
)
async def test_what_is_meant_for_them_is_heard(
    bus: FederatedBus, who: str, listens: str, speaker: str, subject: str
) -> None:
    async with bus.as_(who) as member, bus.as_(speaker) as other:
        heard = await member.client.subscribe(f"fedpact.evt.*.{listens}" if listens else "fedpact.tel.*.metrics.*")
        await member.settle()
        await other.client.jetstream().publish(subject, b'{"a": 1}', headers={"ce-id": "a"})
        message = await heard.next_msg(timeout=5)
        assert (message.subject, message.data, (message.headers or {})["ce-id"]) == (subject, b'{"a": 1}', "a")


def allowed(name: str) -> Permissions:
    if name in SITES:
        return site_permissions(SITES[name])
    known = {service.name: service for service in SERVICES}
    return service_permissions(known[name]) if name in known else outsider_permissions(name)


def example(pattern: str) -> str:
    """A subject that `pattern` allows; a command to one who takes commands."""
    pattern = pattern.replace("fedpact.cmd.*.*.", "fedpact.cmd.*.specs.")
    tokens = ["main" if token == "*" else token for token in pattern.split(".")]
    return ".".join(tokens).removesuffix(">") + ("entity.fact.hub" if pattern.endswith(">") else "")


async def answering(member: Member, subject: str) -> None:
    async def answer(message: object) -> None:
        await message.respond(b"answered")  # type: ignore[attr-defined]

    await member.client.subscribe(subject, cb=answer)  # type: ignore[arg-type]
    await member.settle()


async def read_once(bus: FederatedBus, name: str, durable: Durable) -> list[str]:
    """Has a message delivered to the durable and acknowledged, as `name`; what the server had against it."""
    async with bus.as_("administrator") as admin, bus.as_(name) as member:
        js = admin.client.jetstream()
        await js.publish(example(durable.filters[0]), json.dumps({"for": name}).encode())
        subscription = await member.client.jetstream(domain="hub").pull_subscribe_bind(durable.name, durable.stream)
        (message,) = await subscription.fetch(1, timeout=5)
        await message.ack_sync(timeout=5)
        told = await js.consumer_info(durable.stream, durable.name)
        assert told.num_ack_pending == 0
        assert told.ack_floor
        assert told.ack_floor.stream_seq >= message.metadata.sequence.stream
        return member.told

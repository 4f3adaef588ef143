"""
Identity and the registry as processes on a federation's bus, and sites that lie.

What a site says of others, or in the name of others, changes nothing; what cannot be read is set aside and the next
message goes on; and nothing of an access token is left where somebody could find it.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest
from federated_bus import FederatedBus, federated_bus
from nats.js.api import RawStreamMsg
from pymongo import AsyncMongoClient
from servers import missing, until

from fedpact.contracts.envelope import TOKEN_HEADER, Command, Envelope, Fact, command_envelope
from fedpact.contracts.pact import Resources
from fedpact.contracts.registry import DatasetRegistered, GatewayAnnounced, RegisterModel
from fedpact.contracts.workloads import DatasetOffered, DatasetTakenBack, GatewaySpoke
from fedpact.identity.domain.model import hashed
from fedpact.infra.embedded import programs
from fedpact.infra.federation import federation
from fedpact.infra.layout import write_secret
from fedpact.infra.programs import Program
from fedpact.infra.supervisor import Supervisor

LACKING = missing("nats-server")
pytestmark = [pytest.mark.skipif(LACKING is not None, reason=str(LACKING)), pytest.mark.timeout(120)]

SECRET = "kept-by-the-installer"
INSTALLER = {
    "user": "installer",
    "organization": "hub",
    "name": "Installer",
    "roles": ["admin", "model_manager"],
    "secret_hash": hashed(SECRET),
}
FOUNDING = {"organizations": [{"organization": "hub", "name": "Hub operator"}], "service_accounts": [INSTALLER]}
CHOSEN = ("identity", "registry")
FAR = str(2**40)
MINE, THEIRS = "gateway-2", "gateway-1"
SCANS = "scans_gateway-1_lakeside"


@dataclass
class Hub:
    bus: FederatedBus
    mongo: str
    databases: list[str]
    said: int = 0

    async def say(self, fact: Fact, gateway: str, forged: Mapping[str, str] | None = None) -> None:
        """`fact` with the key of `gateway` and under its own last token, whatever fact and headers claim."""
        self.said += 1
        source = f"fedpact/{gateway}/site"
        envelope = Envelope(source=source, type=fact.type, subject=fact.key, time=present(), sequence=self.said)
        headers = envelope.headers() | (forged or {})
        await self.publish(gateway, fact.subject("main", gateway), fact.model_dump_json().encode(), headers)

    async def publish(self, who: str, subject: str, body: bytes, headers: dict[str, str]) -> None:
        async with self.bus.as_(who) as member:
            await member.client.jetstream().publish(subject, body, headers=headers)

    async def order(
        self, command: Command, token: str, *, body: bytes | None = None, header: str = TOKEN_HEADER
    ) -> str:
        envelope = command_envelope(command, sender="lab", time=present())
        headers = envelope.headers() | {header: token}
        said = body if body is not None else command.model_dump_json().encode()
        await self.publish("lab", command.subject("main", "lab"), said, headers)
        return envelope.id

    async def outcome(self, command: str) -> str:
        """`accepted` or `refused`, once it is known."""

        async def look() -> str | None:
            told = [m for m in await self.stored("registry") if (m.headers or {}).get("ce-causationid") == command]
            return next((m.subject.split(".")[5] for m in told if ".command." in m.subject), None)

        return str(await until(look))

    async def stored(self, stream: str) -> list[RawStreamMsg]:
        async with self.bus.as_("administrator") as admin:
            js = admin.client.jetstream()
            state = (await js.stream_info(stream)).state
            return [await js.get_msg(stream, n) for n in range(state.first_seq, state.last_seq + 1) if state.messages]

    async def told(self, kind: type[Fact], key: str) -> list[Fact]:
        """Every fact of that kind about `key`."""
        return [
            kind.model_validate_json(message.data or b"")
            for message in await self.stored("registry")
            if (message.headers or {}).get("ce-type") == kind.type and message.headers["ce-subject"] == key
        ]

    async def settled(self) -> None:
        """Until the registry has handled all that sites said."""

        async def look() -> bool:
            async with self.bus.as_("administrator") as admin:
                info = await admin.client.jetstream().consumer_info("workloads", "registry")
                return info.num_pending == info.num_ack_pending == 0

        await until(look)

    async def letters(self) -> list[RawStreamMsg]:
        """What was set aside, once everything is handled."""
        await self.settled()
        return await self.stored("dlq")

    async def token(self) -> str:
        form = {"grant_type": "client_credentials", "client_id": "installer", "client_secret": SECRET}
        url = f"{self.bus.machine.url('identity')}/token"
        async with aiohttp.ClientSession() as http, http.post(url, data=form) as answer:
            return str((await answer.json())["access_token"])


def present() -> datetime:
    return datetime.now(UTC)  # noqa: TID251


@pytest.fixture(scope="module")
def hub(mongo_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """Two services with the surroundings that `fedpact up` gives them, save the users of the store."""
    store = f"mongodb://127.0.0.1:{mongo_port}/"
    with federated_bus(tmp_path_factory.mktemp("hub")) as bus, asyncio.Runner() as runner:
        layout, run = bus.machine.layout, uuid4().hex[:8]
        write_secret(layout.hub / "identity.json", json.dumps(FOUNDING))
        for name in CHOSEN:
            write_secret(layout.secrets / f"{name}.mongo", store)
        supervisor = Supervisor([_own(p, run) for p in programs(bus.machine, federation(2)) if p.name in CHOSEN], print)
        runner.run(supervisor.start())
        try:
            yield Hub(bus, store, [f"{name}-{run}" for name in CHOSEN])
        finally:
            runner.run(supervisor.stop())


def _own(program: Program, run: str) -> Program:
    """With a database of this run's own."""
    return replace(program, env={**program.env, f"FEDPACT_{program.name.upper()}_DATABASE": f"{program.name}-{run}"})


async def test_a_site_speaks_of_no_other_site(hub: Hub) -> None:
    before = len(await hub.letters())
    offer = DatasetOffered(gateway=THEIRS, dataset=SCANS, name="scans")
    lies: list[Fact] = [
        offer,
        DatasetTakenBack(gateway=THEIRS, dataset=SCANS),
        GatewaySpoke(gateway=THEIRS, totals=Resources(cpu=9), version="0"),
    ]
    for lie in lies:
        await hub.say(lie, MINE)
    letters = await hub.letters()
    assert len(letters) - before == len(lies)
    assert all("may not say" in letter.headers["x-error"] for letter in letters[before:])  # type: ignore[index]
    assert (await hub.told(DatasetRegistered, SCANS), await hub.told(GatewayAnnounced, THEIRS)) == ([], [])
    await hub.say(offer, THEIRS)
    await hub.settled()
    await until(lambda: hub.told(DatasetRegistered, SCANS))


@pytest.mark.parametrize(
    "forged",
    [
        {"ce-source": f"fedpact/{THEIRS}/site"},
        {"ce-source": f"fedpact/{THEIRS}/site", "ce-subject": THEIRS, "ce-sequence": FAR},
        {"ce-source": f"fedpact/{THEIRS}/site", "ce-subject": THEIRS, "ce-epoch": FAR, "ce-sequence": FAR},
        {"ce-source": "fedpact/registry/gateways", "ce-epoch": FAR, "ce-sequence": FAR},
    ],
)
async def test_a_site_speaks_in_no_other_name(hub: Hub, forged: dict[str, str]) -> None:
    before = len(await hub.letters())
    await hub.say(GatewaySpoke(gateway=MINE, totals=Resources(cpu=99), version="forged"), MINE, forged)
    assert len(await hub.letters()) == before + 1
    assert "forged" not in [fact.version for fact in await announced(hub, MINE)]


async def test_claimed_routes_and_channels_count_for_nothing_and_nobody_becomes_deaf_to_the_other(hub: Hub) -> None:
    claims = {"ce-route": "portal", "ce-channel": "other", "ce-epoch": FAR, "ce-sequence": FAR, "ce-subject": THEIRS}
    await hub.say(GatewaySpoke(gateway=MINE, totals=Resources(cpu=2), version="2"), MINE, claims)
    await hub.say(GatewaySpoke(gateway=THEIRS, totals=Resources(cpu=3), version="3"), THEIRS)
    await until(lambda: announced(hub, MINE))
    await until(lambda: announced(hub, THEIRS))
    told = [(fact.gateway, fact.version) for name in (MINE, THEIRS) for fact in await announced(hub, name)]
    assert told == [(MINE, "2"), (THEIRS, "3")]
    subjects = {
        m.subject for m in await hub.stored("registry") if m.subject.split(".")[4:6] == ["gateway", "announced"]
    }
    assert subjects == {"fedpact.evt.main.registry.gateway.announced.hub"}


UNREADABLE = {
    "nothing": b"",
    "no json": b"junk",
    "no text": b"\xff\xfe\x00",
    "too deep": b"[" * 100_000,
    "not an object": b"[]",
    "members missing": b'{"gateway": "gateway-2"}',
    "a number without end": b'{"gateway": "gateway-2", "totals": {"cpu": 1e999}, "version": "1"}',
    "large": b'{"gateway": "gateway-2", "totals": {}, "version": "' + b"x" * 3_000_000,
    "as large as the bus takes": b"x" * 8_000_000,
}
HEADLESS: dict[str, dict[str, str]] = {
    "no envelope": {},
    "no time": {"ce-type": GatewaySpoke.type, "ce-source": "s", "ce-subject": MINE},
    "a long id": {"ce-type": GatewaySpoke.type, "ce-source": "s", "ce-subject": MINE, "ce-id": "x" * 20_000},
}


async def test_what_cannot_be_read_is_set_aside_and_the_next_goes_on(hub: Hub) -> None:
    before = len(await hub.letters())
    subject = GatewaySpoke(gateway=MINE, totals=Resources(), version="").subject("main", MINE)
    for body in UNREADABLE.values():
        plain = Envelope(source=f"fedpact/{MINE}/site", type=GatewaySpoke.type, subject=MINE, time=present())
        await hub.publish(MINE, subject, body, plain.headers())
    for headers in HEADLESS.values():
        await hub.publish(MINE, subject, b"{}", headers)
    await hub.say(DatasetOffered(gateway=MINE, dataset="after_gateway-2_hillcrest", name="after"), MINE)
    letters = (await hub.letters())[before:]
    assert [letter.subject for letter in letters] == ["fedpact.dlq.workloads.registry"] * len(UNREADABLE | HEADLESS)
    assert max(len(letter.data or b"") for letter in letters) < 4_000_000
    await until(lambda: hub.told(DatasetRegistered, "after_gateway-2_hillcrest"))


async def test_no_token_is_left_anywhere(hub: Hub) -> None:
    token = await hub.token()
    model = RegisterModel(model="logreg", name="Logistic regression")
    assert await hub.outcome(await hub.order(model, token)) == "accepted"
    assert await hub.outcome(await hub.order(model, token, body=b"{}")) == "refused"
    assert await hub.outcome(await hub.order(model, f"{token}x")) == "refused"
    assert await hub.outcome(await hub.order(model, token, header="FEDPACT-Token")) == "refused"
    letters = len(await hub.letters())
    for header in (TOKEN_HEADER, "Fedpact-Token"):
        await hub.publish("lab", model.subject("main", "lab"), b"{}", {header: token})
    await until(lambda: _so_many(hub, letters + 2))
    await until(lambda: _taken(hub))
    signature = token.rsplit(".", 1)[1].encode()
    for stream in ("registry", "identity", "dlq"):
        for message in await hub.stored(stream):
            assert signature not in json.dumps(message.headers).encode() + (message.data or b"")
    assert [path.name for path in files(hub) if signature in _content(path)] == []
    assert signature.decode() not in await everything_kept(hub)


async def _so_many(hub: Hub, count: int) -> bool:
    return len(await hub.letters()) >= count


async def _taken(hub: Hub) -> bool:
    """Whether every command has left the stream, with its token: that is told a moment after what became of it."""
    async with hub.bus.as_("administrator") as admin:
        return (await admin.client.jetstream().stream_info("commands")).state.messages == 0


def _content(path: Path) -> bytes:
    """Nothing of a file that the bus removed while it was looked for."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


async def announced(hub: Hub, gateway: str) -> list[GatewayAnnounced]:
    return [fact for fact in await hub.told(GatewayAnnounced, gateway) if isinstance(fact, GatewayAnnounced)]


def files(hub: Hub) -> list[Path]:
    """Every log, and everything the bus keeps."""
    layout = hub.bus.machine.layout
    found = [p for folder in (layout.logs, layout.nats_config.parent) for p in folder.rglob("*") if p.is_file()]
    assert {"registry.log", "identity.log", "nats.log"} <= {path.name for path in found}
    assert any(path.suffix == ".blk" for path in found)
    return found


async def everything_kept(hub: Hub) -> str:
    """All documents of both services, as text."""
    kept = []
    async with AsyncMongoClient(hub.mongo, directConnection=True) as client:
        for name in hub.databases:
            for collection in await client[name].list_collection_names():
                kept += [repr(document) async for document in client[name][collection].find({})]
    assert kept
    return "\n".join(kept)

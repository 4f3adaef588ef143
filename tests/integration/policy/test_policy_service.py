"""The whole service on a real bus and a real store, with the streams and durables of the federation."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import nats
import pytest
from hub_service import handled
from nats.aio.msg import Msg
from nats.js.api import PubAck
from policy_values import HEARTS, LOGREG, OWNERS, created, document, ended, owner, placed, sealed
from servers import until

from fedpact.chassis import bus_admin
from fedpact.chassis.rounds import AT_ONCE
from fedpact.contracts import strict_json
from fedpact.contracts.envelope import FACTS, TOKEN_HEADER, Command, Denied, Envelope, Fact, command_envelope
from fedpact.contracts.policies import (
    CommandAccepted,
    CommandRefused,
    GrantsEnded,
    GrantsIssued,
    PublishPolicy,
    SpecDecided,
    WithdrawPolicy,
)
from fedpact.contracts.previews import PolicyEdit, Preview
from fedpact.contracts.queries import AskPreview
from fedpact.contracts.registry import DatasetRegistered
from fedpact.decision import keys, tokens
from fedpact.decision.actors import AUDIENCE, ISSUER
from fedpact.decision.grants import Trust, check_grant
from fedpact.infra import topology
from fedpact.policy.main import compose
from fedpact.policy.settings import Settings

IDENTITY = keys.generate()
DATASET = DatasetRegistered(dataset=HEARTS, name="hearts", description="", gateway="gw-1", organization="clinic")


def present() -> datetime:
    return datetime.now(UTC)  # noqa: TID251


def token(*roles: str) -> str:
    claims = {"sub": "olga", "org": "clinic", "roles": list(roles), "iss": ISSUER, "aud": AUDIENCE}
    start = int(present().timestamp())
    return tokens.mint(claims | {"iat": start, "exp": start + 600}, IDENTITY)


@dataclass
class Outside:
    """Everybody else on the bus."""

    client: nats.NATS
    heard: list[Fact] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    said: int = 0

    async def listen(self) -> None:
        async def hear(message: Msg) -> None:
            envelope = Envelope.from_headers(message.headers or {})
            if envelope.id not in self.ids:  # the stream stores one that is published twice once, and so counts this
                self.ids.add(envelope.id)
                self.heard.append(FACTS[envelope.type].model_validate_json(message.data))

        async def answer(message: Msg) -> None:
            await message.respond(strict_json.dumps({"keys": [dict(tokens.jwk_of(IDENTITY))]}))

        await self.client.subscribe("fedpact.evt.*.policy.>", cb=hear)
        await self.client.subscribe("fedpact.qry.identity.keys", cb=answer)

    async def says(self, *facts: Fact) -> None:
        """Facts of any streams, all of them handled."""
        stored = [await self.tell(fact) for fact in facts]
        await handled(self.client, "policy", *{one.stream: one for one in stored}.values())

    async def tell(self, fact: Fact) -> PubAck:
        self.said += 1
        source = f"fedpact/{fact.type.split('.')[0]}"
        envelope = Envelope(source=source, type=fact.type, subject=fact.key, time=present(), sequence=self.said)
        return await self._publish(fact.subject("main", "hub"), fact.model_dump_json(), envelope.headers())

    async def order(self, command: Command, *roles: str) -> None:
        envelope = command_envelope(command, sender="portal", time=present(), message=str(uuid4()))
        headers = envelope.headers() | {TOKEN_HEADER: token(*roles)}
        await self._publish(command.subject("main", "portal"), command.model_dump_json(), headers)

    async def _publish(self, subject: str, body: str, headers: dict[str, str]) -> PubAck:
        return await self.client.jetstream().publish(subject, body.encode(), headers=headers)

    async def told(self, kind: type[Fact], count: int = 1) -> Fact:
        """The `count`-th fact of that kind, once it is there."""

        async def look() -> list[Fact]:
            found = [fact for fact in self.heard if type(fact) is kind]
            return found[count - 1 : count]

        found = await until(look)
        assert isinstance(found, list)
        return found[0]


@pytest.fixture
async def settings(nats_url: str, mongo_port: int, tmp_path: Path) -> Settings:
    async with bus_admin.administrating(nats_url, None) as js:
        await bus_admin.apply(js, topology.streams(), topology.durables())
    url = tmp_path / "mongo-url"
    url.write_text(f"mongodb://127.0.0.1:{mongo_port}/")
    owners = tmp_path / "owners" / "clinic"
    owners.mkdir(parents=True)
    (owners / "olga.pem").write_bytes(keys.public_pem(OWNERS["clinic"]))
    return Settings(
        nats_url=nats_url,
        nats_linger_seconds=0,
        mongo_url_file=url,
        database=f"policy-{uuid4().hex[:8]}",
        key_file=tmp_path / "policy.pem",
        owner_keys_dir=tmp_path / "owners",
        require_signatures=True,
        sweep_seconds=0.05,
        tick_seconds=0.05,
        retry_seconds=1,
    )


@pytest.fixture
async def outside(settings: Settings) -> AsyncIterator[Outside]:
    client = await nats.connect(settings.nats_url)
    found = Outside(client)
    await found.listen()
    stopped = asyncio.Event()
    running = asyncio.create_task(compose(settings).run(stopped))
    yield found
    stopped.set()
    await running
    await client.close()


async def test_a_policy_a_spec_and_an_activation_end_in_a_grant_its_gateway_accepts(
    outside: Outside, settings: Settings
) -> None:
    pact = created()
    await outside.says(LOGREG, DATASET, pact)
    first = await outside.told(SpecDecided)
    assert isinstance(first, SpecDecided)
    assert not first.allowed
    await outside.order(PublishPolicy(policy="p1", document=sealed(document())), "owner")
    await outside.told(CommandAccepted)
    second = await outside.told(SpecDecided, 2)
    assert isinstance(second, SpecDecided)
    assert second.allowed
    await outside.tell(placed(pact))
    issued = await outside.told(GrantsIssued)
    assert isinstance(issued, GrantsIssued)
    trust = Trust(
        gateway="gw-1",
        policy_service=keys.by_id([keys.public_from_pem(settings.public_key.read_bytes())]),
        owners={"clinic": keys.by_id([OWNERS["clinic"].public_key()])},
        datasets=frozenset({HEARTS}),
    )
    grant = check_grant(issued.grants["gw-1"], trust, present())
    assert grant.valid_until - grant.issued_at == timedelta(minutes=settings.grant_minutes)
    await outside.tell(ended())
    await outside.told(GrantsEnded)
    await outside.order(WithdrawPolicy(policy="p1"), "owner")
    third = await outside.told(SpecDecided, 3)
    assert isinstance(third, SpecDecided)
    assert not third.allowed


async def test_more_specs_than_a_handler_reviews_itself_are_all_decided_anew(outside: Outside) -> None:
    many = AT_ONCE + 5
    await outside.says(LOGREG, DATASET, *(created(spec=f"s-{number}") for number in range(many)))
    await outside.told(SpecDecided, many)
    await outside.order(PublishPolicy(policy="p1", document=sealed(document())), "owner")
    await outside.told(SpecDecided, 2 * many)
    verdicts = [fact for fact in outside.heard if isinstance(fact, SpecDecided)]
    assert {fact.spec_id for fact in verdicts if fact.allowed} == {f"s-{number}" for number in range(many)}


async def test_who_is_no_owner_is_refused(outside: Outside) -> None:
    await outside.order(PublishPolicy(policy="p1", document=sealed(document())), "data_steward")
    refused = await outside.told(CommandRefused)
    assert isinstance(refused, CommandRefused)
    assert refused.slug == "not_owner"


async def test_a_preview_is_answered_on_the_bus_and_changes_nothing(outside: Outside) -> None:
    await outside.says(LOGREG, DATASET, created())
    await outside.told(SpecDecided)
    question = AskPreview(actor=owner(), edit=PolicyEdit(document=document()))
    asked = outside.client.request("fedpact.qry.policy.preview", question.model_dump_json().encode(), timeout=5)
    found = Preview.model_validate_json((await asked).data)
    assert [(flip.spec_id, flip.after) for flip in found.flips] == [("s-1", True)]
    assert found.needs_signature
    denied = await outside.client.request("fedpact.qry.policy.preview", b"{}", timeout=5)
    assert Denied.model_validate_json(denied.data).slug == "malformed"
    assert [type(fact) for fact in outside.heard] == [SpecDecided]

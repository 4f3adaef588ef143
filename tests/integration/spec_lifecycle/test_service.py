"""The whole service on a real bus and a real store: a spec from its command to the end of its activation."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import nats
import pytest
from hub_service import Outside, handled, present, running, settings_of, token
from nats.aio.msg import Msg
from servers import until
from spec_values import (
    ACTIVATE,
    APPROVAL,
    CLIENTS,
    DATASETS,
    SPEC,
    accepted,
    catalog,
    content,
    gang,
    gone,
    grants,
    registered,
    server_ready,
)

from fedpact.contracts import strict_json
from fedpact.contracts.directives import Wanted
from fedpact.contracts.envelope import Fact
from fedpact.contracts.registry import DatasetUnregistered
from fedpact.contracts.specs import (
    ActivationEnded,
    ActivationPlaced,
    ActivationRequested,
    ActivationStopping,
    CloneSpec,
    CommandAccepted,
    CommandRefused,
    CreateSpec,
    GrantsKept,
    ParticipantMoved,
    ParticipantReleased,
    ServerListens,
    SpecChanged,
    SpecCreated,
    SpecInvalidated,
    Verdict,
    VerdictReached,
)
from fedpact.contracts.workloads import InventoryTaken
from fedpact.spec_lifecycle.main import compose
from fedpact.spec_lifecycle.settings import Settings

ADA, EVE = token("ada", "lab", "data_scientist"), token("eve", "rival", "data_scientist")
CREATE = CreateSpec(spec_id=SPEC, content=content())


@dataclass
class Federation:
    """Everybody else: what is published, and what each site was asked last."""

    outside: Outside
    asked: dict[str, Wanted] = field(default_factory=dict)

    async def listen(self) -> None:
        async def hear(message: Msg) -> None:
            *_, gateway, _, part = message.subject.split(".")
            self.asked[f"{gateway}/{part}"] = Wanted(strict_json.loads(message.data)["wanted"])

        await self.outside.client.subscribe("fedpact.dir.>", cb=hear)

    async def says(self, *facts: Fact) -> None:
        """Facts of one stream, in their order, and whatever follows from them."""
        for fact in facts:
            last = await self.outside.tell(fact, getattr(fact, "gateway", "") if fact.stream == "workloads" else "hub")
        await handled(self.outside.client, "spec_lifecycle", last)

    async def asks(self, asked: dict[str, Wanted]) -> None:
        """Until just that is what sites were asked."""

        async def look() -> bool:
            return self.asked == asked

        await until(look)

    async def told(self, kind: type[Fact], /, **members: object) -> Fact:
        return await self.outside.told(kind, **members)  # type: ignore[no-any-return]

    async def has_registered(self) -> None:
        model = catalog().model
        assert model is not None
        await self.says(*map(registered, DATASETS), model)

    async def reaches_capacity(self) -> None:
        """A spec is created, approved, activated and placed."""
        await self.has_registered()
        await self.outside.order(CREATE, ADA)
        await self.told(SpecCreated)
        for answer in APPROVAL:
            await self.says(answer)
        await self.told(VerdictReached, verdict=Verdict.APPROVED)
        await self.outside.order(ACTIVATE, ADA)
        await self.told(ActivationRequested, generation=1)
        await self.says(gang())
        await self.told(ActivationPlaced)


@asynccontextmanager
async def federation(settings: Settings, said: int = 0) -> AsyncIterator[Federation]:
    """The service with everybody else, who have said so much before."""
    async with running(compose(settings), settings.nats_url, "specs") as outside:
        outside.said = said
        found = Federation(outside)
        await found.listen()
        yield found


@pytest.fixture
def settings(nats_url: str, mongo_port: int, tmp_path: Path) -> Settings:
    return Settings(**settings_of(nats_url, mongo_port, tmp_path, "spec_lifecycle"))


async def test_a_spec_that_is_asked_for_becomes_a_pact_until_a_dataset_of_it_ends(settings: Settings) -> None:
    async with federation(settings) as found:
        await found.has_registered()
        await found.outside.order(CREATE, ADA)
        created = await found.told(SpecCreated)
        assert isinstance(created, SpecCreated)
        assert (created.creator.user, [site.gateway for site in created.sites]) == ("ada", ["gateway-1", "gateway-2"])
        await found.told(SpecChanged, status="inactive.awaiting_approval")
        for answer in APPROVAL:
            await found.says(answer)
        await found.told(SpecChanged, status="inactive.awaiting_activation")
        await found.outside.order(CloneSpec(spec_id="s-2", source=SPEC), ADA)
        await found.told(SpecCreated, spec_id="s-2", cloned_from=SPEC, content=CREATE.content)
        await found.says(DatasetUnregistered(dataset=DATASETS[0]))
        for spec in (SPEC, "s-2"):
            await found.told(SpecInvalidated, spec_id=spec)
            await found.told(SpecChanged, spec_id=spec, status="failed.invalid")


async def test_what_is_refused_says_why_and_leaves_no_spec(settings: Settings) -> None:
    async with federation(settings) as found:
        await found.outside.order(CREATE, ADA)
        await found.told(CommandRefused, slug="unknown_model", path="content.model")
        await found.outside.order(ACTIVATE, ADA)
        await found.told(CommandRefused, slug="unknown_spec")
        await found.has_registered()
        await found.outside.order(CREATE, ADA)
        await found.told(CommandAccepted)
        await found.outside.order(ACTIVATE, EVE)
        await found.told(CommandRefused, slug="not_allowed")
        await found.outside.order(ACTIVATE, ADA)
        await found.told(CommandRefused, slug="not_approved")
        assert not [fact for fact in found.outside.heard if isinstance(fact, ActivationRequested)]


async def test_grants_that_came_while_the_service_was_away_ask_the_sites_when_it_is_back(settings: Settings) -> None:
    async with federation(settings) as found:
        await found.reaches_capacity()
        assert found.asked == {}
    away = await nats.connect(settings.nats_url)
    policy = Outside(away, said=found.outside.said)
    await policy.tell(grants())
    await away.close()
    async with federation(settings, policy.said) as back:
        await back.told(GrantsKept, generation=1)
        prepared = {f"gateway-{n}/{client}": Wanted.PREPARED for n, client in enumerate(CLIENTS, 1)}
        await back.asks(prepared)
        await back.says(*map(accepted, CLIENTS))
        await back.asks({**prepared, "orchestrator/server": Wanted.RUNNING})


async def test_what_a_site_says_of_anothers_participant_or_server_moves_nothing(settings: Settings) -> None:
    async with federation(settings) as found:
        await found.reaches_capacity()
        await found.says(grants())
        await found.told(GrantsKept)
        theirs = accepted(CLIENTS[0]).model_copy(update={"gateway": "gateway-2", "csr": "of another"})
        await found.says(theirs, server_ready().model_copy(update={"gateway": "gateway-2"}), accepted(CLIENTS[1]))
        await found.says(accepted(CLIENTS[0]))
        await found.told(ParticipantMoved, participant=CLIENTS[0])
        moved = [fact.csr for fact in found.outside.heard if isinstance(fact, ParticipantMoved)]
        assert moved == [f"csr {CLIENTS[1]}", f"csr {CLIENTS[0]}"]
        assert not [fact for fact in found.outside.heard if isinstance(fact, ServerListens)]


async def test_who_neither_gets_ready_nor_stops_is_fenced_until_its_site_counts_without_it(settings: Settings) -> None:
    impatient = settings.model_copy(update={"prepare_seconds": 0.3, "stop_seconds": 4})
    async with federation(impatient) as found:
        await found.reaches_capacity()
        await found.says(grants())
        stopping = await found.told(ActivationStopping)
        assert isinstance(stopping, ActivationStopping)
        assert stopping.cause.startswith("not ready in time: ")
        await found.says(gone(CLIENTS[0]), gone("server"))
        await found.told(ActivationEnded, fenced={CLIENTS[1]: "gateway-2"})
        later = present() + timedelta(seconds=1)
        for site in ("gateway-1", "gateway-2"):
            await found.says(InventoryTaken(gateway=site, present=(), applied=1, heard_at=later, taken_at=later))
        await found.told(ParticipantReleased, participant=CLIENTS[1], gateway="gateway-2")
        await found.told(SpecChanged, status="failed.failed")

"""Whether a spec could ever be placed: said once, and again when totals change the answer."""

from collections.abc import Coroutine, Sequence
from datetime import datetime
from typing import Any

import pytest
from scheduler_values import NOON, RULES, announced, created, requested

from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.copies import Copies
from fedpact.chassis.documents import Document, Entry
from fedpact.chassis.memory import MemoryDocuments
from fedpact.chassis.rounds import BATCH, ROUNDS, Rounds
from fedpact.contracts.envelope import Envelope, Fact
from fedpact.contracts.queries import AskWait
from fedpact.contracts.scheduling import SpecAssessed
from fedpact.contracts.specs import SpecCreated
from fedpact.scheduler.app.handlers import Handlers
from fedpact.scheduler.app.kinds import ASSESSMENTS, LEDGER
from fedpact.scheduler.app.queries import Queries


class Interrupted(MemoryDocuments):
    """Something else happens before the first save."""

    meanwhile: Coroutine[Any, Any, None] | None = None

    async def save(self, document: Document, *, expected: int, added: Sequence[Entry], at: datetime) -> bool:
        if self.meanwhile is not None:
            first, self.meanwhile = self.meanwhile, None
            await first
        return await super().save(document, expected=expected, added=added, at=at)


class World:
    """The handlers over memory, told facts with growing sequences."""

    def __init__(self, documents: MemoryDocuments | None = None) -> None:
        self.ledger = Stored(MemoryDocuments(), LEDGER)
        self.documents = documents or MemoryDocuments()
        self.specs = Copies(
            MemoryDocuments(), SpecCreated, {"site": lambda spec: (site.gateway for site in spec.sites)}
        )
        self.rounds = Stored(MemoryDocuments(), ROUNDS)
        self.handlers = Handlers(
            ledger=self.ledger,
            assessments=Stored(self.documents, ASSESSMENTS),
            specs=self.specs,
            rounds=Rounds(self.rounds),
            rules=RULES,
        )
        self.sequence = 0

    def cause(self, fact: Fact) -> Cause:
        self.sequence += 1
        envelope = Envelope(source="tests", type=fact.type, subject=fact.key, time=NOON, sequence=self.sequence)
        return Cause(now=NOON, envelope=envelope, stream=fact.stream, stream_sequence=self.sequence)

    async def announced(self, site: str, cpu: float = 4) -> None:
        fact = announced(site, cpu)
        await self.handlers.announced(fact, self.cause(fact))

    async def created(self, spec: str, *gateways: str, cpu: float = 1) -> None:
        fact = created(spec, *gateways, cpu=cpu)
        await self.handlers.created(fact, self.cause(fact))

    async def go_on(self) -> None:
        """The timer goes on once with every round that is due."""
        for site in await self.rounds.documents.due(NOON, 10):
            await self.handlers.go_on(site, Cause(now=NOON))

    async def said(self, spec: str) -> Sequence[SpecAssessed]:
        found = await self.documents.load(spec)
        return [SpecAssessed.model_validate_json(entry["body"]) for entry in found.outbox] if found else []


@pytest.fixture
def world() -> World:
    return World()


async def test_a_spec_whose_sites_have_room_fits(world: World) -> None:
    for site in ("hub", "gw-1", "gw-2"):
        await world.announced(site)
    await world.created("s1", "gw-1", "gw-2")
    assert [said.fits for said in await world.said("s1")] == [True]


async def test_a_site_that_has_announced_nothing_allots_nothing(world: World) -> None:
    await world.created("s1", "gw-1")
    [said] = await world.said("s1")
    assert not said.fits
    assert {(s.site, s.available) for s in said.shortfalls} == {("gw-1", 0), ("the orchestrator", 0)}


async def test_a_spec_is_assessed_again_when_its_sites_speak(world: World) -> None:
    await world.created("s1", "gw-1")
    await world.announced("gw-1")
    await world.announced("hub")
    assert [said.fits for said in await world.said("s1")] == [False, False, True]
    assert {s.site for s in (await world.said("s1"))[1].shortfalls} == {"the orchestrator"}


async def test_totals_that_change_no_answer_are_no_news(world: World) -> None:
    await world.announced("hub")
    await world.announced("gw-1")
    await world.created("s1", "gw-1")
    await world.announced("gw-1", 8)
    await world.announced("gw-2", 8)
    assert len(await world.said("s1")) == 1


async def test_more_specs_than_a_handler_has_time_for_are_all_assessed_again(world: World) -> None:
    await world.announced("gw-1")
    specs = [f"s{number:03d}" for number in range(2 * BATCH)]
    for spec in specs:
        await world.created(spec, "gw-1")
    await world.announced("hub")
    assert [len(await world.said(spec)) for spec in specs] == [1] * len(specs)
    await world.go_on()
    await world.announced("hub", 0.1)
    for _ in range(2):
        await world.go_on()
    answers = [[said.fits for said in await world.said(spec)] for spec in specs]
    assert answers == [[False, True, False]] * BATCH + [[False, False]] * BATCH


async def test_a_site_that_shrinks_below_a_spec_takes_the_answer_back(world: World) -> None:
    await world.announced("hub")
    await world.announced("gw-1")
    await world.created("s1", "gw-1", cpu=3)
    await world.announced("gw-1", 2)
    assert [said.fits for said in await world.said("s1")] == [True, False]


async def test_totals_that_change_while_a_spec_is_assessed_are_not_overlooked() -> None:
    """The site speaks after the totals were read and before the assessment is saved."""
    world = World(Interrupted())
    await world.announced("hub")
    world.documents.meanwhile = world.announced("gw-1")
    await world.created("s1", "gw-1")
    assert (await world.said("s1"))[-1].fits


async def test_why_is_answered_from_the_ledger(world: World) -> None:
    queries = Queries(ledger=world.ledger, rules=RULES)
    assert not (await queries.why(AskWait(spec_id="s1"))).waiting
    await world.announced("hub")
    await world.announced("gw-1")
    for fact in (requested("s1", "gw-1", cpu=4), requested("s2", "gw-1", at=1, cpu=4)):
        await world.handlers.hear(fact, world.cause(fact))
    wait = await queries.why(AskWait(spec_id="s2"))
    assert (wait.waiting, wait.ahead) == (True, 0)
    assert wait.shortfalls[0].sentence() == "gw-1 lacks cpu: wanted 4, available 0"

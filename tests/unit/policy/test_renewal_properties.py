"""Whatever happens in whatever order: no live grants beside a denial, and no grant a gateway would refuse."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from policy_values import (
    BONES,
    HEARTS,
    LUNGS,
    Memory,
    accepted_by,
    at_most,
    created,
    document,
    ended,
    evidence,
    placed,
    rule,
)

from fedpact.chassis.aggregates import Cause
from fedpact.contracts.envelope import Envelope, Fact
from fedpact.contracts.ids import dataset_organization
from fedpact.contracts.policies import Beneficiaries, DatasetScope, GrantsIssued, SpecDecided
from fedpact.decision.decide import decide

PACTS = (created(HEARTS), created(HEARTS, BONES, LUNGS, spec="s-2"))


@dataclass(frozen=True)
class Publish:
    policy: int
    datasets: frozenset[str]
    objects: bool
    void: bool
    begin: int | None
    end: int | None


@dataclass(frozen=True)
class Withdraw:
    policy: int


@dataclass(frozen=True)
class Deliver:
    """One policy fact that is under way comes back."""


@dataclass(frozen=True)
class Create:
    spec: int


@dataclass(frozen=True)
class Place:
    """The next generation, the next attempt of this one, or one that was placed before."""

    spec: int
    generations: int
    attempt: int


@dataclass(frozen=True)
class End:
    spec: int
    generations: int


@dataclass(frozen=True)
class Pass:
    minutes: int


Happening = Publish | Withdraw | Deliver | Create | Place | End | Pass

specs, policies = st.integers(0, 1), st.integers(0, 1)
rarely = st.sampled_from([False, False, False, True])
edges = st.sampled_from([None, None, None, -5, 3, 8, 20])
datasets = st.sampled_from([{HEARTS, BONES}, {HEARTS}, {BONES}, {LUNGS}]).map(frozenset)
publish = st.builds(Publish, policies, datasets, rarely, rarely, edges, edges)
place = st.builds(Place, specs, st.sampled_from([1, 1, 0, -1]), st.integers(1, 2))
happenings = st.one_of(
    publish,
    publish,
    st.builds(Withdraw, policies),
    st.builds(Deliver),
    st.builds(Deliver),
    st.builds(Create, specs),
    place,
    place,
    st.builds(End, specs, st.sampled_from([0, 0, -1])),
    st.builds(Pass, st.integers(1, 6)),
    st.builds(Pass, st.integers(1, 6)),
)


class World:
    def __init__(self) -> None:
        self.memory = Memory()
        self.under_way: list[tuple[Envelope, Fact]] = []
        self.revision = 0
        self.created: set[int] = set()
        self.generation = 1
        self.live: dict[str, bool] = {}

    async def happen(self, what: Happening) -> None:
        memory = self.memory
        match what:
            case Publish():
                await self._publish(what)
            case Withdraw(policy):
                for organization in ("clinic", "lab"):
                    if await memory.policies.find(f"{organization}-{policy}"):
                        await memory.withdraw(f"{organization}-{policy}", organization)
            case Deliver():
                await memory.come_back(self.under_way[:1])
                del self.under_way[:1]
            case Create(spec):
                self.created.add(spec)
                await memory.create(PACTS[spec])
            case Place(spec, generations, attempt) if spec in self.created:
                self.generation = max(self.generation, self.generation + generations)
                await memory.place(placed(PACTS[spec], max(1, self.generation + min(generations, 0)), attempt))
            case End(spec, generations):
                await memory.end(ended(max(1, self.generation + generations), PACTS[spec].spec_id))
            case Pass(minutes):
                memory.now += timedelta(minutes=minutes)
                await self.tick()
            case _:
                pass
        await self.check()

    async def _publish(self, what: Publish) -> None:
        self.revision += 1
        organization = dataset_organization(min(what.datasets))
        objects = ("images/",) if what.objects else ()
        now = self.memory.now
        content = document(
            f"{organization}-{what.policy}",
            organization=organization,
            revision=self.revision,
            datasets=tuple(DatasetScope(id=name, objects=objects) for name in sorted(what.datasets)),
            beneficiaries=Beneficiaries(groups=("cardio",)),
            rules=() if what.void else (rule(bounds=at_most(self.revision), permissions={"export": True}),),
            not_before=None if what.begin is None else now + timedelta(minutes=what.begin),
            not_after=None if what.end is None else now + timedelta(minutes=what.end),
        )
        await self.memory.publish(content)

    async def tick(self) -> None:
        for key in await self.memory.cases.documents.due(self.memory.now, 100):
            await self.memory.handlers.tick(key, Cause(now=self.memory.now))

    async def check(self) -> None:
        news = await self.memory.relay()
        for _, fact in news:
            if isinstance(fact, GrantsIssued):
                for gateway, envelope in fact.grants.items():
                    accepted_by(gateway, envelope, self.memory.now, HEARTS, BONES, LUNGS)
                assert self.live[fact.spec_id], "grants were told after a denial"
            if isinstance(fact, SpecDecided):
                self.live[fact.spec_id] = fact.allowed
        self.under_way += [(envelope, fact) for envelope, fact in news if fact.type.startswith("policy.policy.")]
        for case in await self.memory.cases.every():
            assert case.live is None or case.decided.allowed
            assert case.live is None or case.live.valid_until > self.memory.now

    async def settled(self) -> None:
        """Once everything was heard, every verdict is what the policies in force say."""
        await self.memory.come_back(self.under_way)
        for spec in self.created:
            pact = PACTS[spec]
            kept = [policy for policy in await self.memory.policies.every() if not policy.withdrawn]
            verdict = decide(evidence(pact, now=self.memory.now).request, [policy.document for policy in kept])
            case = await self.memory.case(pact.spec_id)
            assert case.decided.allowed == verdict.allowed
            assert case.decided.revisions == verdict.revisions
            assert case.due is None or case.due > self.memory.now


@settings(max_examples=150)
@given(st.lists(happenings, min_size=10, max_size=50))
def test_no_case_has_live_grants_beside_a_denial(story: list[Happening]) -> None:
    async def play() -> None:
        world = World()
        for what in (Create(0), Create(1), *story):
            await world.happen(what)
        await world.settled()

    asyncio.run(play())

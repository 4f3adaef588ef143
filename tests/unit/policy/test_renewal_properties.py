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
    spec: int
    generation: int
    attempt: int


@dataclass(frozen=True)
class End:
    spec: int
    generation: int


@dataclass(frozen=True)
class Pass:
    minutes: int


Happening = Publish | Withdraw | Deliver | Create | Place | End | Pass

edges = st.none() | st.integers(-5, 30)
specs, policies, generations = st.integers(0, 1), st.integers(0, 2), st.integers(1, 3)
own = st.sets(st.sampled_from([HEARTS, BONES]), min_size=1) | st.just({LUNGS})
happenings = st.one_of(
    st.builds(Publish, policies, own.map(frozenset), st.booleans(), st.just(value=False) | st.booleans(), edges, edges),
    st.builds(Withdraw, policies),
    st.builds(Deliver),
    st.builds(Create, specs),
    st.builds(Place, specs, generations, st.integers(1, 2)),
    st.builds(End, specs, generations),
    st.builds(Pass, st.integers(1, 12)),
)


class World:
    def __init__(self) -> None:
        self.memory = Memory()
        self.under_way: list[tuple[Envelope, Fact]] = []
        self.revision = 0
        self.created: set[int] = set()
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
            case Place(spec, generation, attempt) if spec in self.created:
                await memory.place(placed(PACTS[spec], generation, attempt))
            case End(spec, generation):
                await memory.end(ended(generation, PACTS[spec].spec_id))
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


@settings(max_examples=150, deadline=None)
@given(st.lists(happenings, max_size=40))
def test_no_case_has_live_grants_beside_a_denial(story: list[Happening]) -> None:
    async def play() -> None:
        world = World()
        for what in story:
            await world.happen(what)
        await world.settled()

    asyncio.run(play())

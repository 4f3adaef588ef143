"""Values for tests of the policy service, and a service whose stores are dictionaries."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from fedpact.chassis.aggregates import Aggregates, Cause, Stored
from fedpact.chassis.copies import Copies
from fedpact.chassis.memory import MemoryDocuments
from fedpact.chassis.rounds import ROUNDS, Rounds
from fedpact.contracts.envelope import FACTS, Actor, Envelope, Fact, Order
from fedpact.contracts.ids import dataset_gateway, dataset_organization
from fedpact.contracts.pact import Demand, ModelRef, Person, PinnedModel, Resources, Site, SpecContent
from fedpact.contracts.policies import (
    Beneficiaries,
    CommandAccepted,
    DatasetScope,
    Dsse,
    Grant,
    PolicyDocument,
    PolicyPublished,
    PolicyWithdrawn,
    PublishPolicy,
    Rule,
    WithdrawPolicy,
)
from fedpact.contracts.registry import ModelChanged, VersionRecord
from fedpact.contracts.specs import ActivationEnded, ActivationPlaced, EndOutcome, SpecCreated
from fedpact.decision import keys
from fedpact.decision.grants import Trust, check_grant, sign_grant
from fedpact.decision.keys import PublicKey
from fedpact.decision.policies import signed_policy
from fedpact.policy.app.handlers import Handlers, Terms
from fedpact.policy.app.kinds import CASES, DATASETS, POLICIES, datasets_of
from fedpact.policy.domain.granting import Evidence
from fedpact.policy.domain.model import Case, Dataset, Policy
from fedpact.policy.domain.publishing import Known

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LIFETIME = 10 * MINUTE
HEARTS, LUNGS = "hearts_gw-1_clinic", "lungs_gw-2_lab"
BONES = "bones_gw-1_clinic"

OWNERS = {"clinic": keys.generate(), "lab": keys.generate()}
STRANGER = keys.generate()
SERVICE = keys.generate()

ALICE = Person(user="alice", organization="uni", groups=("cardio",))
MODEL = PinnedModel(id="logreg", version="1.2.0", digest="sha256:" + "a" * 64)
LOGREG = ModelChanged(
    model="logreg",
    name="Logistic regression",
    publisher="uni",
    versions=(
        VersionRecord(version="1.2.0", digest=MODEL.digest, permissions=("export",), privacy=("min_count", "noise")),
        VersionRecord(version="1.3.0", digest=MODEL.digest, permissions=("export", "resume"), privacy=("min_count",)),
    ),
)


def at_most(rounds: int) -> dict[str, Any]:
    return {"type": "object", "properties": {"rounds": {"type": "integer", "minimum": 1, "maximum": rounds}}}


def rule(**parts: Any) -> Rule:
    return Rule(**{"model": "logreg", **parts})


def document(id_: str = "p1", *, dataset: str = HEARTS, objects: tuple[str, ...] = (), **parts: Any) -> PolicyDocument:
    values: dict[str, Any] = {
        "id": id_,
        "name": id_,
        "organization": dataset_organization(dataset),
        "datasets": (DatasetScope(id=dataset, objects=objects),),
        "beneficiaries": Beneficiaries(users=("alice",)),
        "rules": (rule(),),
    }
    return PolicyDocument(**{**values, **parts})


def sealed(content: PolicyDocument) -> Dsse:
    """Signed by its owner."""
    return signed_policy(content, OWNERS[content.organization])


def policy(id_: str = "p1", **parts: Any) -> Policy:
    content = document(id_, **parts)
    return Policy(document=content, envelope=sealed(content))


def owner(organization: str = "clinic", *, roles: tuple[str, ...] = ("owner",)) -> Actor:
    return Actor(user="olga", organization=organization, roles=roles)


def publishing(envelope: Dsse, id_: str = "p1", actor: Actor | None = None) -> Order[PublishPolicy]:
    command = PublishPolicy(policy=id_, document=envelope)
    return Order(command=command, actor=actor or owner(), now=NOW)


def withdrawing(id_: str = "p1", actor: Actor | None = None) -> Order[WithdrawPolicy]:
    return Order(command=WithdrawPolicy(policy=id_), actor=actor or owner(), now=NOW)


def known(*datasets: Dataset, **parts: Any) -> Known:
    kept = datasets or tuple(Dataset(id=name, organization="clinic") for name in (HEARTS, BONES))
    values: dict[str, Any] = {
        "datasets": {dataset.id: dataset for dataset in kept},
        "models": {"logreg": LOGREG},
        "keys": keys.by_id([OWNERS["clinic"].public_key()]),
    }
    return Known(**{**values, **parts})


def sites(*datasets: str) -> tuple[Site, ...]:
    gateways = sorted({dataset_gateway(dataset) for dataset in datasets})
    held = {gateway: tuple(d for d in datasets if dataset_gateway(d) == gateway) for gateway in gateways}
    return tuple(Site(gateway=g, organization=dataset_organization(d[0]), datasets=d) for g, d in held.items())


def content(*datasets: str, parameters: dict[str, Any] | None = None) -> SpecContent:
    demand = Demand(clients=Resources(cpu=1, memory=1000))
    model = ModelRef(id="logreg", version="1.2.0")
    return SpecContent(datasets=datasets, model=model, resources=demand, parameters=parameters)


def created(*datasets: str, spec: str = "s-1", parameters: dict[str, Any] | None = None) -> SpecCreated:
    named = datasets or (HEARTS,)
    pact = content(*named, parameters=parameters)
    return SpecCreated(spec_id=spec, creator=ALICE, content=pact, model=MODEL, sites=sites(*named), created_at=NOW)


def placed(pact: SpecCreated, generation: int = 1, attempt: int = 1) -> ActivationPlaced:
    return ActivationPlaced(
        spec_id=pact.spec_id,
        generation=generation,
        attempt=attempt,
        creator=pact.creator,
        content=pact.content,
        model=pact.model,
        sites=pact.sites,
        orchestrator="hub",
    )


def ended(generation: int = 1, spec: str = "s-1") -> ActivationEnded:
    return ActivationEnded(spec_id=spec, generation=generation, outcome=EndOutcome.SHUTDOWN, cause="deactivated")


def sign(grant: Grant) -> Dsse:
    return sign_grant(grant, SERVICE)


def evidence(pact: SpecCreated, *policies: Policy, now: datetime = NOW) -> Evidence:
    return Evidence(pact=pact, policies=policies, now=now, sign=sign, lifetime=LIFETIME)


def accepted_by(
    gateway: str, envelope: Dsse, now: datetime, *datasets: str, roots: Mapping[str, tuple[str, ...]] | None = None
) -> Grant:
    """What that gateway makes of a grant, by its own decision."""
    trust = Trust(
        gateway=gateway,
        policy_service=keys.by_id([SERVICE.public_key()]),
        owners={name: keys.by_id([key.public_key()]) for name, key in OWNERS.items()},
        datasets=frozenset(datasets),
        roots=roots or {},
    )
    return check_grant(envelope, trust, now)


class RegisteredKeys:
    """Every owner's key is registered."""

    async def of(self, organization: str) -> dict[str, PublicKey]:
        return keys.by_id([OWNERS[organization].public_key()] if organization in OWNERS else [])


@dataclass
class Memory:
    """The whole service but for bus and store: facts it tells are in `told`, in order."""

    now: datetime = NOW
    told: list[tuple[Envelope, Fact]] = field(default_factory=list)
    store: Callable[[], MemoryDocuments] = MemoryDocuments

    def __post_init__(self) -> None:
        self.policies, self.cases = Stored(self.store(), POLICIES), Stored(self.store(), CASES)
        self.datasets = Stored(self.store(), DATASETS)
        self.pacts = Copies(self.store(), SpecCreated, {"dataset": datasets_of})
        self.models = Copies(self.store(), ModelChanged)
        self.rounds = Stored(self.store(), ROUNDS)
        self.handlers = self.reading(self.policies)
        self._heard = 0

    def reading(self, policies: Aggregates[Policy]) -> Handlers:
        """Handlers that see the policies through that port."""
        return Handlers(
            policies=policies,
            cases=self.cases,
            datasets=self.datasets,
            pacts=self.pacts,
            models=self.models,
            rounds=Rounds(self.rounds),
            owner_keys=RegisteredKeys(),
            terms=Terms(sign=sign, lifetime=LIFETIME),
        )

    def heard(self, fact: Fact) -> Cause:
        """Another service's fact, newer than all before."""
        self._heard += 1
        source = f"fedpact/{fact.type.split('.')[0]}"
        envelope = Envelope(source=source, type=fact.type, subject=fact.key, time=self.now, sequence=self._heard)
        return Cause(now=self.now, envelope=envelope)

    def ordered(self, command: PublishPolicy | WithdrawPolicy) -> Cause:
        envelope = Envelope(source="fedpact/portal", type=command.type, subject=command.key, time=self.now)
        told = CommandAccepted(command=command.type, about=command.key, command_id=envelope.id)
        return Cause(now=self.now, envelope=envelope, accepted=told)

    async def relay(self) -> list[tuple[Envelope, Fact]]:
        """Publish what waits in the outboxes; returns what is new."""
        new: list[tuple[Envelope, Fact]] = []
        for kept in (self.policies, self.cases):
            for unsent in await kept.documents.unsent(1000):
                for entry in unsent.outbox:
                    envelope = Envelope.from_headers(entry["headers"])
                    new.append((envelope, FACTS[envelope.type].model_validate_json(entry["body"])))
                await kept.documents.sent({unsent.key: [entry["id"] for entry in unsent.outbox]})
        self.told += new
        return new

    async def come_back(self, news: list[tuple[Envelope, Fact]]) -> None:
        """The service hears its own policy facts."""
        for envelope, fact in news:
            if isinstance(fact, PolicyPublished | PolicyWithdrawn):
                await self.handlers.policy_changed(fact, Cause(now=self.now, envelope=envelope))

    async def settle(self) -> None:
        """Until nothing is under way."""
        while news := await self.relay():
            await self.come_back(news)

    async def publish(self, content: PolicyDocument) -> None:
        """Its owner puts it in force, whatever is registered; the fact stays under way."""
        fact = PolicyPublished(policy=content.id, document=content, envelope=sealed(content))
        await self.policies.change(content.id, lambda _: [fact], Cause(now=self.now))

    async def withdraw(self, id_: str, organization: str = "clinic") -> None:
        order = withdrawing(id_, owner(organization))
        await self.handlers.withdraw(order, self.ordered(order.command))

    async def create(self, pact: SpecCreated) -> None:
        await self.handlers.spec_created(pact, self.heard(pact))

    async def place(self, fact: ActivationPlaced) -> None:
        await self.handlers.activation_placed(fact, self.heard(fact))

    async def end(self, fact: ActivationEnded) -> None:
        await self.handlers.activation_ended(fact, self.heard(fact))

    async def pass_(self, time: timedelta) -> None:
        """Time goes by, and every aggregate whose timer is due is told."""
        self.now += time
        for key in await self.cases.documents.due(self.now, 1000):
            await self.handlers.tick(key, Cause(now=self.now))
        await self.go_on()
        await self.settle()

    async def go_on(self) -> None:
        """The timer goes on once with every round that is due."""
        for policy in await self.rounds.documents.due(self.now, 1000):
            await self.handlers.go_on(policy, Cause(now=self.now))

    async def case(self, spec: str = "s-1") -> Case:
        return await self.cases.get(spec)

    async def told_of(self, kind: type[Fact]) -> list[Fact]:
        """What was told of that kind, in order."""
        await self.relay()
        return [fact for _, fact in self.told if type(fact) is kind]

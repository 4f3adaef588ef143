"""Sites, gangs and their ends, for tests of the scheduler: valid as they are, each part replaceable."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from fedpact.contracts.ids import SERVER
from fedpact.contracts.pact import Demand, Limit, ModelRef, Person, PinnedModel, Resources, Site, SpecContent
from fedpact.contracts.registry import GatewayAnnounced
from fedpact.contracts.specs import (
    ActivationEnded,
    ActivationRequested,
    ActivationSentBack,
    EndOutcome,
    ParticipantReleased,
    SpecCreated,
)
from fedpact.scheduler.domain.admission import Rules

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
RULES = Rules(bypasses=2)
ALICE = Person(user="alice", organization="uni")
MODEL = PinnedModel(id="logreg", version="1.0.0", digest="sha256:" + "a" * 64)


def resources(cpu: float = 1, gpu: int = 0, memory: int = 100) -> Resources:
    return Resources(cpu=cpu, gpu=gpu, memory=memory)


def announced(site: str = "gw-1", cpu: float = 4, limits: tuple[str, ...] = (), **totals: int) -> GatewayAnnounced:
    """`hub-…` is an orchestrator, any other a gateway."""
    role = "orchestrator" if site.startswith("hub") else "gateway"
    allotted = resources(cpu, **{"gpu": 4, "memory": 10_000, **totals})
    return GatewayAnnounced(
        gateway=site,
        organization="clinic",
        role=role,
        totals=allotted,
        version="0.1.0",
        limits_enforced=limits,
    )


def requiring(*limits: Limit) -> Demand:
    """The usual demand of one who wants these limits enforced."""
    return content("gw-1").resources.model_copy(update={"enforced": limits})


def sites(*gateways: str) -> tuple[Site, ...]:
    return tuple(Site(gateway=g, organization="clinic", datasets=(f"hearts_{g}_clinic",)) for g in gateways)


def content(*gateways: str, cpu: float = 1, clients: int = 1, server: float = 0.5) -> SpecContent:
    return SpecContent(
        datasets=tuple(f"hearts_{g}_clinic" for g in gateways),
        model=ModelRef(id="logreg", version="1.0.0"),
        resources=Demand(clients=resources(cpu), server=resources(server)),
        clients_per_gateway=clients,
    )


def created(spec: str, *gateways: str, **demand: float) -> SpecCreated:
    return SpecCreated(
        spec_id=spec,
        creator=ALICE,
        content=content(*gateways, **demand),
        model=MODEL,
        sites=sites(*gateways),
        created_at=NOON,
    )


def requested(
    spec: str,
    *gateways: str,
    at: int = 0,
    generation: int = 1,
    attempt: int = 1,
    organization: str = "uni",
    **demand: float,
) -> ActivationRequested:
    """`at`: seconds after noon that it stands in line since."""
    return ActivationRequested(
        spec_id=spec,
        generation=generation,
        attempt=attempt,
        creator=ALICE.model_copy(update={"organization": organization}),
        content=content(*gateways, **demand),
        model=MODEL,
        sites=sites(*gateways),
        since=NOON + timedelta(seconds=at),
    )


def ended(spec: str, *fenced: str, generation: int = 1) -> ActivationEnded:
    return ActivationEnded(
        spec_id=spec,
        generation=generation,
        outcome=EndOutcome.SHUTDOWN,
        cause="deactivated",
        fenced=_places(fenced),
    )


def sent_back(spec: str, *fenced: str, generation: int = 1, attempt: int = 1) -> ActivationSentBack:
    return ActivationSentBack(
        spec_id=spec,
        generation=generation,
        attempt=attempt,
        cause="no room at gw-1",
        retry_at=NOON,
        fenced=_places(fenced),
    )


def released(spec: str, participant: str, generation: int = 1, attempt: int = 0) -> ParticipantReleased:
    gateway = _places([participant])[participant]
    return ParticipantReleased(
        spec_id=spec, generation=generation, participant=participant, gateway=gateway, attempt=attempt
    )


def _places(participants: Iterable[str]) -> dict[str, str]:
    return {name: "hub" if name == SERVER else name.rsplit("-", 1)[0] for name in participants}

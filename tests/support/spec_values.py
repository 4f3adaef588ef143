"""Values for tests of a spec's life: each builder gives the smallest message that is right."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from fedpact.contracts.envelope import Actor, Fact, Message, Order
from fedpact.contracts.jobs import JobCancelled, JobSubmitted
from fedpact.contracts.pact import ModelRef, Person, Resources, SpecContent
from fedpact.contracts.policies import Dsse, GrantsDenied, GrantsIssued, GrantsRenewed, Reason, SpecDecided
from fedpact.contracts.registry import DatasetRegistered, ModelChanged, VersionRecord
from fedpact.contracts.scheduling import GangPlaced, GangRefused, Shortfall, SpecAssessed
from fedpact.contracts.specs import Activate, CreateSpec, Deactivate
from fedpact.contracts.workloads import (
    Cause,
    JobObserved,
    JobPhase,
    ParticipantAccepted,
    ParticipantChanged,
    ParticipantGone,
    ParticipantRefused,
    Phase,
    ServerReady,
    SitesConnected,
)
from fedpact.spec_lifecycle.domain import decide, requests
from fedpact.spec_lifecycle.domain.catalog import Catalog
from fedpact.spec_lifecycle.domain.evolve import evolve
from fedpact.spec_lifecycle.domain.model import Limits, Spec
from fedpact.spec_lifecycle.domain.status import status
from fedpact.spec_lifecycle.domain.wanted import follow

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LIMITS = Limits()
SPEC = "s-1"
DATASETS = ("one_gateway-1_lake", "two_gateway-2_hill")
CLIENTS = ("gateway-1-1", "gateway-2-1")
ADA = Actor(user="ada", organization="lab", roles=("data_scientist",))
PERSON = Person(user="ada", organization="lab")
GRANT = Dsse(payloadType="t", payload="e30=")
BOUNDS = {"type": "object", "properties": {"rounds": {"type": "integer", "maximum": 9}}, "additionalProperties": False}


def content(**more: object) -> SpecContent:
    return SpecContent.model_validate({"datasets": DATASETS, "model": ModelRef(id="logreg", version="1.0.0")} | more)


def catalog() -> Catalog:
    record = VersionRecord(version="1.0.0", digest="sha256:" + "a" * 64)
    return Catalog(
        datasets={d: registered(d) for d in DATASETS},
        model=ModelChanged(model="logreg", name="logreg", publisher="lab", versions=(record,)),
    )


def registered(dataset: str) -> DatasetRegistered:
    name, gateway, organization = dataset.split("_")
    return DatasetRegistered(dataset=dataset, name=name, description="", gateway=gateway, organization=organization)


def order(command: CreateSpec | Activate | Deactivate, actor: Actor = ADA, now: datetime = NOON) -> Order[object]:
    return Order(command=command, actor=actor, now=now)  # type: ignore[type-var]


def decided(*, allowed: bool = True) -> SpecDecided:
    return SpecDecided(spec_id=SPEC, allowed=allowed, reasons=(Reason(code="c", text="because"),))


def assessed(*, fits: bool = True) -> SpecAssessed:
    missing = () if fits else (Shortfall(site="gateway-1", resource="cpu", wanted=9, available=1),)
    return SpecAssessed(spec_id=SPEC, fits=fits, shortfalls=missing)


def gang(generation: int = 1, attempt: int = 1) -> GangPlaced:
    leases = {site: Resources() for site in ("gateway-1", "gateway-2", "orchestrator")}
    return GangPlaced(spec_id=SPEC, generation=generation, attempt=attempt, leases=leases)


def gang_refused(generation: int = 1) -> GangRefused:
    missing = (Shortfall(site="gateway-1", resource="cpu", wanted=9, available=1),)
    return GangRefused(spec_id=SPEC, generation=generation, attempt=1, shortfalls=missing)


def grants(generation: int = 1, attempt: int = 1) -> GrantsIssued:
    return GrantsIssued(
        spec_id=SPEC,
        generation=generation,
        attempt=attempt,
        grants={"gateway-1": GRANT, "gateway-2": GRANT},
        bounds=(BOUNDS,),
        valid_until=NOON + timedelta(minutes=10),
    )


def grants_renewed(generation: int = 1, attempt: int = 1) -> GrantsRenewed:
    later = Dsse(payloadType="t", payload="e31=")
    issued = grants(generation, attempt).model_dump() | {"grants": {"gateway-1": later, "gateway-2": later}}
    return GrantsRenewed.model_validate(issued)


def grants_denied(generation: int = 1) -> GrantsDenied:
    reasons = (Reason(code="no_policy", text="no policy covers it"),)
    return GrantsDenied(spec_id=SPEC, generation=generation, attempt=1, reasons=reasons)


def _about(participant: str, generation: int, attempt: int) -> dict[str, object]:
    gateway = "orchestrator" if participant == "server" else participant.rsplit("-", 1)[0]
    return {
        "gateway": gateway,
        "spec_id": SPEC,
        "generation": generation,
        "attempt": attempt,
        "participant": participant,
    }


def accepted(participant: str, generation: int = 1, attempt: int = 1) -> ParticipantAccepted:
    return ParticipantAccepted.model_validate(_about(participant, generation, attempt) | {"csr": f"csr {participant}"})


def refused(participant: str, cause: Cause = Cause.VETO, generation: int = 1, attempt: int = 1) -> ParticipantRefused:
    more = {"cause": cause, "reason": "not here"}
    return ParticipantRefused.model_validate(_about(participant, generation, attempt) | more)


def changed(
    participant: str, phase: Phase, generation: int = 1, attempt: int = 1, cause: Cause | None = None
) -> ParticipantChanged:
    more = {"phase": phase, "message": phase.value, "cause": cause}
    return ParticipantChanged.model_validate(_about(participant, generation, attempt) | more)


def gone(participant: str, generation: int = 1, attempt: int = 1) -> ParticipantGone:
    return ParticipantGone.model_validate(_about(participant, generation, attempt))


def server_ready(generation: int = 1, attempt: int = 1) -> ServerReady:
    return ServerReady(
        gateway="orchestrator",
        spec_id=SPEC,
        generation=generation,
        attempt=attempt,
        project="p",
        host="localhost",
        port=1,
        root_ca="ca",
        certificates={name: f"crt {name}" for name in CLIENTS},
    )


def connected(generation: int = 1, attempt: int = 1, sites: Sequence[str] = CLIENTS) -> SitesConnected:
    return SitesConnected(
        gateway="orchestrator", spec_id=SPEC, generation=generation, attempt=attempt, sites=tuple(sites)
    )


def job(job_id: str = "j-1", **more: object) -> JobSubmitted:
    said = {"job_id": job_id, "spec_id": SPEC, "actor": PERSON, "payload": {"rounds": 5}, "submitted_at": NOON}
    return JobSubmitted.model_validate(said | more)


def job_cancelled(job_id: str = "j-1") -> JobCancelled:
    return JobCancelled(job_id=job_id, spec_id=SPEC)


def job_ended(
    job_id: str = "j-1", generation: int = 1, attempt: int = 0, phase: JobPhase = JobPhase.COMPLETED
) -> JobObserved:
    return JobObserved(
        gateway="orchestrator", spec_id=SPEC, generation=generation, job_id=job_id, attempt=attempt, phase=phase
    )


ACTIVATE = Activate(spec_id=SPEC)
DEACTIVATE = Deactivate(spec_id=SPEC)
APPROVAL = (decided(), assessed())
GOING_UP = (gang(), grants(), *(accepted(c) for c in CLIENTS), server_ready(), connected())
GOING_DOWN = (*(gone(c) for c in CLIENTS), gone("server"))


@dataclass
class Life:
    """A spec to which messages are told one after the other."""

    spec: Spec | None = None
    said: list[Message] = field(default_factory=list)
    now: datetime = NOON

    def tell(self, *messages: object) -> "Life":
        for message in messages:
            self.said = []
            for fact in self._facts(message):
                self._fold(fact)
        return self

    def _fold(self, fact: Fact) -> None:
        before = self.spec
        self.spec = evolve(before, fact)
        self.said += [fact, *follow(before, self.spec)]

    def _facts(self, message: object) -> Sequence[Fact]:
        match message:
            case CreateSpec():
                return requests.create(self.spec, Order(command=message, actor=ADA, now=self.now), catalog())
            case Activate() | Deactivate():
                return decide.ordered(self.spec, Order(command=message, actor=ADA, now=self.now), LIMITS)  # type: ignore[arg-type]
            case _:
                return decide.heard(self.spec, message, self.now, LIMITS)  # type: ignore[arg-type]

    def later(self, seconds: float) -> "Life":
        self.now += timedelta(seconds=seconds)
        return self.tell(decide.Tick())

    @property
    def status(self) -> str:
        assert self.spec is not None
        return status(self.spec)


def life(*messages: object) -> Life:
    """A created spec that was told `messages`."""
    return Life().tell(CreateSpec(spec_id=SPEC, content=content()), *messages)

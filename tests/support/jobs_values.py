"""Specs, orders and observations, for tests of jobs: valid as they are, each part replaceable."""

from datetime import UTC, datetime, timedelta
from typing import Any

from fedpact.contracts.envelope import Actor, Order
from fedpact.contracts.jobs import CancelJob, SubmitJob
from fedpact.contracts.pact import ModelRef, Person, PinnedModel, Site, SpecContent
from fedpact.contracts.specs import (
    ActivationEnded,
    ActivationPlaced,
    ActivationStopping,
    EndOutcome,
    JobOpened,
    JobRefused,
    SpecCreated,
)
from fedpact.contracts.workloads import JobObserved, JobPhase
from fedpact.jobs.domain.submission import Pact

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
GRACE = timedelta(seconds=2)
ALICE = Actor(user="alice", organization="uni", roles=("data_scientist",))
COLLEAGUE = Actor(user="carol", organization="uni", roles=("data_scientist",))
BOSS = Actor(user="olga", organization="uni", roles=("owner",))
STRANGER = Actor(user="eve", organization="rival", roles=("data_scientist", "owner"))
CONTENT = SpecContent(datasets=("hearts_gw-1_clinic",), model=ModelRef(id="logreg", version="1.0.0"))
PINNED = PinnedModel(id="logreg", version="1.0.0", digest="sha256:" + "a" * 64)
SITES = (Site(gateway="gw-1", organization="clinic", datasets=("hearts_gw-1_clinic",)),)
SPEC = SpecCreated(
    spec_id="s1",
    creator=Person(user="alice", organization="uni"),
    content=CONTENT,
    model=PINNED,
    sites=SITES,
    created_at=NOON,
)


PACT = Pact(spec=SPEC)


def order(command: Any, actor: Actor = ALICE, now: datetime = NOON) -> Order[Any]:
    return Order(command=command, actor=actor, now=now)


def submit(job: str = "j1", **parts: Any) -> SubmitJob:
    return SubmitJob(**{"job_id": job, "spec_id": "s1", "payload": {"rounds": 3}, **parts})


def cancel(job: str = "j1") -> CancelJob:
    return CancelJob(job_id=job)


def placed(orchestrator: str = "hub", generation: int = 1) -> ActivationPlaced:
    return ActivationPlaced(
        spec_id="s1",
        generation=generation,
        creator=SPEC.creator,
        content=CONTENT,
        model=PINNED,
        sites=SITES,
        orchestrator=orchestrator,
    )


def opened(job: str = "j1", generation: int = 1) -> JobOpened:
    return JobOpened(spec_id="s1", job_id=job, generation=generation)


def refused(job: str = "j1", slug: str = "payload_out_of_bounds") -> JobRefused:
    return JobRefused(spec_id="s1", job_id=job, slug=slug, reason="rounds: 3 is more than 2")


def ended(generation: int = 1) -> ActivationEnded:
    return ActivationEnded(spec_id="s1", generation=generation, outcome=EndOutcome.SHUTDOWN, cause="deactivated")


def stopping(generation: int = 1) -> ActivationStopping:
    return ActivationStopping(
        spec_id="s1", generation=generation, outcome=EndOutcome.SHUTDOWN, cause="culled", deadline=NOON + GRACE
    )


def observed(phase: str, *, gateway: str = "hub", generation: int = 1, job: str = "j1", **parts: Any) -> JobObserved:
    return JobObserved(gateway=gateway, spec_id="s1", generation=generation, job_id=job, phase=JobPhase(phase), **parts)

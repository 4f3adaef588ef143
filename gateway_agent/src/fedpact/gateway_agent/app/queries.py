"""What people at the site may ask their agent. Nothing here is a secret, and none of it leaves the machine."""

from collections.abc import Sequence
from dataclasses import dataclass

from fedpact.chassis.aggregates import Aggregates
from fedpact.contracts.envelope import Model
from fedpact.contracts.pact import Resources
from fedpact.contracts.workloads import DatasetOffered, JobPhase, Phase
from fedpact.gateway_agent.app.kinds import LIVE, YES
from fedpact.gateway_agent.app.offers import Offers
from fedpact.gateway_agent.domain.runs import Run
from fedpact.gateway_agent.domain.workload import Workload


class WorkloadLine(Model):
    """One participant that is here."""

    spec_id: str
    participant: str
    generation: int
    phase: Phase
    message: str


class JobLine(Model):
    """One job that has not ended."""

    spec_id: str
    job_id: str
    phase: JobPhase


class Status(Model):
    """The site at a glance."""

    gateway: str
    role: str
    totals: Resources
    applied: int
    workloads: tuple[WorkloadLine, ...]
    jobs: tuple[JobLine, ...]
    datasets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Queries:
    gateway: str
    role: str
    totals: Resources
    workloads: Aggregates[Workload]
    runs: Aggregates[Run]
    offers: Offers

    async def status(self, applied: int) -> Status:
        workloads = [
            WorkloadLine(
                spec_id=one.spec_id,
                participant=one.participant,
                generation=one.turn.generation,
                phase=one.phase,
                message=one.message,
            )
            for one in await self.workloads.where(LIVE, YES)
        ]
        jobs = [
            JobLine(spec_id=run.spec_id, job_id=run.job_id, phase=run.phase) for run in await self.runs.where(LIVE, YES)
        ]
        return Status(
            gateway=self.gateway,
            role=self.role,
            totals=self.totals,
            applied=applied,
            workloads=tuple(workloads),
            jobs=tuple(jobs),
            datasets=tuple(one.dataset for one in await self.datasets()),
        )

    async def datasets(self) -> Sequence[DatasetOffered]:
        return await self.offers.every()

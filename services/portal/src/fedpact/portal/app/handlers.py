"""Facts and telemetry become documents of the read model, lines of the journal and outcomes of commands."""

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from fedpact.chassis.aggregates import Cause, S, Stored
from fedpact.chassis.clock import Clock
from fedpact.chassis.copies import Copies, F
from fedpact.contracts.access import AccessFact
from fedpact.contracts.api import MetricPoint
from fedpact.contracts.artifacts import ArtifactDeleted, ArtifactGranted, ArtifactRegistered, ArtifactRevoked
from fedpact.contracts.envelope import Accepted, Envelope, Fact, Refused
from fedpact.contracts.identity import OrganizationRegistered, UserChanged
from fedpact.contracts.jobs import ArtifactsStored, JobChanged
from fedpact.contracts.policies import PolicyPublished, PolicyWithdrawn
from fedpact.contracts.registry import (
    DatasetProposed,
    DatasetRegistered,
    DatasetUnregistered,
    GatewayAnnounced,
    GatewayRegistered,
    ModelChanged,
    ProposalSettled,
)
from fedpact.contracts.scheduling import GangQueued, GangRefused
from fedpact.contracts.specs import SpecChanged, SpecCreated, VerdictReached
from fedpact.contracts.telemetry import MetricsReported
from fedpact.portal.app.feed import Feed, Journal
from fedpact.portal.app.orders import KEPT, SENDER, Waits
from fedpact.portal.app.ports import ReadModel
from fedpact.portal.app.signs import Signs
from fedpact.portal.domain.journal import Place, entry_of
from fedpact.portal.domain.model import Entry, Measured, MetricsState, Settled

log = logging.getLogger(__name__)
MAX_METRICS = 64
_READ: Mapping[str, type[Accepted] | type[Refused]] = {"accepted": Accepted, "refused": Refused}


@dataclass(frozen=True, slots=True, kw_only=True)
class Handlers:
    """What each message does. Facts of another channel do nothing."""

    model: ReadModel
    journal: Journal
    feed: Feed
    waits: Waits
    clock: Clock
    channel: str
    signs: Signs

    async def organization(self, fact: OrganizationRegistered, cause: Cause) -> None:
        await self._keep(self.model.organizations, fact, cause)

    async def user(self, fact: UserChanged, cause: Cause) -> None:
        await self._keep(self.model.users, fact, cause)

    async def models(self, fact: ModelChanged, cause: Cause) -> None:
        await self._keep(self.model.models, fact, cause)

    async def dataset(self, fact: DatasetRegistered | DatasetUnregistered, cause: Cause) -> None:
        await self._fold(self.model.datasets, fact, cause)

    async def proposal(self, fact: DatasetProposed | ProposalSettled, cause: Cause) -> None:
        await self._fold(self.model.proposals, fact, cause)

    async def gateway(self, fact: GatewayRegistered | GatewayAnnounced | AccessFact, cause: Cause) -> None:
        await self._fold(self.model.gateways, fact, cause)

    async def policy(self, fact: PolicyPublished | PolicyWithdrawn, cause: Cause) -> None:
        await self._fold(self.model.policies, fact, cause)

    async def spec(self, fact: SpecCreated | VerdictReached | SpecChanged, cause: Cause) -> None:
        await self._fold(self.model.specs, fact, cause)

    async def job(self, fact: JobChanged | ArtifactsStored, cause: Cause) -> None:
        await self._fold(self.model.jobs, fact, cause)

    async def artifact(
        self, fact: ArtifactRegistered | ArtifactGranted | ArtifactRevoked | ArtifactDeleted, cause: Cause
    ) -> None:
        await self._fold(self.model.artifacts, fact, cause)

    async def news(self, fact: GangQueued | GangRefused, cause: Cause) -> None:
        """Worth a line in the journal and nothing more."""
        if self._ours(cause):
            await self._tell(_nothing(), fact, cause)

    async def outcome(self, fact: Accepted | Refused, cause: Cause) -> None:
        """
        The outcome of a command sent from here, once the read model holds everything before it in its stream.

        Who waits for it here is told at once; it is kept for who asks again, and for other replicas once they can have
        read what is before it too.
        """
        envelope = cause.envelope
        if envelope is None or envelope.route != SENDER:
            return
        settled = _settled(fact, envelope)
        await self.feed.reached(cause)
        self.waits.settle(settled)
        await self.feed.announce()
        await self.model.settled.add(settled.key, settled, Cause(now=cause.now))

    async def heard(self, envelope: Envelope, body: bytes) -> None:
        """An outcome as it passes by on the bus, before this or another replica has written it down."""
        try:
            fact = _READ[envelope.type.rpartition(".")[2]].model_validate_json(body)
        except (KeyError, ValidationError):
            log.warning("not an outcome: `%s`", envelope.type)
            return
        self.waits.hear(_settled(fact, envelope))

    async def metrics(self, envelope: Envelope, body: bytes) -> None:
        """One round of a job this portal knows. What does not fit is left out: it is for looking at only."""
        try:
            told = MetricsReported.model_validate_json(body)
        except ValidationError:
            log.warning("metrics from `%s` are malformed", envelope.route)
            return
        job = await self.model.jobs.find(told.job_id)
        if job is None or job.changed is None or job.changed.spec_id != told.spec_id:
            return
        values = dict(list(told.metrics.items())[:MAX_METRICS])
        point = MetricPoint(gateway=told.gateway, round=told.round, metrics=values, at=told.at)
        fact = Measured(job_id=told.job_id, point=point)
        await self.model.metrics.change(
            told.job_id, lambda state: [] if _known(state, point) else [fact], Cause(now=self.clock.now())
        )
        self.feed.measured(fact)

    async def _keep(self, kept: Copies[F], fact: F, cause: Cause) -> None:
        if self._ours(cause):
            await self._tell(kept.keep(fact, cause), fact, cause)

    async def _fold(self, kept: Stored[S], fact: Fact, cause: Cause) -> None:
        if self._ours(cause):
            await self._tell(kept.change(fact.key, lambda _: [fact], cause), fact, cause)

    async def _tell(self, keeping: Awaitable[object], fact: Fact, cause: Cause) -> None:
        """Keep it while it is written down; once both are done, who follows may know."""
        _, entry = await asyncio.gather(keeping, self._written(fact, cause))
        if entry is None:
            self.feed.passed(cause)
        else:
            await self.feed.wrote(entry, cause)

    async def _written(self, fact: Fact, cause: Cause) -> Entry | None:
        entry = await self._entry(fact, cause)
        if entry is not None:
            await self.journal.write(entry, cause.now)
        return entry

    async def _entry(self, fact: Fact, cause: Cause) -> Entry | None:
        envelope = cause.envelope
        assert envelope is not None
        place = Place(
            stream=cause.stream,
            position=cause.stream_sequence,
            time=envelope.time,
            correlation=envelope.correlationid,
        )
        job = await self.model.jobs.find(fact.job_id) if isinstance(fact, ArtifactsStored) else None
        return entry_of(fact, place, job.changed.actor if job and job.changed else None)

    def _ours(self, cause: Cause) -> bool:
        return cause.envelope is not None and cause.envelope.channel == self.channel


async def _nothing() -> None:
    """What there is to keep of news."""


def place_of(envelope: Envelope) -> str:
    """The aggregate a fact is about, across all contexts: its source and its subject."""
    return f"{envelope.source.removeprefix('fedpact/').replace('/', '.')}:{envelope.subject}"


def _settled(fact: Accepted | Refused, envelope: Envelope) -> Settled:
    until = envelope.time + KEPT
    if isinstance(fact, Refused):
        return Settled(
            command_id=fact.command_id, accepted=False, slug=fact.slug, reason=fact.reason, path=fact.path, until=until
        )
    place = place_of(envelope)
    return Settled(command_id=fact.command_id, accepted=True, place=place, sequence=envelope.sequence, until=until)


def _known(state: MetricsState | None, point: MetricPoint) -> bool:
    return state is not None and point in state.points

"""
Which activations stand idle for too long, and when to look.

An activation is idle while it is ready and holds no job. At the moments a cron schedule names, those that have been
idle for the threshold are told; spec_lifecycle, which may know of a job that is still news here, looks again before
it ends any. What is not ready yet, or ends already, is never told.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo

from cronsim import CronSim
from pydantic import AwareDatetime

from fedpact.contracts.envelope import Fact
from fedpact.contracts.scheduling import ActivationIdled
from fedpact.contracts.specs import ActivationCompleted, ActivationStopping, JobClosed, JobOpened
from fedpact.scheduler.domain.errors import UnexpectedFactError

Sign = ActivationCompleted | ActivationStopping | JobOpened | JobClosed
"""News that tells whether an activation is idle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Culling:
    """What an operator may choose. The schedule is cron, read in `zone` as Debian's cron reads it."""

    enabled: bool = True
    schedule: str = "0 23 * * *"
    zone: tzinfo = UTC
    threshold: timedelta = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Idleness:
    """One spec's activation, as far as being idle goes."""

    spec_id: str
    generation: int = 0
    jobs: frozenset[str] = field(default_factory=frozenset)
    since: datetime | None = None
    """`None` while a job is open, and while nothing is ready."""


class SweepPlanned(Fact):
    """When idle activations are looked for next. The scheduler's own memory and never published, hence no type."""

    at: AwareDatetime | None
    """`None`: they are not looked for."""
    schedule: str
    zone: str

    @property
    def key(self) -> str:
        return "sweep"


def observe(idleness: Idleness | None, fact: Fact) -> Idleness:
    """What is known of an activation's idleness after `fact`."""
    match fact:
        case ActivationCompleted():
            return _ready(idleness, fact)
        case ActivationStopping():
            return Idleness(spec_id=fact.spec_id, generation=fact.generation)
        case JobOpened():
            known = idleness or Idleness(spec_id=fact.spec_id, generation=fact.generation)
            return replace(known, jobs=known.jobs | {fact.job_id}, since=None)
        case JobClosed():
            known = idleness or Idleness(spec_id=fact.spec_id)
            left = known.jobs - {fact.job_id}
            return replace(known, jobs=left, since=None if left or not known.jobs else fact.at)
        case _:
            raise UnexpectedFactError(fact)


def _ready(known: Idleness | None, fact: ActivationCompleted) -> Idleness:
    """One that was set up anew still holds the jobs of its lost attempt, and is as busy as before."""
    jobs = known.jobs if known and known.generation == fact.generation else frozenset[str]()
    return Idleness(spec_id=fact.spec_id, generation=fact.generation, jobs=jobs, since=None if jobs else fact.at)


def cull(told: ActivationIdled | None, idleness: Idleness, culling: Culling, now: datetime) -> Sequence[Fact]:
    """That the activation has been idle for too long, unless that was told of this very rest already."""
    since = idleness.since
    if not culling.enabled or since is None or now - since < culling.threshold:
        return []
    fact = ActivationIdled(spec_id=idleness.spec_id, generation=idleness.generation, since=since)
    return [] if fact == told else [fact]


def plan(known: SweepPlanned | None, culling: Culling, now: datetime) -> Sequence[Fact]:
    """
    When to look next, unless that is planned by this very schedule.

    A planned look that passed while nobody was there is not forgotten: it is made up for.
    """
    fresh = _next(culling, now)
    same = known is not None and (known.schedule, known.zone) == (fresh.schedule, fresh.zone)
    return [] if same else [fresh]


def swept(culling: Culling, now: datetime) -> Sequence[Fact]:
    """A look is over: when the next one is."""
    return [_next(culling, now)]


def next_sweep(culling: Culling, now: datetime) -> datetime | None:
    """The first moment behind `now` that the schedule names; `None` when there is none."""
    # an hour that comes twice a year is named at its first coming only, which may lie behind `now`
    moments = (moment.astimezone(UTC) for moment in CronSim(culling.schedule, now.astimezone(culling.zone)))
    return next((moment for moment in moments if moment > now), None)


def _next(culling: Culling, now: datetime) -> SweepPlanned:
    if not culling.enabled:
        return SweepPlanned(at=None, schedule="", zone="")
    return SweepPlanned(at=next_sweep(culling, now), schedule=culling.schedule, zone=str(culling.zone))

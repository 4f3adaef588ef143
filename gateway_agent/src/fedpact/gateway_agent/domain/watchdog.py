"""
What is wrong with an activation, from looking at it from outside.

FLARE's own word is not enough: after a crash a job may be RUNNING for ever, and a client with the wrong address
tries for ever without a sound. Each look is a pure step: what was noticed before and what is seen now give what
is noticed and the verdicts. Nothing here acts.

  1 RUNNING by its status, but not running, for long   -> the job is lost
  2 a site is not connected, or silent for too long    -> the site is lost
  3 not all sites connected within the deadline        -> not ready
  4 nothing runs                                       -> idle since

That a participant's process is gone its own site says, and the hub ends or sets up anew the activation, which takes its
jobs along.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fedpact.gateway_agent.domain.engine import Status, is_final
from fedpact.gateway_agent.domain.kits import SILENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long each thing may last."""

    silence: timedelta = timedelta(seconds=60)
    """Of the FLARE server, which is near."""
    away: timedelta = timedelta(seconds=SILENCE)
    """Of a site, whose link may be cut for a while."""
    ghost: timedelta = timedelta(seconds=60)
    ready: timedelta = timedelta(seconds=180)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One look at an activation."""

    now: datetime
    expected: frozenset[str]
    heard: Mapping[str, datetime]
    """Connected site -> when the server last heard of it."""
    jobs: Mapping[str, str] = field(default_factory=dict)
    """Our open jobs: engine id -> FLARE's status."""
    running: frozenset[str] = frozenset()
    """Engine ids of the jobs that really run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What was noticed so far. A new one says only when the activation began."""

    began: datetime
    complete: bool = False
    """Whether all sites were connected once."""
    ghosts: Mapping[str, datetime] = field(default_factory=dict)
    """Job that does not run though it says so -> since when."""
    idle_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete:
    """All expected sites are connected, for the first time."""

    sites: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotReady:
    """The deadline passed without these sites."""

    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteLost:
    site: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLost:
    """No process runs the job any more, and FLARE will not say so."""

    job: str


Verdict = Complete | NotReady | SiteLost | JobLost


def look(notice: Notice, sight: Sight, patience: Patience) -> tuple[Notice, tuple[Verdict, ...]]:
    """What is noticed after `sight`, and the verdicts it brings."""
    ghosts = _ghosts(notice, sight)
    complete = notice.complete or sight.expected <= sight.heard.keys()
    after = Notice(began=notice.began, complete=complete, ghosts=ghosts, idle_since=_idle_since(notice, sight))
    lost = [JobLost(job=job) for job, since in sorted(ghosts.items()) if sight.now - since > patience.ghost]
    return after, (*_readiness(notice, sight, patience), *_sites(notice, sight, patience), *lost)


def _readiness(notice: Notice, sight: Sight, patience: Patience) -> list[Verdict]:
    missing = sight.expected - sight.heard.keys()
    if notice.complete:
        return []
    if not missing:
        return [Complete(sites=tuple(sorted(sight.expected)))]
    if sight.now - notice.began > patience.ready:
        return [NotReady(missing=tuple(sorted(missing)))]
    return []


def _sites(notice: Notice, sight: Sight, patience: Patience) -> list[Verdict]:
    """Sites that were there once. Before all are, a missing one is merely slow."""
    if not notice.complete:
        return []
    oldest = sight.now - patience.away
    there = {site for site, heard in sight.heard.items() if heard >= oldest}
    return [SiteLost(site=site) for site in sorted(sight.expected - there)]


def _claimed(sight: Sight) -> set[str]:
    return {job for job, status in sight.jobs.items() if status == Status.RUNNING}


def _ghosts(notice: Notice, sight: Sight) -> dict[str, datetime]:
    return {job: notice.ghosts.get(job, sight.now) for job in _claimed(sight) - sight.running}


def _idle_since(notice: Notice, sight: Sight) -> datetime | None:
    if sight.running or not all(is_final(status) for status in sight.jobs.values()):
        return None
    return notice.idle_since or sight.now

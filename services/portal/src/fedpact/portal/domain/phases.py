"""
A spec's timeline as phases: what state it was in, for how long, and what was said meanwhile.

Built from the journal's lines alone, so that everybody who may see the spec may see all of it. A job is one phase of
its own, beside the spec's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from fedpact.contracts.api import TimelineEntry
from fedpact.contracts.jobs import JobChanged, JobStatus
from fedpact.contracts.specs import SpecChanged


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """
    Lines that belong together.

    `status` is the spec's or the job's, and empty for what changes none; what still goes on has no `lasted` yet.
    """

    status: str
    entries: tuple[TimelineEntry, ...]
    job_id: str | None = None
    lasted: timedelta | None = None

    @property
    def began(self) -> datetime:
        return self.entries[0].time

    @property
    def correlation(self) -> str:
        return self.entries[0].correlation

    @property
    def text(self) -> str:
        """The newest word."""
        return self.entries[-1].text


def phases(entries: Sequence[TimelineEntry]) -> Sequence[Phase]:
    """The phases, oldest first. Each status of the spec lasts until the next one begins, a job until it ended."""
    found: list[Phase] = []
    for entry in entries:
        if entry.job_id is not None:
            _add_to_job(found, entry)
        elif status := status_in(entry):
            _add_to_status(found, entry, status)
        elif found and found[-1].status == "" and found[-1].text == entry.text:
            found[-1] = _with(found[-1], entry)
        else:
            found.append(Phase(status="", entries=(entry,)))
    return found


def status_in(entry: TimelineEntry) -> str:
    """The status of the spec that a line tells; empty when it tells none."""
    if entry.type != SpecChanged.type:
        return ""
    return entry.text.partition(";")[0].partition(":")[0].strip()


def _add_to_status(found: list[Phase], entry: TimelineEntry, status: str) -> None:
    current = next((n for n in reversed(range(len(found))) if found[n].status and found[n].job_id is None), None)
    if current is not None and found[current].status == status:
        found[current] = _with(found[current], entry)
        return
    if current is not None:
        found[current] = replace(found[current], lasted=max(entry.time - found[current].began, timedelta()))
    found.append(Phase(status=status, entries=(entry,)))


def _add_to_job(found: list[Phase], entry: TimelineEntry) -> None:
    status = _job_status(entry)
    for number, phase in enumerate(found):
        if phase.job_id == entry.job_id:
            ended = bool(status) and JobStatus(status).final
            lasted = entry.time - phase.began if ended else phase.lasted
            found[number] = replace(_with(phase, entry), status=status or phase.status, lasted=lasted)
            return
    found.append(Phase(status=status, entries=(entry,), job_id=entry.job_id))


def _job_status(entry: TimelineEntry) -> str:
    """The status of the job that a line tells: `job <id> <status>`, perhaps with a reason."""
    if entry.type != JobChanged.type:
        return ""
    words = entry.text.partition(":")[0].split()
    return words[-1] if words and words[-1] in set(JobStatus) else ""


def _with(phase: Phase, entry: TimelineEntry) -> Phase:
    return replace(phase, entries=(*phase.entries, entry))

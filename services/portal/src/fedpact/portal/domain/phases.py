"""
A spec's timeline as phases: what state it was in, for how long, and what was said meanwhile.

Built from the journal's lines alone, so that everybody who may see the spec may see all of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fedpact.contracts.api import TimelineEntry
from fedpact.contracts.specs import SpecChanged


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """
    Lines that belong together.

    `status` is empty for what changes no status; the newest phase has no `lasted` yet.
    """

    status: str
    entries: tuple[TimelineEntry, ...]
    lasted: timedelta | None = None

    @property
    def began(self) -> datetime:
        return self.entries[0].time

    @property
    def correlation(self) -> str:
        return self.entries[0].correlation


def phases(entries: Sequence[TimelineEntry]) -> Sequence[Phase]:
    """The phases, oldest first. Each status lasts until the next one begins."""
    found: list[Phase] = []
    current: int | None = None
    for entry in entries:
        status = status_in(entry)
        if status and current is not None and found[current].status == status:
            found[current] = _with(found[current], entry)
            continue
        if status and current is not None:
            found[current] = _ended(found[current], entry.time)
        if status:
            current = len(found)
        found.append(Phase(status=status, entries=(entry,)))
    return found


def status_in(entry: TimelineEntry) -> str:
    """The status a line tells; empty when it tells none."""
    if entry.type != SpecChanged.type:
        return ""
    return entry.text.partition(";")[0].partition(":")[0].strip()


def _with(phase: Phase, entry: TimelineEntry) -> Phase:
    return Phase(status=phase.status, entries=(*phase.entries, entry))


def _ended(phase: Phase, at: datetime) -> Phase:
    return Phase(status=phase.status, entries=phase.entries, lasted=max(at - phase.began, timedelta()))

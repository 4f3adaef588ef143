"""
What happened, newest first, across all streams: the journal read backwards.

Streams are merged by time, a few lines of each at a time, so that a page costs what it shows and not what was ever
written. A page ends with a cursor: how far each stream was read.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from fedpact.portal.app.feed import Cursor, Journal
from fedpact.portal.domain.model import Entry

STRIDE = 64
"""Places of one stream that are read together."""
FAR = 5000
"""Lines that are looked at for one page; who filters for something rare goes on with the cursor."""
Wanted = Callable[[Entry], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A part of what happened. `rest` is where to go on; empty when that was all."""

    entries: Sequence[Entry]
    rest: Cursor


@dataclass(slots=True)
class _Back:
    """One stream on the way back: `at` is the next place to show."""

    stream: str
    at: int
    ready: list[Entry] = field(default_factory=list)
    fetched: int = 0

    async def newest(self, journal: Journal) -> Entry | None:
        """The newest line that was not taken yet."""
        while not self.ready and self.fetched > 0:
            first = max(self.fetched - STRIDE, 0)
            self.ready = list(await journal.between(self.stream, first, self.fetched))
            self.fetched = first
        self.at = self.ready[-1].position if self.ready else 0
        return self.ready[-1] if self.ready else None


async def stretch(journal: Journal, heads: Mapping[str, int], wanted: Wanted, most: int) -> Stretch:
    """At most `most` wanted lines from `heads` on backwards."""
    streams = [_Back(stream=name, at=position, fetched=position) for name, position in heads.items()]
    found: list[Entry] = []
    looked = 0
    while len(found) < most and looked < FAR:
        newest = [(entry, back) for back in streams if (entry := await back.newest(journal)) is not None]
        if not newest:
            return Stretch(entries=found, rest={})
        entry, back = max(newest, key=lambda pair: (pair[0].time, pair[0].origin))
        back.ready.pop()
        back.at -= 1
        looked += 1
        if wanted(entry):
            found.append(entry)
    return Stretch(entries=found, rest={back.stream: back.at for back in streams if back.at > 0})

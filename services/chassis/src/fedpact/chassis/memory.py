"""Documents in a dictionary, for tests. Passes the same contract test as the real stores."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from fedpact.chassis.documents import Document, Entry


class MemoryDocuments:
    """One collection, gone with the process."""

    def __init__(self, epoch: int = 0) -> None:
        self.epoch = epoch
        self._kept: dict[str, Document] = {}
        self._since: dict[str, datetime] = {}

    async def load(self, key: str) -> Document | None:
        return self._kept.get(key)

    async def save(self, document: Document, *, expected: int, added: Sequence[Entry], at: datetime) -> bool:
        kept = self._kept.get(document.key)
        if (kept.version if kept else 0) != expected:
            return False
        outbox = (*(kept.outbox if kept else ()), *added)
        self._kept[document.key] = replace(document, version=expected + 1, outbox=outbox)
        if added:
            self._since.setdefault(document.key, at)
        return True

    async def unsent(self, limit: int) -> Sequence[Document]:
        waiting = sorted(self._since, key=lambda key: self._since[key])
        return [self._kept[key] for key in waiting[:limit]]

    async def sent(self, published: Mapping[str, Sequence[str]]) -> None:
        for key, ids in published.items():
            kept = self._kept[key]
            left = tuple(entry for entry in kept.outbox if entry["id"] not in ids)
            self._kept[key] = replace(kept, outbox=left)
            if not left:
                self._since.pop(key, None)

    async def due(self, now: datetime, limit: int) -> Sequence[str]:
        ripe = [d for d in self._kept.values() if d.due_at is not None and d.due_at <= now]
        return [d.key for d in sorted(ripe, key=lambda d: (d.due_at or now, d.key))[:limit]]

    async def where(self, index: str, value: str) -> Sequence[Document]:
        return [d for d in await self.every() if value in d.indexes.get(index, ())]

    async def every(self) -> Sequence[Document]:
        return sorted(self._kept.values(), key=lambda d: d.key)

    async def purge(self, now: datetime) -> None:
        for key, kept in list(self._kept.items()):
            if kept.expires_at is not None and kept.expires_at <= now and not kept.outbox:
                del self._kept[key]

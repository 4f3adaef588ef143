"""
A shelf over the chassis' documents: read from memory, written through.

The store is read once at start, so that a restart loses nothing and no request waits for a disk. One process
owns it. A store that is lost or empty holds no activation, so nobody is let in.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Generic, TypeVar

from pydantic import TypeAdapter

from fedpact.chassis.clock import Clock
from fedpact.chassis.documents import Document, Documents
from fedpact.chassis.errors import UnavailableError

T = TypeVar("T")
_FORGET = timedelta(days=1)


class StoredShelf(Generic[T]):
    def __init__(self, documents: Documents, kind: type[T], clock: Clock) -> None:
        self._documents, self._clock = documents, clock
        self._codec: TypeAdapter[T] = TypeAdapter(kind)
        self._values: dict[str, T] = {}
        self._kept: dict[str, Document] = {}
        self._writing = asyncio.Lock()

    async def load(self) -> None:
        """Read what was kept. A value that cannot be read stops the start: better none than half."""
        await self._documents.purge(self._clock.now())
        self._kept = {document.key: document for document in await self._documents.every()}
        kept = {key: document.state for key, document in self._kept.items() if document.state is not None}
        self._values = {key: self._codec.validate_python(state) for key, state in kept.items()}

    def find(self, key: str) -> T | None:
        return self._values.get(key)

    def every(self) -> Sequence[T]:
        return [self._values[key] for key in sorted(self._values)]

    async def put(self, key: str, value: T) -> None:
        async with self._writing:
            await self._write(key, value)

    async def change(self, key: str, step: Callable[[T], T]) -> T | None:
        async with self._writing:
            if key not in self._values:
                return None
            value = step(self._values[key])
            await self._write(key, value)
            return value

    async def drop(self, key: str) -> None:
        self._values.pop(key, None)
        async with self._writing:
            self._values.pop(key, None)
            before = self._kept.get(key)
            if before is not None and before.state is not None:
                await self._save(replace(before, state=None, expires_at=self._clock.now() + _FORGET))

    async def _write(self, key: str, value: T) -> None:
        before = self._kept.get(key) or Document(key=key)
        state = self._codec.dump_python(value, mode="json")
        await self._save(replace(before, state=state, expires_at=None))
        self._values[key] = value

    async def _save(self, document: Document) -> None:
        expected = document.version
        if not await self._documents.save(document, expected=expected, added=(), at=self._clock.now()):
            raise UnavailableError("another process writes the DAL's store: run only one")
        self._kept[document.key] = replace(document, version=expected + 1)

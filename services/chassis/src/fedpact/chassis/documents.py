"""
The store port: one document per aggregate, saved whole by compare-and-set.

State, unsent messages (outbox) and what was already handled (inbox: `seen` for commands, `applied` for facts)
live in one document, so that one atomic write is enough on any store. Memory, SQLite and Mongo pass the same test.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypedDict

from pydantic import JsonValue

from fedpact.contracts.subjects import MAIN


class Entry(TypedDict):
    """A message ready to be published: the relay needs to know nothing else."""

    id: str
    stream: str
    subject: str
    headers: dict[str, str]
    body: str


Mark = tuple[int, int]
"""Epoch and sequence of the last message handled of a source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One aggregate at rest. `version` counts saves, `sequence` counts messages."""

    key: str
    version: int = 0
    sequence: int = 0
    state: JsonValue = None
    outbox: tuple[Entry, ...] = ()
    seen: tuple[str, ...] = ()
    applied: Mapping[str, Mark] = field(default_factory=dict)
    indexes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    route: str = ""
    channel: str = MAIN
    """Whose it is: what follows from it is told there and nowhere else."""
    correlation: str = ""
    due_at: datetime | None = None
    expires_at: datetime | None = None


class Documents(Protocol):
    """One collection of documents."""

    async def load(self, key: str) -> Document | None:
        """The document, as of now."""
        ...

    async def save(self, document: Document, *, expected: int, added: Sequence[Entry], at: datetime) -> bool:
        """
        Write it if the stored version still is `expected` (0: if there is none); False when it is not.

        `added` is appended to the stored outbox, which others may be emptying meanwhile.
        """
        ...

    async def unsent(self, limit: int) -> Sequence[Document]:
        """Documents with messages in the outbox, longest waiting first."""
        ...

    async def sent(self, published: Mapping[str, Sequence[str]]) -> None:
        """Take published messages out of the outboxes: key -> ids, from the first that waited there. Others stay."""
        ...

    async def due(self, now: datetime, limit: int) -> Sequence[str]:
        """Keys whose `due_at` has come."""
        ...

    async def where(self, index: str, value: str) -> Sequence[Document]:
        """Documents that hold `value` in `index`, by key."""
        ...

    async def every(self) -> Sequence[Document]:
        """All documents, by key."""
        ...

    async def purge(self, now: datetime) -> None:
        """Forget documents past `expires_at` that have nothing unsent."""
        ...

    @property
    def epoch(self) -> int:
        """Milliseconds since 1970 of the store's creation where it can be lost alone; 0 at the hub."""
        ...

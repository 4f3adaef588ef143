"""
Documents in SQLite, for sites that run no database. The only module that imports the driver.

Writes go through one connection, used by one worker thread at a time, as they wait for the disk. `synchronous=FULL`:
what was acknowledged survives a crash. Reads have a connection of their own and are done at once: beside a write-ahead
log nobody waits for a writer, and a site's documents are few.
The store's epoch is written once at creation, so that consumers notice when a site lost its store.
"""

import asyncio
import json
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from fedpact.chassis.documents import Document, Entry
from fedpact.chassis.errors import UnavailableError
from fedpact.contracts.subjects import MAIN

T = TypeVar("T")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS epoch (created INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS documents (
    kind TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL, outbox TEXT NOT NULL,
    outbox_at TEXT, due_at TEXT, expires_at TEXT, PRIMARY KEY (kind, key));
CREATE INDEX IF NOT EXISTS unsent ON documents (kind, outbox_at) WHERE outbox_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS due ON documents (kind, due_at) WHERE due_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS indexes (
    kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, key TEXT NOT NULL,
    PRIMARY KEY (kind, name, value, key));
CREATE INDEX IF NOT EXISTS by_key ON indexes (kind, key);
"""
_SELECT = "SELECT key, version, body, outbox, due_at, expires_at FROM documents d WHERE kind = ?"
Row = tuple[str, int, str, str, str | None, str | None]


class SqliteFile:
    """One database file; `collection` gives each kind of aggregate its documents."""

    def __init__(self, path: Path, now: datetime) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._reading = sqlite3.connect(path, isolation_level=None)
        path.chmod(0o600)
        self._lock = threading.Lock()
        self._connection.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; BEGIN; {_SCHEMA} COMMIT;")
        found = self._connection.execute("SELECT created FROM epoch").fetchone()
        if found is None:
            found = (int(now.timestamp() * 1000),)
            self._connection.execute("INSERT INTO epoch VALUES (?)", found)
        self.epoch: int = found[0]

    def collection(self, kind: str) -> "SqliteDocuments":
        return SqliteDocuments(self, kind)

    def close(self) -> None:
        with self._lock:
            self._reading.close()
            self._connection.close()

    def read(self, select: str, values: Sequence[str | int]) -> list["Row"]:
        """The rows as they were last committed."""
        try:
            return self._reading.execute(select, values).fetchall()
        except sqlite3.Error as error:
            raise UnavailableError(f"the site's store failed: {error}") from error

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do `work` in one transaction, in a thread."""
        return await asyncio.to_thread(self._locked, work)

    def _locked(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                result = work(self._connection)
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise UnavailableError(f"the site's store failed: {error}") from error
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
            return result


class SqliteDocuments:
    """One kind of aggregate in a `SqliteFile`."""

    def __init__(self, file: SqliteFile, kind: str) -> None:
        self._file, self._kind = file, kind
        self.epoch = file.epoch

    async def load(self, key: str) -> Document | None:
        found = self._select(" AND key = ?", key)
        return found[0] if found else None

    async def save(self, document: Document, *, expected: int, added: Sequence[Entry], at: datetime) -> bool:
        return await self._file.run(lambda db: self._save(db, document, expected, added, at))

    async def unsent(self, limit: int) -> Sequence[Document]:
        return self._select(" AND outbox_at IS NOT NULL ORDER BY outbox_at, key LIMIT ?", limit)

    async def sent(self, published: Mapping[str, Sequence[str]]) -> None:
        def empty(db: sqlite3.Connection) -> None:
            for key, ids in published.items():
                self._sent(db, key, set(ids))

        await self._file.run(empty)

    async def due(self, now: datetime, limit: int) -> Sequence[str]:
        found = self._select(" AND due_at <= ? ORDER BY due_at, key LIMIT ?", _text(now), limit)
        return [d.key for d in found]

    async def where(self, index: str, value: str) -> Sequence[Document]:
        clause = " AND key IN (SELECT key FROM indexes WHERE kind = d.kind AND name = ? AND value = ?) ORDER BY key"
        return self._select(clause, index, value)

    async def every(self) -> Sequence[Document]:
        return self._select(" ORDER BY key")

    async def purge(self, now: datetime) -> None:
        clause = "DELETE FROM documents WHERE kind = ? AND expires_at <= ? AND outbox_at IS NULL"
        await self._file.run(lambda db: db.execute(clause, (self._kind, _text(now))))

    def _select(self, clause: str, *values: str | int) -> list[Document]:
        return [_document(row) for row in self._file.read(_SELECT + clause, (self._kind, *values))]

    def _save(
        self, db: sqlite3.Connection, document: Document, expected: int, added: Sequence[Entry], at: datetime
    ) -> bool:
        row = db.execute(
            "SELECT version, outbox, outbox_at FROM documents WHERE kind = ? AND key = ?", (self._kind, document.key)
        ).fetchone()
        version, outbox, since = row or (0, "[]", None)
        if version != expected:
            return False
        kept = [*json.loads(outbox), *added]
        since = (since or _text(at)) if kept else None
        values = (self._kind, document.key, expected + 1, _body(document), json.dumps(kept), since)
        times = (_optional(document.due_at), _optional(document.expires_at))
        db.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*values, *times))
        self._index(db, document.key, document.indexes)
        return True

    def _index(self, db: sqlite3.Connection, key: str, indexes: Mapping[str, tuple[str, ...]]) -> None:
        db.execute("DELETE FROM indexes WHERE kind = ? AND key = ?", (self._kind, key))
        rows = {(self._kind, name, value, key) for name, values in indexes.items() for value in values}
        db.executemany("INSERT INTO indexes VALUES (?, ?, ?, ?)", sorted(rows))

    def _sent(self, db: sqlite3.Connection, key: str, ids: set[str]) -> None:
        found = db.execute("SELECT outbox FROM documents WHERE kind = ? AND key = ?", (self._kind, key)).fetchone()
        left = [e for e in json.loads(found[0]) if e["id"] not in ids] if found else []
        since = "outbox_at" if left else "NULL"
        db.execute(
            f"UPDATE documents SET outbox = ?, outbox_at = {since} WHERE kind = ? AND key = ?",  # noqa: S608 - two constants
            (json.dumps(left), self._kind, key),
        )


def _body(document: Document) -> str:
    return json.dumps(
        {
            "sequence": document.sequence,
            "state": document.state,
            "seen": document.seen,
            "applied": dict(document.applied),
            "indexes": dict(document.indexes),
            "route": document.route,
            "channel": document.channel,
            "correlation": document.correlation,
        }
    )


def _document(row: Row) -> Document:
    key, version, body, outbox, due_at, expires_at = row
    found = json.loads(body)
    return Document(
        key=key,
        version=version,
        sequence=found["sequence"],
        state=found["state"],
        outbox=tuple(json.loads(outbox)),
        seen=tuple(found["seen"]),
        applied={source: (mark[0], mark[1]) for source, mark in found["applied"].items()},
        indexes={name: tuple(values) for name, values in found["indexes"].items()},
        route=found["route"],
        channel=found.get("channel", MAIN),
        correlation=found["correlation"],
        due_at=_time(due_at),
        expires_at=_time(expires_at),
    )


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _optional(moment: datetime | None) -> str | None:
    return _text(moment) if moment else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None

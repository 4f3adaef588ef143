"""
Documents in MongoDB. The only module that imports the driver.

Only the portable subset is used: single-document `update_one` filtered on `_id` and `version`, one `update_many` that
empties outboxes, `$push`, `$pull`, `$unset`, simple finds on an index. No transactions, no findAndModify, no change
streams. Driver retries are off: every write is a compare-and-set or idempotent, and a lost connection is told as
`UnavailableError`.
State is kept as JSON text: a payload may hold member names (`a.b`, `$x`) and integers that BSON does not.
Majority and journal are asked for, because an acknowledged save must survive a crash of the server.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

from pymongo import AsyncMongoClient
from pymongo.asynchronous import pool
from pymongo.errors import DocumentTooLarge, DuplicateKeyError, OperationFailure, PyMongoError
from pymongo.network_layer import AsyncNetworkingInterface

from fedpact.chassis.documents import Document, Entry
from fedpact.chassis.errors import BacklogError, UnavailableError, UnstorableError
from fedpact.contracts.subjects import MAIN

T = TypeVar("T")
Raw = dict[str, Any]
_USER_EXISTS = 51003
_REFUSED = 18
_TOO_LARGE = frozenset({10334, 17419, 17420})
"""Codes of a server that a document would outgrow."""
_NOTHING_WAITS = {"outbox_at": "", "outbox_last": ""}
LAST_SECONDS = 1.0
_being_made: "set[asyncio.Task[AsyncNetworkingInterface]]" = set()
_OPTIONS: dict[str, Any] = {
    "retryWrites": False,
    "journal": True,
    "w": "majority",
    "tz_aware": True,
    "directConnection": True,
    "serverSelectionTimeoutMS": 5000,
    "socketTimeoutMS": 10000,
}


def connect(url: str) -> "AsyncMongoClient[Raw]":
    """A client with the durability this store stands on. An option in `url` does not loosen it."""
    return AsyncMongoClient(url, **(_OPTIONS if "replicaSet" not in url else _OPTIONS | {"directConnection": False}))


async def create_users(url: str, users: Sequence[tuple[str, str, str]]) -> None:
    """Give each (database, user, password) the right to that one database. Users that are there stay as they are."""
    async with connect(url) as client:
        for database, user, password in users:
            roles = [{"role": "readWrite", "db": database}, {"role": "dbAdmin", "db": database}]
            try:
                await client[database].command("createUser", user, pwd=password, roles=roles)
            except OperationFailure as error:
                if error.code != _USER_EXISTS:
                    raise UnavailableError(f"the store would not create user `{user}`: {_why(error)}") from error
            except PyMongoError as error:
                raise UnavailableError(f"the store does not answer: {type(error).__name__}") from error


def _why(error: OperationFailure) -> str:
    if error.code == _REFUSED:
        return "it does not take its administrator's password. Was it set up with another one?"
    return f"error {error.code}"


class _TooLargeError(Exception):
    """The document would outgrow what the server keeps in one."""


class MongoDocuments:
    """One collection. The client is injected; any driver with PyMongo's asynchronous surface will do."""

    epoch = 0

    def __init__(self, collection: Any) -> None:
        self._collection = collection

    async def prepare(self, indexes: Sequence[str] = ()) -> None:
        """Make the indexes. Doing it again changes nothing."""
        fields = ["outbox_at", "due_at", "expires_at", *(f"indexes.{name}" for name in indexes)]
        for field in fields:
            await _asked(self._collection.create_index(field, sparse=True))

    async def load(self, key: str) -> Document | None:
        found = await _asked(self._collection.find_one({"_id": key}))
        return _document(found) if found else None

    async def save(self, document: Document, *, expected: int, added: Sequence[Entry], at: datetime) -> bool:
        try:
            if expected == 0:
                return await self._insert(document, added, at)
            return await self._update(document, expected, added, at)
        except _TooLargeError as error:
            if document.outbox:
                told = f"`{document.key}` is full: it holds {len(document.outbox)} messages the bus has not taken"
                raise BacklogError(told) from error
            told = f"`{document.key}` would be larger than the store keeps in one document: ask for less at once"
            raise UnstorableError(told) from error

    async def _update(self, document: Document, expected: int, added: Sequence[Entry], at: datetime) -> bool:
        change: Raw = {"$set": _raw(document, expected + 1)}
        if added:
            change["$push"] = {"outbox": {"$each": list(added)}}
            change["$set"]["outbox_last"] = added[-1]["id"]
            change["$min"] = {"outbox_at": at}
        gone = {name: "" for name in ("due_at", "expires_at") if change["$set"][name] is None}
        for name in gone:
            del change["$set"][name]
        if gone:
            change["$unset"] = gone
        result = await _asked(self._collection.update_one({"_id": document.key, "version": expected}, change))
        return bool(result.matched_count == 1)

    async def unsent(self, limit: int) -> Sequence[Document]:
        return await self._find({"outbox_at": {"$exists": True}}, "outbox_at", limit)

    async def sent(self, published: Mapping[str, Sequence[str]]) -> None:
        # who still ends with the last message published holds nothing else: one write for all of those
        lasts = [ids[-1] for ids in published.values()]
        whole = {"_id": {"$in": list(published)}, "outbox_last": {"$in": lasts}}
        done = await _asked(self._collection.update_many(whole, {"$set": {"outbox": []}, "$unset": _NOTHING_WAITS}))
        if done.matched_count < len(published):
            for key, ids in published.items():
                await self._pull(key, ids)

    async def _pull(self, key: str, ids: Sequence[str]) -> None:
        await _asked(self._collection.update_one({"_id": key}, {"$pull": {"outbox": {"id": {"$in": list(ids)}}}}))
        empty = {"_id": key, "outbox": {"$size": 0}}
        await _asked(self._collection.update_one(empty, {"$unset": _NOTHING_WAITS}))

    async def due(self, now: datetime, limit: int) -> Sequence[str]:
        return [d.key for d in await self._find({"due_at": {"$lte": now}}, "due_at", limit)]

    async def where(self, index: str, value: str) -> Sequence[Document]:
        return await self._find({f"indexes.{index}": value}, "_id", 0)

    async def every(self) -> Sequence[Document]:
        return await self._find({}, "_id", 0)

    async def purge(self, now: datetime) -> None:
        old = {"expires_at": {"$lte": now}, "outbox_at": {"$exists": False}}
        await _asked(self._collection.delete_many(old))

    async def _insert(self, document: Document, added: Sequence[Entry], at: datetime) -> bool:
        raw = {k: v for k, v in _raw(document, 1).items() if v is not None}
        waiting = {"outbox_at": at, "outbox_last": added[-1]["id"]} if added else {}
        raw |= {"_id": document.key, "outbox": list(added)} | waiting
        try:
            await _asked(self._collection.insert_one(raw))
        except DuplicateKeyError:
            return False
        return True

    async def _find(self, condition: Raw, order: str, limit: int) -> list[Document]:
        async with _told():
            cursor = self._collection.find(condition).sort(order, 1).limit(limit)
            return [_document(raw) async for raw in cursor]


def _raw(document: Document, version: int) -> Raw:
    return {
        "version": version,
        "sequence": document.sequence,
        "state": json.dumps(document.state),
        "seen": list(document.seen),
        "applied": {source: list(mark) for source, mark in document.applied.items()},
        "indexes": {name: list(values) for name, values in document.indexes.items()},
        "route": document.route,
        "channel": document.channel,
        "correlation": document.correlation,
        "due_at": document.due_at,
        "expires_at": document.expires_at,
    }


def _document(raw: Raw) -> Document:
    return Document(
        key=raw["_id"],
        version=raw["version"],
        sequence=raw["sequence"],
        state=json.loads(raw["state"]),
        outbox=tuple(raw["outbox"]),
        seen=tuple(raw["seen"]),
        applied={source: (mark[0], mark[1]) for source, mark in raw["applied"].items()},
        indexes={name: tuple(values) for name, values in raw["indexes"].items()},
        route=raw["route"],
        channel=raw.get("channel", MAIN),
        correlation=raw["correlation"],
        due_at=_aware(raw.get("due_at")),
        expires_at=_aware(raw.get("expires_at")),
    )


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


@asynccontextmanager
async def _told() -> AsyncIterator[None]:
    try:
        yield
    except DuplicateKeyError:
        raise
    except DocumentTooLarge as error:
        raise _TooLargeError from error
    except PyMongoError as error:
        if isinstance(error, OperationFailure) and error.code in _TOO_LARGE:
            raise _TooLargeError from error
        raise UnavailableError(f"the store does not answer: {type(error).__name__}") from error


async def _asked(call: Awaitable[T]) -> T:
    async with _told():
        return await call


async def disconnect(client: "AsyncMongoClient[Raw]") -> None:
    """Close all connections, those included that are only just being made."""
    await client.close()
    if _being_made:
        await asyncio.wait(_being_made, timeout=LAST_SECONDS)


def _close_what_is_cut_off() -> None:
    """
    Have the driver close a connection whose making is cancelled, as when a service ends while it still begins.

    It forgets the socket: the server keeps a connection to nobody until somebody here collects the garbage. The
    function has no public name: a driver without it is left as it is, and our test says whether it still forgets.
    """
    name = "_configured_protocol_interface"
    make: Callable[..., Coroutine[None, None, AsyncNetworkingInterface]] | None = getattr(pool, name, None)
    if make is None:
        return

    async def made(*how: object) -> AsyncNetworkingInterface:
        making = asyncio.create_task(make(*how))
        _being_made.add(making)
        making.add_done_callback(_being_made.discard)
        try:
            return await asyncio.shield(making)
        except asyncio.CancelledError:
            making.add_done_callback(_closed)
            raise

    setattr(pool, name, made)


def _closed(made: "asyncio.Task[AsyncNetworkingInterface]") -> None:
    if not made.cancelled() and made.exception() is None:
        made.result().conn[0].abort()


_close_what_is_cut_off()

"""What every store must do. Memory, SQLite and Mongo (by PyMongo and by Motor) run the same tests."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from counter import COUNTERS, NOON, TICK, Counter, TestAccepted, added, caused

from fedpact.chassis.aggregates import Cause, Kind, Stored
from fedpact.chassis.documents import Document, Documents, Entry
from fedpact.chassis.errors import BacklogError, NotFoundError, UnstorableError
from fedpact.chassis.memory import MemoryDocuments
from fedpact.chassis.mongo import MongoDocuments, connect
from fedpact.chassis.relay import Relay
from fedpact.chassis.sqlite import SqliteFile


@pytest.fixture(params=["memory", "sqlite", "mongo", "motor"])
async def documents(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Documents]:
    if request.param == "memory":
        yield MemoryDocuments()
    elif request.param == "sqlite":
        file = SqliteFile(tmp_path / "site.db", NOON)
        yield file.collection("counters")
        file.close()
    else:
        async with mongo(request.param, request.getfixturevalue("mongo_port")) as found:
            yield found


async def test_what_goes_wrong_in_a_transaction_of_a_file_takes_no_other_with_it(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "site.db", NOON)

    def wrong(_: object) -> None:
        raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        await file.run(wrong)
    assert await file.run(lambda db: db.execute("SELECT 1").fetchone()[0]) == 1
    file.close()


@asynccontextmanager
async def mongo(driver: str, port: int) -> AsyncIterator[MongoDocuments]:
    url = f"mongodb://127.0.0.1:{port}/?journal=true"
    if driver == "motor":
        motor = pytest.importorskip("motor.motor_asyncio", reason="needs motor")
        client = motor.AsyncIOMotorClient(url, retryWrites=False, tz_aware=True, directConnection=True)
    else:
        client = connect(url)
    found = MongoDocuments(client["contract"][uuid.uuid4().hex])
    await found.prepare(["parity"])
    yield found
    closed = client.close()
    if closed is not None:
        await closed


@pytest.fixture
def counters(documents: Documents) -> Stored[Counter]:
    return Stored(documents, COUNTERS)


async def sent(kind: Stored[Counter]) -> list[Entry]:
    """Everything the relay publishes, in order."""
    out: list[Entry] = []

    async def publish(entry: Entry) -> None:
        out.append(entry)

    await Relay([kind], publish, sweep=1).once()
    return out


async def test_an_aggregate_begins_with_its_first_fact(counters: Stored[Counter]) -> None:
    await counters.change("c1", lambda state: [added(7)] if state is None else [], TICK)
    assert await counters.get("c1") == Counter(name="c1", total=7)


async def test_an_unknown_key_is_an_error(counters: Stored[Counter]) -> None:
    with pytest.raises(NotFoundError):
        await counters.get("nobody")
    assert await counters.find("nobody") is None


async def test_concurrent_steps_all_count(counters: Stored[Counter]) -> None:
    await asyncio.gather(*(counters.change("c1", lambda _: [added(1)], TICK) for _ in range(5)))
    assert (await counters.get("c1")).total == 5


async def test_a_failing_step_leaves_no_trace(counters: Stored[Counter]) -> None:
    def refuse(_: Counter | None) -> list[object]:
        raise ZeroDivisionError

    await counters.change("c1", lambda _: [added(7)], TICK)
    with pytest.raises(ZeroDivisionError):
        await counters.change("c1", refuse, TICK)  # type: ignore[arg-type]
    assert (await counters.get("c1")).total == 7
    assert len(await sent(counters)) == 1


async def test_a_redelivered_fact_is_skipped(counters: Stored[Counter]) -> None:
    for sequence in (1, 1, 2, 1):
        await counters.change("c1", lambda _: [added(1)], caused(sequence))
    assert (await counters.get("c1")).total == 2


async def test_a_fact_without_news_is_marked_as_handled(counters: Stored[Counter]) -> None:
    await counters.change("c1", lambda _: [added(1)], caused(1))
    await counters.change("c1", lambda _: [], caused(5))
    await counters.change("c1", lambda _: [added(1)], caused(4))
    assert (await counters.get("c1")).total == 1


async def test_a_newer_epoch_of_a_source_starts_over(counters: Stored[Counter]) -> None:
    await counters.change("c1", lambda _: [added(1)], caused(9, epoch=1))
    await counters.change("c1", lambda _: [added(1)], caused(1, epoch=2))
    await counters.change("c1", lambda _: [added(1)], caused(10, epoch=1))
    assert (await counters.get("c1")).total == 2


async def test_a_command_is_carried_out_once_and_always_accepted(counters: Stored[Counter]) -> None:
    cause = replace(caused(), accepted=TestAccepted(command="tests.add", about="c1", command_id="k"))
    await counters.change("c1", lambda _: [added(1)], cause)
    await counters.change("c1", lambda _: [added(1)], cause)
    published = await sent(counters)
    assert [e["headers"]["ce-type"] for e in published] == ["tests.counter.added", "tests.command.accepted"]
    assert (await counters.get("c1")).total == 1


async def test_messages_go_out_in_order_and_once(counters: Stored[Counter]) -> None:
    for n in range(1, 4):
        await counters.change("c1", lambda _, n=n: [added(n), added(-n)], TICK)
    published = await sent(counters)
    assert [e["headers"]["ce-sequence"] for e in published] == [str(n) for n in range(1, 7)]
    assert len({e["id"] for e in published}) == 6
    assert await sent(counters) == []


async def test_a_save_while_the_relay_publishes_loses_nothing(counters: Stored[Counter]) -> None:
    await counters.change("c1", lambda _: [added(1)], TICK)
    out: list[str] = []

    async def publish(entry: Entry) -> None:
        out.append(entry["id"])
        if len(out) == 1:
            await counters.change("c1", lambda _: [added(2)], TICK)

    await Relay([counters], publish, sweep=1).once()
    assert len(await sent(counters)) == 1


async def test_an_outcome_carries_its_cause(counters: Stored[Counter]) -> None:
    cause = caused(3)
    await counters.change("c1", lambda _: [added(1)], cause)
    headers = (await sent(counters))[0]["headers"]
    assert cause.envelope is not None
    assert headers["ce-causationid"] == cause.envelope.id
    assert headers["ce-correlationid"] == cause.envelope.correlationid
    assert headers["ce-route"] == "lab"


async def test_an_aggregate_is_found_by_index_and_by_time(counters: Stored[Counter]) -> None:
    await counters.change("c1", lambda _: [added(1)], TICK)
    await counters.change("c2", lambda _: [added(100, "c2")], TICK)
    assert [c.name for c in await counters.where("parity", "even")] == ["c2"]
    assert await counters.documents.due(NOON - timedelta(seconds=1), 10) == []
    assert await counters.documents.due(NOON, 10) == ["c2"]
    await counters.change("c2", lambda _: [added(-99, "c2")], TICK)
    assert await counters.documents.due(NOON, 10) == []
    assert [c.name for c in await counters.where("parity", "odd")] == ["c1", "c2"]


async def test_what_expired_is_forgotten_once_it_is_published(documents: Documents) -> None:
    kind: Kind[Counter] = replace(COUNTERS, expires=lambda _: NOON)
    counters = Stored(documents, kind)
    await counters.change("c1", lambda _: [added(1)], TICK)
    await documents.purge(NOON)
    assert await counters.find("c1") is not None
    await sent(counters)
    await documents.purge(NOON)
    assert await counters.find("c1") is None


async def test_odd_member_names_and_large_numbers_survive(documents: Documents) -> None:
    kind: Kind[dict[str, object]] = Kind(
        source="t", state=dict, evolve=lambda _, __: {"a.b": {"$x": 2**70}}, silent=True
    )
    odd = Stored(documents, kind)
    await odd.change("c1", lambda _: [added(1)], Cause(now=NOON))
    assert await odd.get("c1") == {"a.b": {"$x": 2**70}}


async def test_what_a_channel_brings_about_is_told_on_that_channel(counters: Stored[Counter]) -> None:
    """Others on the same bus never hear of it, however much later it follows."""
    envelope = caused().envelope
    assert envelope is not None
    order = Cause(now=NOON, envelope=envelope.model_copy(update={"channel": "other"}), stream="other")
    await counters.change("c1", lambda _: [added(1)], order)
    await counters.change("c1", lambda _: [added(2)], TICK)
    await counters.change("c2", lambda _: [added(3, "c2")], caused())
    told = [(entry["subject"].split(".")[2], entry["headers"]["ce-channel"]) for entry in await sent(counters)]
    assert told == [("other", "other"), ("other", "other"), ("main", "main")]


LIMIT = 16 * 1024 * 1024
"""Of one document in Mongo."""


@pytest.fixture(params=["mongo", "motor"])
async def limited(request: pytest.FixtureRequest, mongo_port: int) -> AsyncIterator[MongoDocuments]:
    async with mongo(request.param, mongo_port) as found:
        yield found


async def kept(documents: Documents, document: Document, *, added: int = 0) -> bool:
    entries = [Entry(id=f"m{n}", stream="s", subject="x", headers={}, body="b" * (LIMIT // 4)) for n in range(added)]
    return await documents.save(document, expected=document.version, added=entries, at=NOON)


async def test_a_document_the_store_will_never_take_is_told_as_a_refusal(limited: MongoDocuments) -> None:
    """Trying again cannot help, so it must not look like a store that is away."""
    large = "x" * (LIMIT + 1000)
    with pytest.raises(UnstorableError, match="`c1` would be larger than the store keeps"):
        await kept(limited, Document(key="c1", state=large))
    assert await kept(limited, Document(key="c1", state="small"))
    with pytest.raises(UnstorableError):
        await kept(limited, Document(key="c1", version=1, state=large))
    with pytest.raises(UnstorableError):
        await kept(limited, Document(key="c1", version=1, state="y" * (LIMIT // 2)), added=3)
    found = await limited.load("c1")
    assert found is not None
    assert (found.state, found.outbox) == ("small", ())


async def test_a_document_full_of_unsent_messages_waits_until_they_are_out(limited: MongoDocuments) -> None:
    assert await kept(limited, Document(key="c1", state="small"), added=3)
    full = await limited.load("c1")
    assert full is not None
    with pytest.raises(BacklogError, match="3 messages the bus has not taken"):
        await kept(limited, replace(full, state="x" * (LIMIT // 4)), added=1)

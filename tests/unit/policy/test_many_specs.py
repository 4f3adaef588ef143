"""One policy may touch thousands of specs. Its handler has half a minute, and every one of them is decided anew."""

from collections.abc import Sequence

from policy_values import HEARTS, Memory, created, document, placed, rule

from fedpact.chassis.deliveries import HANDLER_SECONDS
from fedpact.chassis.documents import Document, Entry
from fedpact.chassis.memory import MemoryDocuments
from fedpact.chassis.rounds import AT_ONCE, BATCH
from fedpact.contracts.policies import SpecDecided

MANY = BATCH + 50
SECONDS_EACH = 0.05
"""What a slow store takes for one operation."""


class Slow(MemoryDocuments):
    """A store that counts the seconds it would have taken, over all its collections."""

    seconds = 0.0

    async def load(self, key: str) -> Document | None:
        Slow.seconds += SECONDS_EACH
        return await super().load(key)

    async def save(self, document: Document, *, expected: int, added: Sequence[Entry], at: object) -> bool:
        Slow.seconds += SECONDS_EACH
        return await super().save(document, expected=expected, added=added, at=at)  # type: ignore[arg-type]

    async def where(self, index: str, value: str) -> Sequence[Document]:
        Slow.seconds += SECONDS_EACH
        return await super().where(index, value)


async def asked(count: int, memory: Memory) -> Memory:
    """That many specs wait for a policy."""
    for number in range(count):
        await memory.create(created(HEARTS, spec=f"s-{number:04d}"))
    await memory.relay()
    return memory


async def heard(memory: Memory) -> float:
    """The service hears of its policies; how long its store takes over that."""
    before = Slow.seconds
    await memory.come_back(await memory.relay())
    return Slow.seconds - before


async def rounds(memory: Memory) -> int:
    """The timer goes on until nothing is due; how often that was."""
    turns = 0
    while await memory.rounds.documents.due(memory.now, 1):
        await memory.go_on()
        turns += 1
    return turns


async def allowed(memory: Memory) -> int:
    return sum(case.decided.allowed for case in await memory.cases.every())


async def test_however_many_specs_a_policy_touches_its_handler_ends_in_time_and_each_is_decided_anew() -> None:
    memory = await asked(MANY, Memory(store=Slow))
    await memory.publish(document())
    assert await heard(memory) < HANDLER_SECONDS
    await rounds(memory)
    assert await allowed(memory) == MANY


async def test_what_a_handler_tells_itself_is_told_in_time_by_a_slow_store() -> None:
    memory = await asked(AT_ONCE, Memory(store=Slow))
    await memory.publish(document())
    assert await heard(memory) < HANDLER_SECONDS
    assert await allowed(memory) == AT_ONCE
    assert await memory.rounds.every() == []


async def test_a_revision_in_the_middle_of_a_round_is_what_every_spec_is_decided_on_in_the_end() -> None:
    memory = await asked(MANY, Memory())
    await memory.publish(document())
    await heard(memory)
    await memory.go_on()
    assert 0 < await allowed(memory) < MANY
    await memory.publish(document(revision=2, rules=(rule(model="other"),)))
    await memory.publish(document(revision=3))
    await heard(memory)
    await rounds(memory)
    assert {case.decided.revisions["p1"] for case in await memory.cases.every()} == {3}


async def test_a_policy_withdrawn_in_the_middle_of_its_round_allows_nothing_in_the_end() -> None:
    memory = await asked(MANY, Memory())
    await memory.publish(document())
    await heard(memory)
    await memory.go_on()
    await memory.withdraw("p1")
    await heard(memory)
    await rounds(memory)
    assert await allowed(memory) == 0


async def test_a_process_that_ends_in_the_middle_of_a_round_is_followed_by_one_that_goes_on() -> None:
    memory = await asked(MANY, Memory())
    await memory.publish(document())
    await heard(memory)
    await memory.go_on()
    memory.handlers = memory.reading(memory.policies)
    await rounds(memory)
    assert await allowed(memory) == MANY


async def test_what_runs_on_a_withdrawn_policy_is_stopped_before_anything_else_is_decided() -> None:
    memory = Memory()
    await memory.publish(document())
    await asked(MANY, memory)
    last = created(HEARTS, spec="z-running")
    await memory.create(last)
    await memory.place(placed(last))
    await memory.withdraw("p1")
    await heard(memory)
    await memory.go_on()
    assert (await memory.case("z-running")).live is None


async def test_verdicts_of_a_round_name_the_policy_that_brought_them_about() -> None:
    memory = await asked(MANY, Memory())
    await memory.publish(document())
    ((published, _),) = news = await memory.relay()
    await memory.come_back(news)
    await memory.go_on()
    verdicts = [envelope for envelope, fact in await memory.relay() if isinstance(fact, SpecDecided)]
    assert len(verdicts) == BATCH
    assert {envelope.causationid for envelope in verdicts} == {published.id}

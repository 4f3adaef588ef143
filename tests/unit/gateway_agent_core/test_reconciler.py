"""The queue's rules, one test each."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fedpact.gateway_agent.app.reconciler import Key, WorkQueue

A, B = ("clients", "a"), ("clients", "b")


class Desk:
    """Where work is done, as long as the test lets it."""

    def __init__(self) -> None:
        self.begun: list[Key] = []
        self.gates: dict[Key, asyncio.Event] = {}
        self.failures: dict[Key, int] = {}
        self.delays: dict[Key, float | None] = {}

    async def work(self, key: Key) -> float | None:
        self.begun.append(key)
        if key in self.gates:
            await self.gates[key].wait()
        if self.failures.get(key, 0) > 0:
            self.failures[key] -= 1
            raise RuntimeError("not yet")
        return self.delays.pop(key, None)

    async def until(self, begun: int) -> None:
        async with asyncio.timeout(5):
            while len(self.begun) < begun:  # noqa: ASYNC110 - the loop itself is under test
                await asyncio.sleep(0)


@asynccontextmanager
async def queue(desk: Desk) -> AsyncIterator[WorkQueue]:
    one = WorkQueue(desk.work)
    task = asyncio.create_task(one.run())
    yield one
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_key_is_at_most_once_in_line() -> None:
    desk = Desk()
    async with queue(desk) as line:
        for _ in range(3):
            line.call(A)
        await desk.until(1)
        await settled()
    assert desk.begun == [A]


async def test_no_two_work_on_one_key_and_who_is_called_meanwhile_comes_again() -> None:
    desk = Desk()
    desk.gates[A] = asyncio.Event()
    async with queue(desk) as line:
        line.call(A)
        await desk.until(1)
        line.call(A)
        await settled()
        assert desk.begun == [A]
        desk.gates[A].set()
        await desk.until(2)
    assert desk.begun == [A, A]


async def test_one_that_hangs_holds_up_nobody() -> None:
    desk = Desk()
    desk.gates[A] = asyncio.Event()
    async with queue(desk) as line:
        line.call(A)
        line.call(B)
        await desk.until(2)
    assert set(desk.begun) == {A, B}


async def test_a_failure_is_tried_again() -> None:
    desk = Desk()
    desk.failures[A] = 1
    async with queue(desk) as line:
        line.call(A)
        await desk.until(2)
    assert desk.begun == [A, A]


async def test_work_says_when_it_wants_to_be_looked_at_again() -> None:
    desk = Desk()
    desk.delays[A] = 0.0
    async with queue(desk) as line:
        line.call(A)
        await desk.until(2)
    assert desk.begun == [A, A]


async def test_soon_is_not_delayed_by_late() -> None:
    desk = Desk()
    async with queue(desk) as line:
        line.call(A, 1000)
        line.call(A)
        await desk.until(1)
    assert desk.begun == [A]

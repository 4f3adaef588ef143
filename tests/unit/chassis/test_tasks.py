"""Tasks that end together."""

import asyncio

import pytest

from fedpact.chassis.relay import Relay
from fedpact.chassis.tasks import together, unless


class Deaf:
    """Work that swallows its first cancellations, as `asyncio.wait_for` may."""

    def __init__(self, times: int) -> None:
        self.left = times

    async def run(self) -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.left -= 1
                if self.left < 0:
                    raise


async def test_work_that_swallows_a_cancellation_is_cancelled_again() -> None:
    deaf, stopped = Deaf(2), asyncio.Event()
    running = asyncio.create_task(together([deaf.run], stopped))
    await asyncio.sleep(0)
    stopped.set()
    await asyncio.wait_for(running, 5)
    assert deaf.left < 0


async def test_a_failure_ends_the_others_even_when_they_swallow_the_cancellation() -> None:
    async def fails() -> None:
        raise ValueError("broken")

    deaf = Deaf(2)
    with pytest.raises(ExceptionGroup) as told:
        await asyncio.wait_for(together([deaf.run, fails]), 5)
    assert told.group_contains(ValueError)
    assert deaf.left < 0


async def test_a_relay_without_aggregates_runs_until_it_is_cancelled() -> None:
    async def publish(_: object) -> None:
        raise AssertionError("there is nothing to publish")

    running = asyncio.create_task(Relay([], publish, sweep=1).run())
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 5)


async def test_tasks_within_tasks_end_however_often_they_are_cancelled() -> None:
    deaf, stopped = Deaf(3), asyncio.Event()

    async def nested() -> None:
        await together([deaf.run])

    running = asyncio.create_task(together([nested], stopped))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    stopped.set()
    await asyncio.wait_for(running, 5)
    assert deaf.left < 0


async def test_work_is_done_unless_it_is_stopped_before() -> None:
    async def nothing() -> None:
        return

    deaf, stopped = Deaf(2), asyncio.Event()
    assert await unless(stopped, nothing)
    stopped.set()
    assert not await unless(stopped, deaf.run)
    assert deaf.left < 0


async def test_work_that_fails_says_so() -> None:
    async def fails() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await unless(asyncio.Event(), fails)

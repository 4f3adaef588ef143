"""Programs that are kept running, and end together."""

import asyncio
import sys
from pathlib import Path

import psutil
import pytest
from servers import free_port, until

from fedpact.infra.programs import Program
from fedpact.infra.supervisor import Supervisor

SERVING = "import http.server, sys; http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), None).serve_forever()"
ENDING = "import sys; sys.exit(3)"


def program(folder: Path, code: str) -> Program:
    port = free_port()
    argv = (sys.executable, "-c", code, str(port), str(folder))
    return Program(name=f"p{port}", argv=argv, port=port, log=folder / f"{port}.log", ready="tcp")


def of(folder: Path) -> list[int]:
    """Who of our children was started for this folder."""
    return [child.pid for child in psutil.Process().children() if str(folder) in child.cmdline()]


async def test_what_was_killed_runs_again_until_all_are_stopped(tmp_path: Path) -> None:
    said: list[str] = []
    kept = program(tmp_path, SERVING)
    supervisor = Supervisor([kept], said.append)
    await supervisor.start()
    first = supervisor.pids()[kept.name]
    psutil.Process(first).kill()

    async def again() -> bool:
        return supervisor.pids().get(kept.name, first) != first

    await until(again)
    await supervisor.stop()
    assert of(tmp_path) == []
    assert f"{kept.name} ended with -9" in said[0]


async def test_who_is_told_to_stop_leaves_no_program_that_was_just_being_started(tmp_path: Path) -> None:
    supervisor = Supervisor([program(tmp_path, SERVING)], print)
    starting = asyncio.create_task(supervisor.start())

    async def begun() -> bool:
        return bool(of(tmp_path))

    await until(begun)
    starting.cancel()
    await supervisor.stop()
    assert of(tmp_path) == []


async def test_who_no_longer_watches_leaves_the_programs_at_work(tmp_path: Path) -> None:
    kept = program(tmp_path, SERVING)
    supervisor = Supervisor([kept], print)
    await supervisor.start()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await supervisor.watch()
    assert of(tmp_path) == [supervisor.pids()[kept.name]]
    await supervisor.stop()


async def test_one_that_ends_again_and_again_does_not_hold_up_a_stop(tmp_path: Path) -> None:
    said: list[str] = []
    supervisor = Supervisor([program(tmp_path, ENDING)], said.append)
    starting = asyncio.create_task(supervisor.start())

    async def ended_twice() -> bool:
        return len(said) > 1

    await until(ended_twice)
    starting.cancel()
    await supervisor.stop()
    assert of(tmp_path) == []

"""The embedded federation as a whole: made ready, started, watched, stopped."""

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

import psutil

from fedpact.infra import moments, ports, setup
from fedpact.infra.embedded import Machine, port_names, programs
from fedpact.infra.federation import Federation
from fedpact.infra.holding import Running, announce, myself
from fedpact.infra.layout import Layout
from fedpact.infra.supervisor import Supervisor, ended

Say = Callable[[str], None]


def machine_in(
    root: Path, federation: Federation, models: Path, portal: int | None = None, *, usual: int | None = None
) -> Machine:
    """The machine's addresses, as they were the last time as far as they are free; see `ports.assign`."""
    layout = Layout(root.resolve())
    layout.make()
    assigned = ports.assign(port_names(federation), layout.ports, portal, usual=usual)
    return Machine(layout=layout, ports=assigned, models=models)


async def serve(machine: Machine, federation: Federation, say: Say, ready: Callable[[], None]) -> bool:
    """Start everything, tell when it is ready, and stay until told to stop; false when that was before it was ready."""
    layout = machine.layout
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    moments.check(layout)
    setup.write_files(machine, federation)
    supervisor = Supervisor(programs(machine, federation), say)
    layout.make_sockets()
    try:
        if not await _first(_started(machine, federation, supervisor, say), stopped):
            return False
        _announce(machine, supervisor)
        supervisor.started = lambda: _announce(machine, supervisor)
        ready()
        await _first(supervisor.watch(), stopped)
        return True
    finally:
        await supervisor.stop()
        layout.running.unlink(missing_ok=True)
        layout.remove_sockets()


async def _started(machine: Machine, federation: Federation, supervisor: Supervisor, say: Say) -> None:
    """Every program, the bus and the store made ready before those that use them."""

    async def founded() -> None:
        moments.mark(machine.layout)
        await setup.apply_topology(machine, federation)

    await setup.make_users(machine, say)
    await supervisor.start(after={0: founded})


def leftovers(layout: Layout) -> list[str]:
    """Processes that still speak of this folder, by pid and command: there should be none after a stop."""
    return _told(_ours(layout))


def end_leftovers(layout: Layout) -> list[str]:
    """
    End what was left running in this folder, such as workloads of an activation nobody deactivated.

    All of that is Python: an editor, a pager or a shell that somebody has open there is not touched.
    """
    left = [process for process in _ours(layout) if process.info["exe"] == os.path.realpath(sys.executable)]
    told = _told(left)
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(left, timeout=10)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    return told


def names_folder(root: Path, text: str) -> bool:
    """Whether `text` names the folder or something in it, and not another whose name goes on or ends alike."""
    return re.search(rf"(?<![\w.-]){re.escape(str(root))}(?![\w.-])", text) is not None


def _told(processes: list[psutil.Process]) -> list[str]:
    return [f"{p.pid} {' '.join(p.info['cmdline'] or [])[:120]}" for p in processes]


def _ours(layout: Layout) -> list[psutil.Process]:
    mine = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    return [
        process
        for process in psutil.process_iter(["pid", "cmdline", "cwd", "exe"])
        if process.pid not in mine
        and any(
            names_folder(layout.root, word) for word in [*(process.info["cmdline"] or []), process.info["cwd"] or ""]
        )
    ]


async def _first(work: Coroutine[None, None, None], stopped: asyncio.Event) -> bool:
    """
    Do the work unless told to stop first, which ends it; whether it was done.

    What fails once we are told to stop is no failure: Ctrl-C reaches the programs as it reaches us.
    """
    task, waiting = asyncio.create_task(work), asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not stopped.is_set():
            await task
        return not stopped.is_set()
    finally:
        waiting.cancel()
        await ended(task)


def _announce(machine: Machine, supervisor: Supervisor) -> None:
    gateways = [name.removeprefix("dal-") for name in machine.ports if name.startswith("dal-")]
    said = Running(
        **myself().model_dump(),
        url=machine.url("portal"),
        identity=machine.url("identity"),
        nats=machine.nats_url,
        pids=supervisor.pids(),
        sockets={gateway: str(machine.layout.agent_socket(gateway)) for gateway in gateways},
    )
    announce(machine.layout, said)

"""The embedded federation as a whole: made ready, started, watched, stopped."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import psutil

from fedpact.infra import ports, setup
from fedpact.infra.embedded import Machine, port_names, programs
from fedpact.infra.federation import Federation
from fedpact.infra.layout import Layout, write_secret
from fedpact.infra.supervisor import Supervisor

Say = Callable[[str], None]


class AlreadyRunningError(Exception):
    """One federation at a time a folder."""

    def __init__(self, url: str) -> None:
        super().__init__(f"it already runs at {url}: use it, or stop it with `fedpact down`")


def machine_in(root: Path, federation: Federation, models: Path) -> Machine:
    """The machine's addresses, as they were the last time as far as they are free."""
    layout = Layout(root.resolve())
    layout.make()
    return Machine(layout=layout, ports=ports.assign(port_names(federation), layout.ports), models=models)


async def serve(machine: Machine, federation: Federation, say: Say) -> None:
    """Start everything, say where it is, and stay until told to stop."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    setup.write_files(machine, federation)
    await setup.make_users(machine, say)
    everything = programs(machine, federation)
    supervisor = Supervisor(everything, say)
    applied = {0: lambda: setup.apply_topology(machine, federation)}
    starting = asyncio.create_task(supervisor.start(after=applied))
    try:
        await _first(starting, stopped)
        if not stopped.is_set():
            _announce(machine, supervisor)
            supervisor.started = lambda: _announce(machine, supervisor)
            say(f"the portal listens at {machine.url('portal')}")
            await _first(asyncio.create_task(supervisor.watch()), stopped)
    finally:
        starting.cancel()
        await supervisor.stop()
        machine.layout.running.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            machine.layout.sockets.rmdir()


def running(layout: Layout) -> dict[str, object] | None:
    """What the supervisor of this folder said of itself, if it lives."""
    if not layout.running.exists():
        return None
    said: dict[str, object] = json.loads(layout.running.read_text())
    try:
        process = psutil.Process(int(str(said["pid"])))
        alive = abs(process.create_time() - float(str(said["created"]))) < 1
    except psutil.NoSuchProcess:
        alive = False
    return said if alive else None


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


async def _first(task: asyncio.Task[None], stopped: asyncio.Event) -> None:
    waiting = asyncio.create_task(stopped.wait())
    done, _ = await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if task in done:
        task.result()


def _announce(machine: Machine, supervisor: Supervisor) -> None:
    process = psutil.Process()
    gateways = [name.removeprefix("dal-") for name in machine.ports if name.startswith("dal-")]
    said = {
        "pid": process.pid,
        "created": process.create_time(),
        "url": machine.url("portal"),
        "identity": machine.url("identity"),
        "nats": machine.nats_url,
        "pids": supervisor.pids(),
        "sockets": {gateway: str(machine.layout.agent_socket(gateway)) for gateway in gateways},
    }
    write_secret(machine.layout.running, json.dumps(said, indent=1))

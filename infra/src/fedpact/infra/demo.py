"""`fedpact demo`: starts a federation of its own, tells the story, and leaves nothing behind."""

import contextlib
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from fedpact.client.clock import Clock
from fedpact.client.oauth import Issuer
from fedpact.infra import holding, interrupts, welcome
from fedpact.infra.demo_story import Report, Story, StoryError
from fedpact.infra.demo_world import World
from fedpact.infra.errors import AlreadyRunningError
from fedpact.infra.federation import federation
from fedpact.infra.layout import Layout
from fedpact.infra.ports import PORTAL
from fedpact.infra.supervisor import end_with_parent
from fedpact.infra.up import end_leftovers, leftovers

START_SECONDS = 120.0
STOP_SECONDS = 60.0


def run(folder: Path | None, models: Path, say: Callable[[str], None], *, keep: bool) -> Report:
    """The whole demo. `keep` leaves the federation running, and says how to look at it and how to end it."""
    with interrupts.once():
        layout = Layout((folder or Path(tempfile.mkdtemp(prefix="fedpact-demo-"))).resolve())
        if keep:
            return told(layout, models, say, keep=True)
        with cleared(layout, say, ours=folder is None):
            report = told(layout, models, say)
            report.leftovers = left_behind(layout)
            if folder is None and not report.leftovers:
                shutil.rmtree(layout.root)
    return report


def told(layout: Layout, models: Path, say: Callable[[str], None], *, keep: bool = False) -> Report:
    """The story, told to a federation of its own, and how long it took."""
    report = Report()
    began = time.monotonic()
    with started(layout.root, models, say, keep=keep):
        report.timings["start"] = round(time.monotonic() - began, 2)
        try:
            Story(world_in(layout), models, layout.root / "downloads", say, report).tell()
        finally:
            if keep:
                say(farewell(layout))
    report.timings["all"] = round(time.monotonic() - began, 2)
    return report


@contextmanager
def cleared(layout: Layout, say: Callable[[str], None], *, ours: bool) -> Iterator[None]:
    """What breaks the story off leaves no key: a folder that is `ours` is removed, but for the logs when it failed."""

    def clear(kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            return
        if ours:
            _remove(layout, logs=issubclass(kind, Exception))
        with contextlib.suppress(OSError):
            say(_stays(layout))

    with contextlib.ExitStack() as after:
        after.push(clear)
        yield


def farewell(layout: Layout) -> str:
    """How to look at what goes on, and how to end it."""
    said = holding.running(layout)
    if said is None:
        return f"the federation has ended: see {layout.logs}"
    return welcome.farewell(welcome.started(said.url, layout, federation(2)), Path.cwd())


@contextmanager
def started(root: Path, models: Path, say: Callable[[str], None], *, keep: bool = False) -> Iterator[Layout]:
    """
    A federation in a process of its own below `root`, ended at the end unless it is ready and to be kept.

    What the block does not end itself, because it was broken off, is ended with it.
    """
    layout = Layout(root)
    layout.make()
    if said := holding.running(layout):
        raise AlreadyRunningError(layout.root, said.url)
    say("starting a hub, two gateways and an orchestrator: every service is a process of its own")
    argv = [sys.executable, "-m", "fedpact.infra.serve", str(root), str(models), *([str(PORTAL)] if keep else [])]
    with (layout.logs / "up.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - our own module
            argv,
            stdout=log,
            stderr=log,
            start_new_session=keep,
            preexec_fn=None if keep else end_with_parent,  # noqa: PLW1509 - there is one thread
        )
    ready = over = False
    try:
        _wait(layout, process)
        ready = True
        yield layout
        over = True
    finally:
        if not (keep and ready):
            _end(process)
            if not over:
                end_leftovers(layout)
                layout.remove_sockets()


def world_in(layout: Layout) -> World:
    """The running federation of a folder, with its people at hand."""
    said = holding.running(layout)
    if said is None:
        raise StoryError(f"the federation ended early: see {layout.logs}")
    return World(federation(2), layout, said.url, Issuer.at(said.identity, {}, Clock(), None))


def left_behind(layout: Layout) -> list[str]:
    """What should not be there any more: processes, and keys of activations."""
    sites = layout.root / "sites"
    kits = [str(path.relative_to(layout.root)) for path in sites.rglob("*.key")]
    return [*leftovers(layout), *kits]


def writable(file: Path) -> None:
    """Raises what would keep the report from being written in the end; nothing changes there yet."""
    there = file.exists()
    with file.open("a"):
        pass
    if not there:
        file.unlink()


def write(report: Report, file: Path) -> None:
    file.write_text(json.dumps(asdict(report), indent=1) + "\n")


def _remove(layout: Layout, *, logs: bool) -> None:
    """Remove the folder; `logs` stay, for whoever has to find out why."""
    for path in layout.root.iterdir():
        if path.is_dir() and not (logs and path == layout.logs):
            shutil.rmtree(path, ignore_errors=True)
        elif not path.is_dir():
            path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        layout.root.rmdir()


def _stays(layout: Layout) -> str:
    left = sorted(path.name for path in layout.root.glob("*"))
    if not left:
        return "broken off: every process is ended, and the folder with its keys is removed"
    return f"broken off: every process is ended; in {layout.root} stays {', '.join(left)}"


def _wait(layout: Layout, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while holding.running(layout) is None:
        if process.poll() is not None or time.monotonic() > deadline:
            raise StoryError(f"the federation did not start: see {layout.logs / 'up.log'}")
        time.sleep(0.1)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
        return
    process.kill()
    process.wait()

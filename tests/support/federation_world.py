"""A whole embedded federation for a test, and a hand to disturb it with."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from fedpact.infra import demo, holding
from fedpact.infra.commands import shipped_models
from fedpact.infra.demo_story import Report, Story
from fedpact.infra.layout import Layout


@contextmanager
def federation_in(folder: Path) -> Iterator[Layout]:
    """A running federation, ended at the end; then nothing of it is left outside of its folder."""
    with demo.started(folder.resolve(), shipped_models(), print) as layout:
        yield layout
    assert not layout.sockets.exists()


def story(layout: Layout, interlude: object = None) -> Story:
    told = Story(demo.world_in(layout), shipped_models(), layout.root / "downloads", print, Report())
    if interlude is not None:
        told.interlude = interlude  # type: ignore[assignment]
    return told


def process_of(layout: Layout, script: str, gateway: str | None = None) -> psutil.Process:
    """The running process of a service; of several agents the one of `gateway`. Waits while it is being restarted."""
    running = holding.running(layout)
    assert running is not None
    supervisor = psutil.Process(running.pid)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for child in supervisor.children():
            if _is(child, script, gateway):
                return child
        time.sleep(0.05)
    raise AssertionError(f"no {script} runs")


def _is(child: psutil.Process, script: str, gateway: str | None) -> bool:
    try:
        mine = any(word.endswith(f"/{script}") for word in child.cmdline())
        return mine and (gateway is None or child.environ().get("FEDPACT_AGENT_GATEWAY") == gateway)
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False


def kill(layout: Layout, script: str, gateway: str | None = None) -> None:
    """End a service without a chance to say goodbye; the supervisor starts it again."""
    process_of(layout, script, gateway).send_signal(signal.SIGKILL)

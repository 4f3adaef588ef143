"""Real servers on free ports of the loopback, for tests: started as child processes, ended by their pid."""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

BIN = Path(sys.executable).parent
PORTS = range(4_000, 12_000)
"""Below what the kernel takes for outgoing connections, and below what a federation chooses for itself."""
LEASES = 200
_leases: deque[int] = deque()


def free_port() -> int:
    """A port where nobody listens, and that no test beside this one is told of: its UDP twin is held for a while."""
    while True:
        port, lease = random.choice(PORTS), socket.socket(type=socket.SOCK_DGRAM)
        try:
            lease.bind(("127.0.0.1", port))
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            lease.close()
            continue
        _leases.append(lease.detach())
        if len(_leases) > LEASES:
            os.close(_leases.popleft())
        return port


def wait_port(port: int, seconds: float = 15.0, ended: Callable[[], object] = lambda: None) -> None:
    """Until somebody listens there, or `ended` says that whoever should has not the chance to."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and ended() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port}")


def wait_until(holds: Callable[[], bool], seconds: float = 40.0) -> None:
    """As `until` does, for a test without a loop."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.2)


async def until(look: Callable[[], Awaitable[object]], seconds: float = 10.0) -> object:
    """The first truthy answer of `look`."""
    deadline = time.monotonic() + seconds
    while True:
        found = await look()
        if found or time.monotonic() > deadline:
            assert found, "it did not come true in time"
            return found
        await asyncio.sleep(0.02)


def missing(*programs: str) -> str | None:
    """What this machine lacks, to be told by a skipped test."""
    lacking = [p for p in programs if not (BIN / p).exists() and shutil.which(p) is None]
    return f"needs {', '.join(lacking)}" if lacking else None


class Server:
    """A child process that listens on a port."""

    def __init__(self, argv: list[str], port: int, log: Path) -> None:
        self.argv, self.port, self.log = argv, port, log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(self.argv, stdout=out, stderr=out)
        try:
            wait_port(self.port, ended=self.process.poll)
        except TimeoutError:
            self.stop()
            raise TimeoutError(self.log.read_text()[-2000:]) from None

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(20)
        self.process = None

    def kill(self) -> None:
        self.stop(signal.SIGKILL)


def nats_server(folder: Path, extra: str = "") -> Server:
    port = free_port()
    config = folder / "nats.conf"
    config.write_text(f'host: 127.0.0.1\nport: {port}\njetstream {{ store_dir: "{folder}/js" }}\n{extra}\n')
    return Server([str(BIN / "nats-server"), "-c", str(config)], port, folder / "nats.log")


def mongo_server(folder: Path) -> Server:
    port = free_port()
    argv = [str(BIN / "secantusd-py"), "--host", "127.0.0.1", "--port", str(port), "--storage-path", str(folder / "db")]
    return Server([*argv, "--cache-size", "64M", "--sync-on-commit"], port, folder / "mongo.log")


@contextlib.contextmanager
def running(server: Server) -> Iterator[Server]:
    server.start()
    try:
        yield server
    finally:
        server.kill()

"""
Starts again what somebody killed: `python -m fedpact.infra.guard PROJECT`, beside the containers of a Compose project.

An engine restarts a container that ended by itself. One that was killed through the engine it takes for stopped on
purpose, and leaves. What really was stopped on purpose the engine says so of, and so does this leave it alone. Speaks
to the engine with the standard library alone, and does nothing there but listen and start.
"""

import contextlib
import http.client
import json
import queue
import socket
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

SOCKET = "/run/engine.sock"
PATIENCE = 3.0
"""Seconds for the engine to say that it was stopped on purpose, or to restart it by itself."""
PAUSE = 2.0
OVER = frozenset({"stop", "destroy", "start"})


class Engine(http.client.HTTPConnection):
    """HTTP over the engine's socket."""

    def __init__(self, path: str) -> None:
        super().__init__("engine")
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self.path)


@dataclass(slots=True)
class Watch:
    """Who died, when, and was not accounted for since."""

    patience: float = PATIENCE
    _died: dict[str, float] = field(default_factory=dict)

    def hear(self, action: str, container: str, now: float) -> None:
        """An event of the engine."""
        if action == "die":
            self._died[container] = now
        elif action in OVER:
            self._died.pop(container, None)

    def due(self, now: float) -> list[str]:
        """Containers to start; each is told once."""
        found = [container for container, at in self._died.items() if now - at >= self.patience]
        for container in found:
            del self._died[container]
        return found


def events(path: str, project: str) -> Iterator[tuple[str, str]]:
    """What happens to the project's lasting containers: action and id. Ends with the connection."""
    lasting = ["com.docker.compose.oneoff=False", f"com.docker.compose.project={project}"]
    filters = json.dumps({"type": ["container"], "event": ["die", *sorted(OVER)], "label": lasting})
    engine = Engine(path)
    try:
        engine.request("GET", f"/events?filters={quote(filters)}")
        answer = engine.getresponse()
        while line := answer.readline():
            told = json.loads(line)
            yield told["Action"], told["Actor"]["ID"]
    finally:
        engine.close()


def restarted(path: str, container: str) -> bool:
    """Whether it is a container that is to run always, which is started now."""
    engine = Engine(path)
    try:
        engine.request("GET", f"/containers/{container}/json")
        answer = engine.getresponse()
        told = json.loads(answer.read())
        if answer.status != http.HTTPStatus.OK or told["State"]["Running"]:
            return False
        if told["HostConfig"]["RestartPolicy"]["Name"] not in {"always", "unless-stopped"}:
            return False
        engine.request("POST", f"/containers/{container}/start")
        return engine.getresponse().status == http.HTTPStatus.NO_CONTENT
    finally:
        engine.close()


def listen(path: str, project: str, heard: "queue.Queue[tuple[str, str]]") -> None:
    """For ever, also when the engine goes and comes back."""
    while True:
        try:
            for event in events(path, project):
                heard.put(event)
        except (OSError, http.client.HTTPException, ValueError) as error:
            say(f"the engine does not answer: {error}")
        time.sleep(PAUSE)


def guard(path: str, project: str) -> None:
    """For ever."""
    watch, heard = Watch(), queue.Queue[tuple[str, str]]()
    threading.Thread(target=listen, args=(path, project, heard), daemon=True).start()
    while True:
        with contextlib.suppress(queue.Empty):
            watch.hear(*heard.get(timeout=0.5), time.monotonic())
        for container in watch.due(time.monotonic()):
            try:
                done = restarted(path, container)
            except (OSError, http.client.HTTPException, ValueError) as error:
                say(f"`{container[:12]}` is not started: {error}")
                watch.hear("die", container, time.monotonic())
            else:
                say(f"`{container[:12]}` was killed and is started again" if done else f"`{container[:12]}` is left")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    guard(SOCKET, sys.argv[1])

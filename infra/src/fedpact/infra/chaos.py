"""
Kills every kind of container once while the story is told, as `docker kill` does: `just compose-chaos`.

Each at a moment at which its work is needed. FLARE's own are killed when they are there, so a blow may fall later than
its moment; the story waits for nobody. Who gets up again does so by itself: nothing here helps.
"""

import http.client
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from fedpact.infra.guard import SOCKET, Engine

HUB = "fedpact-hub"
ONE, TWO = "fedpact-gateway-1", "fedpact-gateway-2"
PATIENCE = 240.0
PAUSE = 0.5
PROJECT, SERVICE = "com.docker.compose.project", "com.docker.compose.service"
AGENT, COMPONENT = "fedpact.org/agent", "app.kubernetes.io/component"


@dataclass(frozen=True, slots=True)
class Blow:
    """Whom it hits: the running container with these labels, `after` so many seconds of being there."""

    name: str
    labels: Mapping[str, str]
    after: float = 0.0


def service(project: str, name: str) -> Blow:
    return Blow(f"{project}/{name}", {PROJECT: project, SERVICE: name})


def flare(project: str, component: str, after: float) -> Blow:
    """The FLARE server or client that the agent of `project` has started."""
    return Blow(f"{project}/FLARE {component}", {AGENT: project, COMPONENT: component}, after)


BLOWS: Mapping[str, tuple[Blow, ...]] = {
    "statistics:activating": (service(HUB, "policy"), service(HUB, "scheduler"), flare(ONE, "client", 1.0)),
    "statistics:submitted": (service(HUB, "spec-lifecycle"), service(HUB, "identity"), service(TWO, "dal")),
    "statistics:deactivating": (service(HUB, "portal"), service(ONE, "agent"), service(TWO, "road")),
    "logreg:activating": (service(HUB, "mongo"), service(HUB, "entrance"), flare(HUB, "server", 2.0)),
    "logreg:submitted": (service(HUB, "orchestrator"), service(HUB, "jobs"), flare(TWO, "client", 4.0)),
    "logreg:deactivating": (service(HUB, "nats"), service(HUB, "registry"), service(TWO, "agent")),
}
"""Moment of the story -> whom it hits."""


@dataclass(slots=True)
class Chaos:
    """Strikes beside the story. `struck` are those who were hit."""

    say: Callable[[str], None]
    path: str = SOCKET
    struck: list[str] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def strike(self, moment: str) -> None:
        """Hit whom it is to hit at this moment of the story."""
        for blow in BLOWS.get(moment, ()):
            thread = threading.Thread(target=self._hit, args=(blow,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def missed(self) -> list[str]:
        """Whom no blow has hit."""
        for thread in self._threads:
            thread.join(PAUSE)
        return [blow.name for blows in BLOWS.values() for blow in blows if blow.name not in self.struck]

    def _hit(self, blow: Blow) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if found := running(self.path, blow.labels):
                time.sleep(blow.after)
                if kill(self.path, found[0]):
                    self.struck.append(blow.name)
                    self.say(f"    ({blow.name} is killed)")
                    return
            time.sleep(PAUSE)


def running(path: str, labels: Mapping[str, str]) -> list[str]:
    """The ids of the running containers that carry these labels."""
    filters = {"label": [f"{key}={value}" for key, value in labels.items()], "status": ["running"]}
    engine = Engine(path)
    try:
        engine.request("GET", f"/containers/json?filters={quote(json.dumps(filters))}")
        return [str(one["Id"]) for one in json.loads(engine.getresponse().read())]
    finally:
        engine.close()


def kill(path: str, container: str) -> bool:
    """Whether it was there to be killed."""
    engine = Engine(path)
    try:
        engine.request("POST", f"/containers/{container}/kill")
        return engine.getresponse().status == http.HTTPStatus.NO_CONTENT
    finally:
        engine.close()

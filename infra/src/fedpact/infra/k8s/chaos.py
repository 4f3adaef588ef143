"""
Deletes a pod of every kind while the story is told, each at a moment at which its work is needed.

FLARE's own are deleted once they have run for a while, so a blow may fall later than its moment; the story waits for
nobody. Who comes after a deleted pod is made by the cluster, or by the agents: nothing here helps.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fedpact.infra.k8s.cluster import Cluster, ClusterError, Json
from fedpact.infra.k8s.plan import Plan

NAME, COMPONENT = "app.kubernetes.io/name", "app.kubernetes.io/component"
HUB, ONE, TWO = "hub", "gateway-1", "gateway-2"
PATIENCE = 300.0
PAUSE = 0.5


@dataclass(frozen=True)
class Blow:
    """Who is deleted: the running pod with this label at the hub or at a gateway, `after` seconds of running."""

    site: str
    label: str
    after: float = 0.0


def pod(site: str, name: str) -> Blow:
    return Blow(site, f"{NAME}={name}")


def flare(site: str, component: str, after: float) -> Blow:
    """The FLARE server or client that this site's agent has started."""
    return Blow(site, f"{COMPONENT}={component}", after)


BLOWS: Mapping[str, tuple[Blow, ...]] = {
    "statistics:activating": (pod(HUB, "policy"), pod(HUB, "scheduler"), flare(ONE, "client", 2.0)),
    "statistics:submitted": (pod(HUB, "spec-lifecycle"), pod(HUB, "identity"), pod(TWO, "dal")),
    "statistics:deactivating": (pod(HUB, "portal"), pod(ONE, "agent"), pod(TWO, "road"), pod(ONE, "steward")),
    "logreg:activating": (pod(HUB, "mongo"), flare(HUB, "server", 3.0)),
    "logreg:submitted": (pod(HUB, "orchestrator"), pod(HUB, "jobs"), flare(TWO, "client", 6.0)),
    "logreg:deactivating": (pod(HUB, "nats"), pod(HUB, "registry"), pod(TWO, "agent")),
}
"""Moment of the story -> whom it hits. The entrance is in the orchestrator's pod."""


@dataclass(slots=True)
class Chaos:
    """Strikes beside the story. `struck` are those that were hit."""

    cluster: Cluster
    plan: Plan
    say: Callable[[str], None]
    struck: list[Blow] = field(default_factory=list)
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
        return [f"{blow.site} {blow.label}" for blows in BLOWS.values() for blow in blows if blow not in self.struck]

    def _hit(self, blow: Blow) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and blow not in self.struck:
            if name := self._running(blow):
                time.sleep(blow.after)
                self._delete(blow, name)
            time.sleep(PAUSE)

    def _running(self, blow: Blow) -> str:
        try:
            pods = self.cluster.found("pods", f"--namespace={self._space(blow)}", f"--selector={blow.label}")
        except ClusterError:
            return ""  # asked again
        return next((one["metadata"]["name"] for one in pods if _runs(one)), "")

    def _delete(self, blow: Blow, name: str) -> None:
        space = self._space(blow)
        try:
            self.cluster.kubectl("delete", "pod", name, f"--namespace={space}", "--wait=false")
        except ClusterError:
            return  # it ended before; the next one is hit
        self.struck.append(blow)
        self.say(f"    ({space}/{name} is deleted)")

    def _space(self, blow: Blow) -> str:
        found = {custodian.gateway: self.plan.space(custodian) for custodian in self.plan.members.custodians}
        return found.get(blow.site, self.plan.hub)


def _runs(pod: Json) -> bool:
    return pod["status"]["phase"] == "Running" and "deletionTimestamp" not in pod["metadata"]

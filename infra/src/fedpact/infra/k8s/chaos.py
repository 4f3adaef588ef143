"""Deletes pods while the story is told: each kind once, at a moment at which its work is needed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fedpact.infra.k8s.cluster import Cluster
from fedpact.infra.k8s.plan import Plan

NAME = "app.kubernetes.io/name"
SERVER = "app.kubernetes.io/component=server"
CLIENT = "app.kubernetes.io/component=client"


@dataclass(frozen=True)
class Blow:
    """Who is deleted: pods of these labels, at the hub or at a gateway."""

    site: str
    labels: str


def _of(site: str, *names: str) -> tuple[Blow, ...]:
    return tuple(Blow(site, f"{NAME}={name}") for name in names)


BLOWS: Mapping[str, tuple[Blow, ...]] = {
    "statistics:activating": (*_of("hub", "policy", "scheduler"), Blow("gateway-1", CLIENT)),
    "statistics:submitted": (*_of("hub", "spec-lifecycle", "identity"), *_of("gateway-1", "dal")),
    "statistics:deactivating": (*_of("hub", "portal"), *_of("gateway-2", "agent")),
    "logreg:activating": (*_of("hub", "mongo", "registry"), *_of("gateway-1", "agent"), Blow("hub", SERVER)),
    "logreg:submitted": (*_of("hub", "orchestrator", "jobs"), *_of("gateway-2", "dal")),
    "logreg:deactivating": _of("hub", "nats"),
}
"""Moment of the story -> whom it hits."""


@dataclass(frozen=True)
class Chaos:
    cluster: Cluster
    plan: Plan
    say: Callable[[str], None]
    struck: list[str] = field(default_factory=list)

    def strike(self, moment: str) -> None:
        """Delete whom it hits now, without waiting for those who come after them."""
        for blow in BLOWS.get(moment, ()):
            space = self._space(blow.site)
            pods = self.cluster.found("pods", f"--namespace={space}", f"--selector={blow.labels}")
            for pod in (one["metadata"]["name"] for one in pods):
                self.cluster.kubectl("delete", "pod", pod, f"--namespace={space}", "--wait=false", "--ignore-not-found")
                self.struck.append(f"{space}/{pod}")
                self.say(f"    ({space}/{pod} is deleted at {moment})")

    def _space(self, site: str) -> str:
        found = {custodian.gateway: self.plan.space(custodian) for custodian in self.plan.members.custodians}
        return found.get(site, self.plan.hub)

"""
What the demo asks of the charts, as values: a hub and a gateway for each custodian, each in a namespace of its own.

Gateways are enrolled, as those at other sites are. Small enough for a node with two cores. What the gateways may give
away is far more than there is, so that the cluster itself, and not a gateway's own books, says what it has no room for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from fedpact.contracts.pact import Demand, Resources
from fedpact.infra.federation import Custodian, Federation, federation
from fedpact.infra.k8s.cluster import Json
from fedpact.infra.k8s.ground import CLASS, Claim

GATEWAYS = 2
PULL = "registry"
DEMAND = Demand(clients=Resources(cpu=0.25, memory=1024), server=Resources(cpu=0.25, memory=768))
"""What the story's specs ask for."""
CORES, MEGABYTES = 1000, 1_000_000
"""What each site says that it has."""
FOLDER = "/var/lib/fedpact-demo"
HELD = {"requests": {"cpu": "20m", "memory": "128Mi"}, "limits": {"memory": "1Gi"}}
KEPT = {"storage": "1Gi", "className": CLASS, "resources": HELD}
HUB_CLAIMS = ("identity", "jobs", "orchestrator", "data-nats-0", "data-mongo-0")
GATEWAY_CLAIMS = ("agent", "dal", "sockets")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`images` are references pinned by digest, by the digest of the package that they hold."""

    prefix: str
    repository: str
    tag: str
    images: Mapping[str, str]
    nats: str
    mongo: str
    folder: str = FOLDER
    login: bytes = field(default=b"", repr=False)
    """To the registry; as `docker login` writes it."""
    members: Federation = field(default_factory=lambda: replace(federation(GATEWAYS), enrolling=True))

    @property
    def pull_secrets(self) -> tuple[str, ...]:
        return (PULL,) if self.login else ()

    @property
    def hub(self) -> str:
        """The hub's namespace."""
        return f"{self.prefix}-hub"

    @property
    def bus(self) -> str:
        """The name that gateways find the bus by, which its certificate has to show."""
        return f"nats.{self.hub}"

    def space(self, custodian: Custodian) -> str:
        """The namespace of a custodian's gateway."""
        return f"{self.prefix}-{custodian.gateway}"

    @property
    def spaces(self) -> tuple[str, ...]:
        return (self.hub, *(self.space(custodian) for custodian in self.members.custodians))

    @property
    def claims(self) -> tuple[Claim, ...]:
        ours = [Claim(self.hub, name) for name in HUB_CLAIMS]
        theirs = [Claim(self.space(one), name) for one in self.members.custodians for name in GATEWAY_CLAIMS]
        return (*ours, *theirs)

    def data(self, gateway: str) -> str:
        """Where a gateway's tables are, below the folder."""
        return f"data/{gateway}"

    def hub_values(self, port: int) -> Json:
        """`port` of this machine is the portal's."""
        gateways = [_within(self.space(custodian)) for custodian in self.members.custodians]
        return {
            "image": self._image(),
            "urls": {"portal": f"http://127.0.0.1:{port}"},
            "owners": [custodian.organization for custodian in self.members.custodians],
            "enrolment": {"bus": f"tls://{self.bus}:4222"},
            "services": {"resources": HELD, "storage": {"className": CLASS, "identity": "1Gi", "jobs": "1Gi"}},
            "orchestrator": {**KEPT, "flare": self._flare(), "guarded": False},
            "workloads": self._workloads(),
            "models": self._models(),
            "nats": {"image": self.nats, "service": "ClusterIP", **KEPT},
            "mongo": {"image": self.mongo, **KEPT},
            "network": {"gateways": gateways},
        }

    def gateway_values(self, custodian: Custodian) -> Json:
        return {
            "image": self._image(),
            "tenant": custodian.organization,
            "gateway": custodian.gateway,
            "hub": {
                "nats": f"tls://{self.bus}:4222",
                "flare": f"entrance.{self.hub}:8443",
                "peers": [_within(self.hub)],
            },
            "dal": {
                "sources": {"files": {"folder": f"{self.folder}/{self.data(custodian.gateway)}"}},
                "persistence": {"enabled": True, "size": "1Gi", "className": CLASS},
                "resources": HELD,
            },
            "road": {"resources": HELD},
            "agent": {**KEPT, "guarded": False},
            "workloads": self._workloads(),
            "models": self._models(),
            "cilium": {"enabled": False},
        }

    def _flare(self) -> Json:
        return {"host": f"entrance.{self.hub}", "service": "ClusterIP", "resources": HELD}

    def _image(self) -> Json:
        return {"repository": self.repository, "tag": self.tag, "pullSecrets": list(self.pull_secrets)}

    def _workloads(self) -> Json:
        return {"launcher": "kubernetes", "cpu": CORES, "memory": MEGABYTES, "pullSecrets": list(self.pull_secrets)}

    def _models(self) -> Json:
        return {"folder": f"{self.folder}/models", "images": dict(self.images)}


def _within(namespace: str) -> Json:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}

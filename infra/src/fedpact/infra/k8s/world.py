"""
The people of the demo, where the federation is in a cluster: they come in by `kubectl`, with secrets of their own.

Nobody logs in by name there. What a person's password would be elsewhere is here the secret of an account, made with
the federation's other secrets; a way to the portal is a port of this machine that `kubectl` forwards.
"""

import hashlib
import json
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fedpact.client.clock import Clock
from fedpact.client.errors import FedpactError
from fedpact.client.fedpact import Fedpact
from fedpact.client.flows import Patience
from fedpact.client.hub import Options
from fedpact.client.oauth import Issuer
from fedpact.client.tokens import ServiceAccount
from fedpact.infra.demo_table import Table
from fedpact.infra.demo_world import DATASET, World
from fedpact.infra.k8s.cluster import Cluster, ClusterError, until
from fedpact.infra.layout import Layout, write_secret
from fedpact.infra.secrets import password

PATIENCE = Patience(tries=9)
"""A pod that is taken away is back within a minute."""
AGAIN = 1.0


def own_secrets(layout: Layout) -> None:
    """Give everybody a secret, whose hash is all that the hub learns."""
    path = layout.hub / "identity.json"
    told: dict[str, Any] = json.loads(path.read_text())
    for user in told["users"]:
        secret = password(layout.secrets / f"{user['user']}.account")
        user["secret_hash"] = hashlib.sha256(secret.encode()).hexdigest()
    write_secret(path, json.dumps(told))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterWorld(World):
    """`spaces` are the namespaces of the gateways; tables lie there already, below `folders`."""

    cluster: Cluster
    spaces: dict[str, str]
    folders: dict[str, str]

    def user(self, name: str) -> Fedpact:
        source = ServiceAccount(
            client=name, secret_file=self.layout.secrets / f"{name}.account", issuer=lambda: self.issuer
        )
        until(lambda: _answers(source), f"the login of `{name}`")
        return Fedpact(self.portal, source, Options(patience=PATIENCE))

    def register_data(self, parts: Sequence[Table]) -> list[str]:
        """Each steward registers its table in the pod that is there for it."""
        del parts
        return [self._offer(custodian.gateway, custodian.organization) for custodian in self.federation.custodians]

    def _offer(self, gateway: str, organization: str) -> str:
        path = f"{self.folders[gateway]}/{DATASET}/table.csv"
        words = ("fedpact", "datasets", "register", DATASET, path)
        space = f"--namespace={self.spaces[gateway]}"
        until(lambda: _done(lambda: self.cluster.kubectl("exec", space, "deployment/steward", "--", *words)), gateway)
        return f"{DATASET}_{gateway}_{organization}"


@contextmanager
def forwarded(cluster: Cluster, namespace: str, service: str, port: int) -> Iterator[str]:
    """The address on this machine at which the service is reached, also after its pod was replaced."""
    over = threading.Event()
    running: list[subprocess.Popen[bytes]] = []
    words = ("port-forward", f"--namespace={namespace}", f"service/{service}", f"{port}:8080")
    command = ["kubectl", "--kubeconfig", str(cluster.kubeconfig), *words, "--address=127.0.0.1"]

    def forward() -> None:
        while not over.is_set():
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
            running[:] = [process]
            process.wait()
            over.wait(AGAIN)

    thread = threading.Thread(target=forward, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        over.set()
        while thread.is_alive():
            for process in running:
                process.terminate()
            thread.join(AGAIN)


def issuer_at(url: str) -> Issuer:
    return Issuer.at(url, {}, Clock(), None)


def _answers(source: ServiceAccount) -> bool:
    try:
        return bool(source.token())
    except FedpactError:
        return False


def _done(work: Callable[[], object]) -> bool:
    try:
        work()
    except ClusterError:
        return False
    return True

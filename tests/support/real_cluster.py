"""
A real Kubernetes API server with its store, for tests, where `kube-apiserver` and `etcd` are installed.

Nothing else of a cluster runs: objects are kept, validated, authorized and watched for real; what becomes of a pod, tests
say through the API. The programs are looked for on the search path and in the folder that FEDPACT_TEST_KUBERNETES names.
"""

import json
import os
import secrets
import shutil
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from servers import free_port

FOLDER = "FEDPACT_TEST_KUBERNETES"
SECONDS = 60.0
AGENT = "agent"


@dataclass(frozen=True)
class ApiServer:
    """Where it is, and who may speak to it: an administrator, and an agent without any right."""

    url: str
    certificate: Path
    tokens: dict[str, str]

    def kubeconfig(self, user: str, folder: Path) -> Path:
        path = folder / f"{user}.json"
        cluster = {"server": self.url, "certificate-authority": str(self.certificate)}
        path.write_text(json.dumps(kubeconfig(cluster, {"token": self.tokens[user]})))
        return path


def kubeconfig(cluster: dict[str, str], user: dict[str, str]) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }


def api_server_lacks() -> str:
    missing = [name for name in ("etcd", "kube-apiserver", "openssl") if _program(name) is None]
    return f"needs {' and '.join(missing)} (on the search path or in the folder {FOLDER} names)" if missing else ""


@contextmanager
def api_server(folder: Path) -> Iterator[ApiServer]:
    """A server of its own, ended at the end."""
    tokens = {user: secrets.token_hex(16) for user in ("admin", AGENT)}
    port, store, peer = free_port(), free_port(), free_port()
    (folder / "tokens.csv").write_text(
        f"{tokens['admin']},admin,admin,system:masters\n{tokens[AGENT]},{AGENT},{AGENT},\n"
    )
    with ExitStack() as stack:
        stack.enter_context(_running(folder, "etcd", *_etcd(folder, store, peer)))
        stack.enter_context(_running(folder, "kube-apiserver", *_server(folder, store, port)))
        made = ApiServer(f"https://127.0.0.1:{port}", folder / "certs" / "apiserver.crt", tokens)
        _wait(made, folder)
        yield made


def _etcd(folder: Path, client: int, peer: int) -> tuple[str, ...]:
    clients, peers = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
    return (
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={clients}",
        f"--advertise-client-urls={clients}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=default={peers}",
        "--unsafe-no-fsync",
    )


def _server(folder: Path, store: int, port: int) -> tuple[str, ...]:
    key = folder / "sa.key"
    subprocess.run([str(_program("openssl")), "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
    return (
        f"--etcd-servers=http://127.0.0.1:{store}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'certs'}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--service-cluster-ip-range=10.96.0.0/24",
        "--disable-admission-plugins=ServiceAccount",
    )


@contextmanager
def _running(folder: Path, program: str, *options: str) -> Iterator[None]:
    with (folder / f"{program}.log").open("wb") as log:
        process = subprocess.Popen([str(_program(program)), *options], stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(server: ApiServer, folder: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while not _ready(server):
        assert time.monotonic() < deadline, (folder / "kube-apiserver.log").read_text()[-2000:]
        time.sleep(0.2)


def _ready(server: ApiServer) -> bool:
    try:
        context = ssl.create_default_context(cafile=str(server.certificate))
        asked = urllib.request.Request(
            f"{server.url}/readyz", headers={"Authorization": f"Bearer {server.tokens['admin']}"}
        )
        with urllib.request.urlopen(asked, timeout=5, context=context) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _program(name: str) -> str | None:
    folder = os.environ.get(FOLDER)
    return shutil.which(name, path=f"{folder}{os.pathsep}{os.environ['PATH']}" if folder else None)

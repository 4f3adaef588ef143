"""
What the charts find on a cluster that has nothing yet: volumes on one node, with models, tables and empty folders.

A folder of the node belongs to root, and no pod of ours is root's: a pod in a namespace of its own, that is gone when
the ground is taken away again, makes the folders and gives them to the user that the services run as.
"""

import io
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fedpact.infra.k8s.cluster import Cluster, Json

NOBODY = 65532
"""Runs the services, and owns what they write to."""
CLASS = "fedpact-demo"
"""The storage class of our volumes; there need be no object of it."""
INSIDE = "/node"
HANDS = "hands"
UNPACK = "import sys, tarfile; tarfile.open(fileobj=sys.stdin.buffer, mode='r|').extractall(sys.argv[1])"
REMOVE = "import os, shutil, sys; os.path.lexists(sys.argv[1]) and shutil.rmtree(sys.argv[1])"
RIGHTS = ("CHOWN", "DAC_OVERRIDE", "FOWNER")
PART, OURS = "app.kubernetes.io/part-of", "fedpact-demo"
"""The label of everything that no chart made."""


@dataclass(frozen=True)
class Claim:
    """A claim that a chart makes, and is to find a volume for."""

    namespace: str
    name: str
    size: str = "1Gi"

    @property
    def folder(self) -> str:
        return f"volumes/{self.namespace}/{self.name}"


@dataclass(frozen=True)
class Ground:
    """`folder` is absolute, on `node`, and ours alone; `image` has a Python, `login` a Secret to fetch it with."""

    cluster: Cluster
    namespace: str
    node: str
    folder: str
    image: str
    login: Json | None = None

    def lay(self, claims: Sequence[Claim], files: Mapping[str, bytes], trees: Mapping[str, Path]) -> None:
        """Make folders and volumes. `files` and `trees` are what lies there, by its path below the folder."""
        archive = packed([claim.folder for claim in claims], files, trees)
        with self._hands():
            self._do(UNPACK, archive)
        self.cluster.apply([self._volume(claim) for claim in claims])

    def clear(self) -> None:
        """Leave nothing of it."""
        self.cluster.kubectl("delete", "persistentvolumes", f"--selector={PART}={OURS}", "--wait=true")
        with self._hands():
            self._do(REMOVE)

    def path(self, inner: str) -> str:
        """Where that is on the node."""
        return f"{self.folder}/{inner}"

    @contextmanager
    def _hands(self) -> Iterator[None]:
        """A pod that may write to the node, as long as it is needed."""
        labels = {PART: OURS, "pod-security.kubernetes.io/enforce": "privileged"}
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace, "labels": labels}}
        self.cluster.apply([space])
        try:
            self.cluster.apply([*([self.login] if self.login else ()), self._pod()], self.namespace)
            ready = ("wait", "--for=condition=Ready", f"pod/{HANDS}", f"--namespace={self.namespace}", "--timeout=90s")
            self.cluster.kubectl(*ready)
            yield
        finally:
            self.cluster.kubectl("delete", "namespace", self.namespace, "--wait=true")

    def _do(self, script: str, given: bytes = b"") -> None:
        inside = f"{INSIDE}/{PurePosixPath(self.folder).name}"
        words = ("exec", "--stdin", HANDS, f"--namespace={self.namespace}", "--", "python", "-c", script, inside)
        self.cluster.kubectl(*words, given=given)

    def _pod(self) -> Json:
        hands = {
            "name": HANDS,
            "image": self.image,
            "imagePullPolicy": "IfNotPresent",
            "command": ["sleep", "600"],
            "volumeMounts": [{"name": "node", "mountPath": INSIDE}],
            "securityContext": {"runAsUser": 0, "capabilities": {"drop": ["ALL"], "add": [*RIGHTS]}},
        }
        around = str(PurePosixPath(self.folder).parent)
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": HANDS, "namespace": self.namespace, "labels": {PART: OURS}},
            "spec": {
                "nodeName": self.node,
                "restartPolicy": "Never",
                "terminationGracePeriodSeconds": 0,
                "automountServiceAccountToken": False,
                "imagePullSecrets": [{"name": self.login["metadata"]["name"]}] if self.login else [],
                "containers": [hands],
                "volumes": [{"name": "node", "hostPath": {"path": around, "type": "Directory"}}],
            },
        }

    def _volume(self, claim: Claim) -> Json:
        here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [self.node]}
        return {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": f"{CLASS}-{claim.namespace}-{claim.name}", "labels": {PART: OURS}},
            "spec": {
                "capacity": {"storage": claim.size},
                "accessModes": ["ReadWriteOnce"],
                "persistentVolumeReclaimPolicy": "Retain",
                "storageClassName": CLASS,
                "claimRef": {"namespace": claim.namespace, "name": claim.name},
                "hostPath": {"path": self.path(claim.folder), "type": "Directory"},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
            },
        }


def packed(folders: Sequence[str], files: Mapping[str, bytes], trees: Mapping[str, Path]) -> bytes:
    """All of it as an archive whose owner is the user of the services."""
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w") as archive:
        for folder in folders:
            _add(archive, _entry(folder, tarfile.DIRTYPE, 0o700))
        for path, content in sorted(files.items()):
            _add(archive, _entry(path, tarfile.REGTYPE, 0o600), content)
        for path, tree in sorted(trees.items()):
            archive.add(tree, arcname=path, filter=_ours)
    return into.getvalue()


def _entry(path: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(path)
    entry.type, entry.mode = kind, mode
    return entry


def _add(archive: tarfile.TarFile, entry: tarfile.TarInfo, content: bytes = b"") -> None:
    entry.size = len(content)
    entry.uid = entry.gid = NOBODY
    archive.addfile(entry, io.BytesIO(content))


def _ours(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Without what Python leaves behind."""
    if {"__pycache__", ".venv"} & set(PurePosixPath(entry.name).parts) or entry.name.endswith(".egg-info"):
        return None
    entry.uid = entry.gid = NOBODY
    entry.uname = entry.gname = ""
    return entry

"""
A Kubernetes cluster as an operator has it: `kubectl`, and Helm as a program or as a library.

Everything goes to the one kubeconfig that was given, never to whatever cluster the machine's user happens to be in.
"""

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]
SECONDS = 120
LOOK = 0.5


class ClusterError(Exception):
    """The cluster did not do what it was asked for; the text says what it said."""


@dataclass(frozen=True)
class Cluster:
    """One cluster, as somebody who may make namespaces and volumes in it; `charts` is the folder of ours."""

    kubeconfig: Path
    charts: Path

    def kubectl(self, *words: str, given: bytes = b"", seconds: float = SECONDS) -> str:
        """What `kubectl` says; raises what it complains about."""
        command = ["kubectl", "--kubeconfig", str(self.kubeconfig), *words]
        try:
            done = subprocess.run(command, input=given, capture_output=True, check=False, timeout=seconds)  # noqa: S603
        except subprocess.TimeoutExpired as late:
            raise ClusterError(f"`kubectl {' '.join(words[:3])}` did not end in {seconds:.0f} s") from late
        except FileNotFoundError as missing:
            raise ClusterError("`kubectl` is not on the search path: install it") from missing
        if done.returncode:
            raise ClusterError(f"`kubectl {' '.join(words[:3])}`: {done.stderr.decode().strip()[-2000:]}")
        return done.stdout.decode()

    def apply(self, objects: Sequence[Json], namespace: str = "") -> None:
        """Have them in the cluster."""
        if not objects:
            return
        within = ("--namespace", namespace) if namespace else ()
        listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}).encode()
        self.kubectl("apply", *within, "--filename", "-", given=listed)

    def found(self, kinds: str, *words: str) -> list[Json]:
        """The objects of these kinds; `words` choose among them (`--all-namespaces`, `--selector=...`)."""
        items: list[Json] = json.loads(self.kubectl("get", kinds, "--output=json", *words))["items"]
        return items

    def install(self, chart: str, namespace: str, values: Json) -> None:
        """The chart of that name as a release of the same name. What it starts is waited for by others."""
        if shutil.which("helm"):
            self._helm("install", chart, str(self.charts / chart), namespace=namespace, values=values)
            return
        with _library().Config(kubeconfig_path=self.kubeconfig, namespace=namespace) as config:
            _told(lambda: config.install(str(self.charts / chart), chart, values, namespace=namespace))

    def uninstall(self, chart: str, namespace: str) -> None:
        """End the release; there may be none."""
        if shutil.which("helm"):
            self._helm("uninstall", chart, "--ignore-not-found", namespace=namespace)
            return
        with _library().Config(kubeconfig_path=self.kubeconfig, namespace=namespace) as config:
            _told(lambda: config.uninstall(chart, ignore_not_found=True))

    def _helm(self, *words: str, namespace: str, values: Json | None = None) -> None:
        options = ["--kubeconfig", str(self.kubeconfig), "--namespace", namespace]
        command = ["helm", *words, *options, *(["--values", "-"] if values is not None else [])]  # JSON is YAML
        given = json.dumps(values).encode()
        done = subprocess.run(command, input=given, capture_output=True, check=False)  # noqa: S603 - our own words
        if done.returncode:
            raise ClusterError(f"`helm {' '.join(words[:2])}`: {done.stderr.decode().strip()[-2000:]}")


def until(holds: Callable[[], bool], what: str, seconds: float = SECONDS) -> None:
    """Wait for it."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise ClusterError(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(LOOK)


def _library() -> Any:
    try:
        import helm_python  # noqa: PLC0415 - not everywhere
    except ImportError as missing:
        raise ClusterError(
            "Helm is not here: install the program `helm`, or the package `helm-python-sdk`"
        ) from missing
    return helm_python


def _told(work: Callable[[], object]) -> None:
    try:
        work()
    except _library().HelmError as error:
        raise ClusterError(f"helm: {error}") from error

"""
`just k8s-demo`: both charts on a cluster, the story told to them, everything taken away, and nothing left.

Whatever goes wrong in between, what was made is taken away again, unless it is to be kept for a look. It makes three
namespaces for the charts and for a moment a fourth one, volumes in a folder of one node, and nothing else.
"""

import base64
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

from fedpact.infra import containers
from fedpact.infra.demo_story import Report, Story
from fedpact.infra.demo_table import load, split
from fedpact.infra.demo_world import DATASET
from fedpact.infra.k8s import room
from fedpact.infra.k8s.chaos import Chaos
from fedpact.infra.k8s.cluster import Cluster, ClusterError, Json, until
from fedpact.infra.k8s.enrolling import enroll
from fedpact.infra.k8s.ground import OURS, PART, Ground
from fedpact.infra.k8s.plan import DEMAND, PULL, Plan
from fedpact.infra.k8s.world import ClusterWorld, forwarded, issuer_at, own_secrets
from fedpact.infra.layout import Layout
from fedpact.infra.ports import assign

MODELS = ("statistics", "logreg")
READY_SECONDS = 300.0
GONE_SECONDS = 180.0
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
Say = Callable[[str], None]


@dataclass(kw_only=True)
class Demo:
    """One run. `folder` is on this machine, for the federation's secrets; it goes too."""

    cluster: Cluster
    plan: Plan
    folder: Path
    models: Path
    say: Say
    chaos: bool = False
    report: Report = field(default_factory=Report)

    def run(self, *, keep: bool) -> Report:
        """Install, tell, uninstall."""
        if there := self.left():
            raise ClusterError(f"an earlier demo is still there ({', '.join(there[:5])}): `--clean` takes it away")
        try:
            self._timed("install", self._install)
            with self._world() as world:
                self._timed("enrolment", lambda: self._enroll(world))
                self._timed("ready", lambda: self._wait_until_ready(self.plan.spaces))
                self._tell(world)
        finally:
            if not keep:
                self._timed("uninstall", self.clear)
        return self.report

    def clear(self) -> None:
        """Take away whatever there is of a demo."""
        for space in (*self.plan.spaces[1:], self.plan.hub):
            if self.cluster.found("namespaces", f"--field-selector=metadata.name={space}"):
                self.cluster.uninstall("hub" if space == self.plan.hub else "gateway", space)
        spaces = [one["metadata"]["name"] for one in self.cluster.found("namespaces", self._ours)]
        if spaces:
            self.cluster.kubectl("delete", "namespaces", *spaces, "--wait=true", seconds=GONE_SECONDS)
        self._ground.clear()

    def left(self) -> list[str]:
        """What there is of a demo in the cluster."""
        own = self.cluster.found("namespaces,persistentvolumes", self._ours)
        charts = self.cluster.found("persistentvolumes", "--selector=app.kubernetes.io/part-of=fedpact")
        mine = [one for one in charts if one["spec"]["claimRef"]["namespace"] in self.plan.spaces]
        inside = self.cluster.found("pods,secrets", "--all-namespaces")
        theirs = [one for one in inside if one["metadata"]["namespace"] in self.plan.spaces]
        return sorted(f"{one['kind'].lower()}/{one['metadata']['name']}" for one in (*own, *mine, *theirs))

    def _install(self) -> None:
        layout = Layout(self.folder)
        containers.prepare(layout, self.plan.members, names=[self.plan.bus])
        own_secrets(layout)
        self._ground.lay(self.plan.claims, self._files(), {f"models/{name}": self.models / name for name in MODELS})
        labels = {**RESTRICTED, PART: OURS}
        named = [{"name": space, "labels": labels} for space in self.plan.spaces]
        self.cluster.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": metadata} for metadata in named])
        for space in self.plan.spaces:
            self.cluster.apply([self._login] if self._login else [], space)
        self.say("a hub, and a gateway for each of two hospitals, each in a namespace of its own")
        self.cluster.apply(self._objects("hub", str(layout.root)), self.plan.hub)
        self.cluster.install("hub", self.plan.hub, self.plan.hub_values(self._port))

    def _enroll(self, world: ClusterWorld) -> None:
        self._wait_until_ready((self.plan.hub,))
        for custodian in self.plan.members.custodians:
            folder, space = enroll(world, custodian), self.plan.space(custodian)
            self.say(f"{custodian.gateway} is enrolled, with a key of its own")
            self.cluster.apply(self._objects("enrolled", str(folder)), space)
            self.cluster.install("gateway", space, self.plan.gateway_values(custodian))

    def _objects(self, *words: str) -> list[Json]:
        script = str(self.cluster.charts / "objects.py")
        done = subprocess.run([sys.executable, "-I", script, *words], capture_output=True, check=False)  # noqa: S603
        if done.returncode:
            raise ClusterError(done.stderr.decode().strip())
        items: list[Json] = json.loads(done.stdout)["items"]
        return items

    def _files(self) -> dict[str, bytes]:
        _, parts = split(load(), len(self.plan.members.custodians))
        custodians = self.plan.members.custodians
        return {
            f"{self.plan.data(custodian.gateway)}/{DATASET}/table.csv": part.csv().encode()
            for custodian, part in zip(custodians, parts, strict=True)
        }

    def _wait_until_ready(self, spaces: Sequence[str]) -> None:
        for space in spaces:
            until(partial(self._ready, space), f"the pods of {space} to be ready", READY_SECONDS)

    def _ready(self, space: str) -> bool:
        pods = self.cluster.found("pods", f"--namespace={space}")
        return bool(pods) and all(pod["status"]["phase"] == "Succeeded" or _is_ready(pod) for pod in pods)

    def _tell(self, world: ClusterWorld) -> None:
        chaos = Chaos(self.cluster, self.plan, self.say)
        story = Story(
            world,
            self.models,
            self.folder / "downloads",
            self.say,
            self.report,
            interlude=chaos.strike if self.chaos else lambda _: None,
            demand=DEMAND,
            patience=600.0 if self.chaos else 240.0,
        )
        self._timed("story", story.tell)
        if self.chaos and (missed := chaos.missed()):
            raise ClusterError(f"nobody was there to be deleted: {', '.join(missed)}")
        self._timed("room", lambda: room.show(self.cluster, self.plan, story))

    @contextmanager
    def _world(self) -> Iterator[ClusterWorld]:
        custodians = self.plan.members.custodians
        with forwarded(self.cluster, self.plan.hub, "portal", self._port) as portal:
            yield ClusterWorld(
                federation=self.plan.members,
                layout=Layout(self.folder),
                portal=portal,
                issuer=issuer_at(f"{portal}/identity"),
                cluster=self.cluster,
                spaces={one.gateway: self.plan.space(one) for one in custodians},
                folders={one.gateway: f"{self.plan.folder}/{self.plan.data(one.gateway)}" for one in custodians},
            )

    @cached_property
    def _port(self) -> int:
        """Where on this machine the portal is found; what is told there names the same address."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return assign(("portal",), self.folder / "ports.json")["portal"]

    @cached_property
    def _ground(self) -> Ground:
        image = f"{self.plan.repository}/infra:{self.plan.tag}"
        space = f"{self.plan.prefix}-ground"
        return Ground(self.cluster, space, _node(self.cluster), self.plan.folder, image, self._login)

    @property
    def _login(self) -> Json | None:
        """To fetch images with, as a Secret."""
        if not self.plan.login:
            return None
        data = {".dockerconfigjson": base64.b64encode(self.plan.login).decode()}
        kind = "kubernetes.io/dockerconfigjson"
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": PULL}, "type": kind, "data": data}

    @property
    def _ours(self) -> str:
        return f"--selector={PART}={OURS}"

    def _timed(self, phase: str, work: Callable[[], object]) -> None:
        began = time.monotonic()
        work()
        self.report.timings[phase] = round(time.monotonic() - began, 2)
        self.say(f"{phase}: {self.report.timings[phase]:.0f} s")


def _is_ready(pod: Json) -> bool:
    return any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", ()))


def _node(cluster: Cluster) -> str:
    """The node that gets the volumes."""
    names = [one["metadata"]["name"] for one in cluster.found("nodes") if not one["spec"].get("unschedulable")]
    if not names:
        raise ClusterError("no node of the cluster takes pods")
    return str(min(names))

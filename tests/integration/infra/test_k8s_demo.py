"""What the demo asks of a cluster fits the charts; and, where a cluster is named, the demo itself with all its deletions."""

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from charts import FOLDER, Json, breaches, helm_lacks, pods, rendered

from fedpact.infra.k8s.chaos import BLOWS, COMPONENT, NAME
from fedpact.infra.k8s.ground import CLASS, NOBODY, packed
from fedpact.infra.k8s.plan import Plan
from fedpact.infra.k8s.room import asked

KUBECONFIG, OPTIONS = "FEDPACT_TEST_KUBECONFIG", "FEDPACT_TEST_KUBERNETES_OPTIONS"
PLAN = Plan(
    prefix="fedpact-demo",
    repository="registry.example.org/fedpact",
    tag="0.1.0",
    images={f"sha256:{'a' * 64}": f"registry.example.org/fedpact/model-logreg@sha256:{'b' * 64}"},
    nats="nats:2-alpine",
    mongo="mongo:8",
)
needs_helm = pytest.mark.skipif(bool(helm_lacks()), reason=helm_lacks())


def charts() -> dict[str, list[Json]]:
    """Namespace -> what is installed in it."""
    hub = rendered("hub", PLAN.hub_values(7070))
    theirs = {PLAN.space(one): rendered("gateway", PLAN.gateway_values(one)) for one in PLAN.members.custodians}
    return {PLAN.hub: hub, **theirs}


@needs_helm
def test_every_claim_finds_a_volume_and_no_volume_is_left_over() -> None:
    claimed = set()
    for space, objects in charts().items():
        for one in objects:
            if one["kind"] == "PersistentVolumeClaim" and one["spec"].get("storageClassName") == CLASS:
                claimed.add((space, one["metadata"]["name"]))
            for template in one.get("spec", {}).get("volumeClaimTemplates", ()):
                claimed.add((space, f"{template['metadata']['name']}-{one['metadata']['name']}-0"))
    assert claimed == {(claim.namespace, claim.name) for claim in PLAN.claims}


@needs_helm
def test_its_pods_fit_a_namespace_that_is_restricted_and_a_node_with_two_cores() -> None:
    found = [pod for objects in charts().values() for _, pod in pods(objects)]
    assert [breaches(pod) for pod in found] == [[]] * len(found)
    assert sum(asked(pod) for pod in found) < 1


def test_gateways_find_the_bus_by_the_name_of_its_certificate_and_are_told_so() -> None:
    told = PLAN.hub_values(7070)["enrolment"]["bus"]
    assert {PLAN.gateway_values(one)["hub"]["nats"] for one in PLAN.members.custodians} == {told}
    assert told == f"tls://{PLAN.bus}:4222"


@needs_helm
def test_a_pod_of_every_kind_is_deleted_once() -> None:
    names = {name for objects in charts().values() for name, _ in pods(objects) if not name.startswith("settle")}
    hit = {blow.label for blows in BLOWS.values() for blow in blows}
    assert hit == {f"{NAME}={name}" for name in names} | {f"{COMPONENT}=server", f"{COMPONENT}=client"}


def test_what_lies_on_the_node_belongs_to_the_user_of_the_services(tmp_path: Path) -> None:
    (tmp_path / "src" / "__pycache__").mkdir(parents=True)
    (tmp_path / "src" / "__pycache__" / "x.pyc").write_text("")
    (tmp_path / "model.yaml").write_text("id: x")
    archive = packed(["volumes/hub/jobs"], {"data/t.csv": b"a\n1\n"}, {"models/x": tmp_path})
    with tarfile.open(fileobj=io.BytesIO(archive)) as read:
        entries = {one.name: (one.uid, one.gid, one.uname) for one in read}
    assert set(entries) == {"volumes/hub/jobs", "data/t.csv", "models/x", "models/x/src", "models/x/model.yaml"}
    assert set(entries.values()) == {(NOBODY, NOBODY, "")}


@pytest.mark.timeout(1800)
@pytest.mark.skipif(KUBECONFIG not in os.environ, reason=f"needs a cluster: {KUBECONFIG} names a kubeconfig")
def test_the_story_ends_well_in_a_cluster_whoever_is_deleted_and_nothing_is_left(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    options = ["--kubeconfig", os.environ[KUBECONFIG], "--chaos", "--json", str(report)]
    options += ["--charts", str(FOLDER), "--models", str(FOLDER.parents[1] / "models")]
    command = [sys.executable, "-m", "fedpact.infra.k8s", *options, *os.environ.get(OPTIONS, "").split()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    told = json.loads(report.read_text())
    assert [job["status"] for job in told["jobs"]] == ["completed", "completed"]
    assert abs(told["result"]["federated_accuracy"] - told["result"]["pooled_accuracy"]) <= 0.02
    assert any("not enough cpu" in status for status in told["status_history"])

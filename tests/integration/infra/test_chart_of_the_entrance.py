"""What strangers speak to in the hub's chart, and how little of its pod that sees."""

import pytest
from charts import helm_lacks, pods, rendered

pytestmark = pytest.mark.skipif(bool(helm_lacks()), reason=helm_lacks())
IMAGES = {f"sha256:{'a' * 64}": f"registry.example/model-logreg@sha256:{'b' * 64}"}


def test_the_entrance_sees_neither_the_agents_token_nor_its_folders() -> None:
    values = {"workloads": {"launcher": "kubernetes"}, "models": {"images": IMAGES}}
    pod = dict(pods(rendered("hub", values)))["orchestrator"]
    (entrance,) = [each for each in pod["containers"] if each["name"] == "entrance"]
    mounts = {mount["mountPath"]: mount for mount in entrance["volumeMounts"]}
    assert mounts.keys() == {"/routes", "/var/run/secrets/kubernetes.io/serviceaccount"}
    assert (mounts["/routes"]["subPath"], mounts["/routes"]["readOnly"]) == ("routes", True)
    covering = mounts["/var/run/secrets/kubernetes.io/serviceaccount"]["name"]
    assert "emptyDir" in next(volume for volume in pod["volumes"] if volume["name"] == covering)

"""The charts' objects as a real API server takes them: defaulted, validated and not kept."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from charts import LEAST, Json, helm_lacks, rendered
from real_cluster import api_server, api_server_lacks
from servers import missing

pytestmark = [
    pytest.mark.containers,
    pytest.mark.timeout(180),
    pytest.mark.skipif(bool(LACKS := helm_lacks() or api_server_lacks() or missing("kubectl")), reason=str(LACKS)),
]


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cluster")
    with api_server(folder) as server:
        yield server.kubeconfig("admin", folder)


def kubectl(kubeconfig: Path, *words: str, given: str = "") -> str:
    command = ["kubectl", "--kubeconfig", str(kubeconfig), *words]
    said = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    return said.stdout


@pytest.mark.parametrize("chart", LEAST)
def test_a_real_server_takes_every_object_of_a_kind_it_knows(chart: str, kubeconfig: Path) -> None:
    kubectl(kubeconfig, "create", "namespace", f"fedpact-{chart}")
    known = set(kubectl(kubeconfig, "api-versions").split())
    objects: list[Json] = [one for one in rendered(chart) if one["apiVersion"] in known]
    unknown = {one["kind"] for one in rendered(chart)} - {one["kind"] for one in objects}
    assert unknown <= {"PodDisruptionBudget", "CiliumNetworkPolicy"}  # of a server that is old, or has no Cilium
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    taken = kubectl(kubeconfig, "apply", "--dry-run=server", "--validate=true", "-f", "-", given=listed)
    assert taken.count("(server dry run)") == len(objects)

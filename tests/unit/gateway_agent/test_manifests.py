"""What a cluster is asked for, compared as a whole: what is not expected here is not asked for."""

import base64
import hashlib
from dataclasses import replace
from typing import Any

import pytest
from agent_values import ACCESS, CLIENT_NAME, RUNTIME, SERVER_NAME, member

from fedpact.contracts.pact import Resources
from fedpact.gateway_agent.domain import manifests
from fedpact.gateway_agent.domain.manifests import Cluster
from fedpact.gateway_agent.domain.pods import Peer, client_pod, server_pod

IMAGE = f"registry.example/model@sha256:{'a' * 64}"
CLUSTER = Cluster(agent="gateway-1", namespace="fedpact")
CONTAINED = replace(RUNTIME, python="/usr/local/bin/python3", packages=(), image=IMAGE)
CLIENT = client_pod(member(CLIENT_NAME), CONTAINED, ACCESS, server=Peer(host="hub.example", port=8100))
SERVER = server_pod(member(SERVER_NAME), CONTAINED, port=8100)
KIT = {"startup/client.key": b"a key", "local/resources.json": b"{}"}
NAME = "fedpact-gateway-1-1-" + hashlib.sha256(b"gateway-1\0s-42.3.gateway-1-1").hexdigest()[:12]
CHOSEN = {"fedpact.org/agent": "gateway-1", "fedpact.org/generation": "3", "fedpact.org/spec": "s-42"}
LABELS = {
    "apheris_job_id": "s-42",
    "app.kubernetes.io/component": "client",
    "app.kubernetes.io/managed-by": "fedpact-gateway-agent",
    "app.kubernetes.io/name": "fedpact-workload",
    "app.kubernetes.io/part-of": "fedpact",
    "fedpact.org/participant": "gateway-1-1",
    **CHOSEN,
}
METADATA = {"name": NAME, "namespace": "fedpact", "labels": LABELS}


def env(name: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": NAME, "key": f"env.{name}"}}}


def sealed(part: str, file: str) -> dict[str, Any]:
    items = [{"key": f"kit.{part}..{file}", "path": file}]
    return {"name": part, "secret": {"secretName": NAME, "defaultMode": 0o440, "items": items}}


HELD = {"cpu": "1000m", "memory": "500M"}
WHOLE = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        **METADATA,
        "annotations": {"fedpact.org/log": "/agent/gateway-1-1/console.log", "fedpact.org/memory": "500"},
    },
    "spec": {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 3,
        "shareProcessNamespace": True,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 3333,
            "runAsGroup": 3333,
            "fsGroup": 3333,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "workload",
                "image": IMAGE,
                "imagePullPolicy": "IfNotPresent",
                "command": [*CLIENT.command],
                "workingDir": "/agent/gateway-1-1/kit",
                "env": [
                    env("APH_API_DAL_URL"),
                    env("APH_DAL_TOKEN"),
                    env("APH_DATA"),
                    env("HOME"),
                    env("LANG"),
                    env("MALLOC_ARENA_MAX"),
                    env("PATH"),
                    env("PYTHONNOUSERSITE"),
                    env("PYTHONSAFEPATH"),
                    env("TMPDIR"),
                ],
                "resources": {"requests": HELD, "limits": HELD},
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                    "readOnlyRootFilesystem": True,
                },
                "volumeMounts": [
                    {"name": "workspace", "mountPath": "/agent/gateway-1-1/kit", "subPath": "kit"},
                    {
                        "name": "workspace",
                        "mountPath": "/agent/gateway-1-1/kit/transfer",
                        "subPath": "kit-transfer",
                    },
                    {"name": "workspace", "mountPath": "/tmp", "subPath": "tmp"},
                    {"name": "workspace", "mountPath": "/agent/gateway-1-1/tmp", "subPath": "scratch"},
                    {"name": "startup", "mountPath": "/agent/gateway-1-1/kit/startup", "readOnly": True},
                    {"name": "local", "mountPath": "/agent/gateway-1-1/kit/local", "readOnly": True},
                ],
            }
        ],
        "volumes": [
            {"name": "workspace", "emptyDir": {"sizeLimit": "10000M"}},
            sealed("startup", "client.key"),
            sealed("local", "resources.json"),
        ],
    },
}


def test_the_whole_pod_of_a_client() -> None:
    assert manifests.workload(CLIENT, CLUSTER, KIT) == WHOLE


def test_the_whole_secret_of_a_client() -> None:
    made = manifests.secret(replace(CLIENT, env={"APH_DAL_TOKEN": "s3cret"}), CLUSTER, KIT)
    data = made.pop("data")
    assert isinstance(data, dict)
    assert made == {"apiVersion": "v1", "kind": "Secret", "metadata": METADATA, "type": "Opaque", "immutable": True}
    assert {key: base64.b64decode(str(value)) for key, value in data.items()} == {
        "env.APH_DAL_TOKEN": b"s3cret",
        "kit.local..resources.json": b"{}",
        "kit.startup..client.key": b"a key",
    }


def test_no_secret_is_in_a_pod() -> None:
    told = str(manifests.workload(CLIENT, CLUSTER, KIT))
    assert "s3cret" not in told
    assert "a key" not in told


def test_a_client_reaches_names_its_dal_and_its_server_and_is_reached_by_nobody() -> None:
    assert manifests.network_policy(CLIENT, CLUSTER) == {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": METADATA,
        "spec": {
            "podSelector": {"matchLabels": {**CHOSEN, "fedpact.org/participant": "gateway-1-1"}},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [],
            "egress": [
                {"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]},
                {"ports": [{"protocol": "TCP", "port": 8080}, {"protocol": "TCP", "port": 8100}]},
            ],
        },
    }


def test_a_server_is_reached_on_its_port_and_reaches_nobody() -> None:
    spec: Any = manifests.network_policy(SERVER, CLUSTER)["spec"]
    assert spec["ingress"] == [{"ports": [{"protocol": "TCP", "port": 8100}]}]
    assert spec["egress"] == []


@pytest.mark.parametrize(("kind", "extra"), [("ClusterIP", {}), ("NodePort", {"nodePort": 8100}), ("LoadBalancer", {})])
def test_a_server_has_a_service_of_the_kind_the_site_uses(kind: Any, extra: dict[str, int]) -> None:
    spec = manifests.service(SERVER, replace(CLUSTER, service=kind))["spec"]
    port = {"name": "flare", "protocol": "TCP", "port": 8100, "targetPort": 8100, **extra}
    assert spec == {"type": kind, "selector": {**CHOSEN, "fedpact.org/participant": "server"}, "ports": [port]}


def test_a_server_is_ready_when_it_listens_and_knows_nothing_of_data() -> None:
    spec: Any = manifests.workload(SERVER, CLUSTER, {})["spec"]
    (container,) = spec["containers"]
    assert container["readinessProbe"] == {"tcpSocket": {"port": 8100}, "periodSeconds": 1}
    assert container["ports"] == [{"name": "flare", "containerPort": 8100}]
    assert not [variable for variable in container["env"] if variable["name"].startswith("APH_")]


def test_a_gpu_a_runtime_and_a_login_are_asked_for_where_they_are_set() -> None:
    pod = replace(CLIENT, resources=Resources(cpu=0.25, gpu=2, memory=500))
    cluster = replace(CLUSTER, runtime_class="gvisor", pull_secrets=("registry",), gpu="amd.com/gpu")
    spec: Any = manifests.workload(pod, cluster, KIT)["spec"]
    assert spec["runtimeClassName"] == "gvisor"
    assert spec["imagePullSecrets"] == [{"name": "registry"}]
    assert spec["containers"][0]["resources"]["limits"] == {"cpu": "250m", "memory": "500M", "amd.com/gpu": "2"}


def test_the_role_is_of_one_namespace_and_reads_no_secret() -> None:
    made: Any = manifests.role(CLUSTER, "agent")
    assert made["kind"] == "Role"
    assert made["metadata"] == {"name": "agent", "namespace": "fedpact"}
    verbs = {rule["resources"][0]: set(rule["verbs"]) for rule in made["rules"]}
    assert verbs["secrets"] == {"create", "delete"}
    assert not {"*", "update", "patch", "deletecollection"} & set.union(*verbs.values())


def test_the_network_is_claimed_only_where_the_site_says_it_is_held() -> None:
    assert CLUSTER.limits == ("cpu", "memory")
    assert replace(CLUSTER, policed=True).limits == ("cpu", "memory", "network")


def test_nothing_runs_as_root() -> None:
    with pytest.raises(ValueError, match="root"):
        Cluster(agent="gateway-1", namespace="fedpact", user=0)

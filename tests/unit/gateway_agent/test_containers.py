"""What an engine is asked for, compared as a whole: what is not expected here is not asked for."""

from dataclasses import replace

import pytest
from agent_values import ACCESS, CLIENT_NAME, RUNTIME, SERVER_NAME, member

from fedpact.contracts.pact import Resources
from fedpact.gateway_agent.adapters.docker_state import observed
from fedpact.gateway_agent.app.ports import Life, Observed, Ref
from fedpact.gateway_agent.domain import marks
from fedpact.gateway_agent.domain.containers import Yard, container, enforced, is_pinned, network, registry_of
from fedpact.gateway_agent.domain.pods import Kind, client_pod, server_pod

DIGEST = "sha256:" + "a" * 64
IMAGE = f"registry.example/model@{DIGEST}"
YARD = Yard(agent="gateway-1", networks=("dal",))
CONTAINED = replace(RUNTIME, python="/usr/local/bin/python3", packages=(), image=IMAGE)
CLIENT = client_pod(member(CLIENT_NAME), CONTAINED, ACCESS)
SERVER = server_pod(member(SERVER_NAME), CONTAINED, port=8100)
LABELS = {
    "apheris_job_id": "s-42",
    "app.kubernetes.io/component": "client",
    "app.kubernetes.io/managed-by": "fedpact-gateway-agent",
    "app.kubernetes.io/name": "fedpact-workload",
    "app.kubernetes.io/part-of": "fedpact",
    "fedpact.org/agent": "gateway-1",
    "fedpact.org/generation": "3",
    "fedpact.org/participant": "gateway-1-1",
    "fedpact.org/spec": "s-42",
}
MEMORY = "rw,nosuid,nodev,noexec,size=500000000,mode=0700,uid=3333,gid=3333"


def _volume(part: str) -> dict[str, object]:
    return {
        "Type": "volume",
        "Source": f"fedpact-gateway-1-1-f68a20b4004d-{part}",
        "Target": f"/agent/gateway-1-1/kit/{part}",
        "VolumeOptions": {"NoCopy": True, "Labels": LABELS},
    }


WHOLE = {
    "Image": IMAGE,
    "Entrypoint": ["/usr/local/bin/python3"],
    "Cmd": [*CLIENT.command[1:]],
    "Env": [
        "APH_API_DAL_URL=http://127.0.0.1:8080",
        "APH_DAL_TOKEN=s3cret",
        'APH_DATA={"a_g_o":"a.csv","b_g_o":"b.csv"}',
        "HOME=/agent/gateway-1-1/kit",
        "LANG=C.UTF-8",
        "MALLOC_ARENA_MAX=4",
        "PATH=/usr/bin:/bin",
        "PYTHONNOUSERSITE=1",
        "PYTHONSAFEPATH=1",
        "TMPDIR=/agent/gateway-1-1/tmp",
    ],
    "WorkingDir": "/agent/gateway-1-1/kit",
    "User": "3333:3333",
    "Labels": {
        **LABELS,
        "fedpact.org/log": "/agent/gateway-1-1/console.log",
        "fedpact.org/memory": "500",
    },
    "HostConfig": {
        "NanoCpus": 1_000_000_000,
        "Memory": 500_000_000,
        "MemorySwap": 500_000_000,
        "PidsLimit": 4096,
        "ReadonlyRootfs": True,
        "Tmpfs": {
            "/agent/gateway-1-1/kit": MEMORY,
            "/agent/gateway-1-1/kit/transfer": MEMORY,
            "/tmp": MEMORY,
            "/agent/gateway-1-1/tmp": MEMORY,
        },
        "Mounts": [_volume("startup"), _volume("local")],
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "Init": True,
        "RestartPolicy": {"Name": "no"},
        "NetworkMode": "fedpact-s-42-091fd937d489",
        "LogConfig": {"Type": "json-file", "Config": {"max-size": "20m", "max-file": "2"}},
    },
}


def test_the_whole_container_of_a_client() -> None:
    assert container(CLIENT, YARD) == WHOLE


def test_a_server_is_published_on_its_port_alone() -> None:
    asked = container(SERVER, replace(YARD, publish_on="10.0.0.1"))
    host = asked["HostConfig"]
    assert isinstance(host, dict)
    assert asked["ExposedPorts"] == {"8100/tcp": {}}
    assert host["PortBindings"] == {"8100/tcp": [{"HostIp": "10.0.0.1", "HostPort": "8100"}]}
    assert "APH_" not in str(asked["Env"])


@pytest.mark.parametrize(
    ("address", "relayed"), [("127.0.0.1", True), ("0.0.0.0", True), ("::", True), ("10.0.0.1", False), ("", False)]
)
def test_on_the_loopback_the_engine_itself_accepts_for_a_server(address: str, relayed: bool) -> None:
    assert Yard(agent="gateway-1", publish_on=address).relayed is relayed


def test_a_gpu_is_asked_for_where_the_spec_reserves_one() -> None:
    host = container(replace(CLIENT, resources=Resources(cpu=1, gpu=2, memory=500)), YARD)["HostConfig"]
    assert isinstance(host, dict)
    assert host["DeviceRequests"] == [{"Count": 2, "Capabilities": [["gpu"]]}]


def test_the_network_carries_the_activation_and_no_participant() -> None:
    assert network(YARD, CLIENT_NAME) == network(YARD, CLIENT_NAME.sibling("gateway-1-2"))
    assert network(YARD, CLIENT_NAME) == {
        "Name": "fedpact-s-42-091fd937d489",
        "Driver": "bridge",
        "CheckDuplicate": True,
        "Labels": {"fedpact.org/agent": "gateway-1", "fedpact.org/spec": "s-42", "fedpact.org/generation": "3"},
    }


def test_nothing_runs_as_root() -> None:
    with pytest.raises(ValueError, match="root"):
        Yard(agent="gateway-1", user=0)


@pytest.mark.parametrize(
    ("image", "pinned"),
    [(IMAGE, True), (DIGEST, True), ("registry.example/model:1", False), ("", False), ("model@sha256:abc", False)],
)
def test_only_a_digest_pins(image: str, pinned: bool) -> None:
    assert is_pinned(image) is pinned


@pytest.mark.parametrize(
    ("image", "registry"),
    [(IMAGE, "registry.example"), ("127.0.0.1:5000/m@x", "127.0.0.1:5000"), ("library/python", ""), (DIGEST, "")],
)
def test_a_registry_is_a_host_before_the_first_slash(image: str, registry: str) -> None:
    assert registry_of(image) == registry


def test_a_limit_counts_only_when_the_engine_says_so() -> None:
    assert enforced({"MemoryLimit": True, "CpuCfsQuota": False}) == ("memory",)
    assert enforced({"MemoryLimit": True, "CpuCfsQuota": True, "PidsLimit": True}) == ("cpu", "memory", "processes")


def told(**state: object) -> dict[str, object]:
    usual = {"Status": "running", "Running": True, "ExitCode": 0, "OOMKilled": False}
    return {
        "Id": "0123456789abcdef",
        "Config": {"Labels": {**LABELS, "fedpact.org/memory": "500"}},
        "State": {**usual, **state},
    }


@pytest.mark.parametrize(
    ("state", "life", "code"),
    [
        ({}, Life.RUNNING, None),
        ({"Status": "created"}, Life.EXITED, None),
        ({"Status": "restarting"}, Life.RUNNING, None),
        ({"Status": "exited"}, Life.EXITED, 0),
        ({"Status": "exited", "ExitCode": 3}, Life.EXITED, 3),
        ({"Status": "exited", "ExitCode": 137}, Life.EXITED, -9),
        ({"Status": "dead", "ExitCode": 255}, Life.EXITED, 255),
    ],
)
def test_an_engines_word_for_a_container_has_one_meaning(
    state: dict[str, object], life: Life, code: int | None
) -> None:
    ref = Ref(name=CLIENT_NAME, handle="0123456789ab")
    assert observed(told(**state)) == Observed(ref=ref, kind=Kind.CLIENT, life=life, exit_code=code)


def test_a_container_with_the_mark_of_nobodys_workload_is_none() -> None:
    assert observed({"Id": "0", "Config": {"Labels": {"fedpact.org/agent": "gateway-1"}}, "State": {}}) is None
    assert observed({"Id": "0", "Config": {"Labels": None}, "State": {}}) is None


def test_a_network_with_neighbours_leads_to_them_alone_and_publishes_nothing() -> None:
    yard = Yard(agent="gateway-1", publish_on="", neighbours={"fedpact-dal": "dal"})
    assert network(yard, CLIENT_NAME)["Internal"] is True
    assert network(yard, CLIENT_NAME)["Options"] == {"com.docker.network.bridge.inhibit_ipv4": "true"}
    assert yard.limits == ("network",)
    server = container(SERVER, yard)
    assert "PortBindings" not in server["HostConfig"]  # type: ignore[operator]
    assert yard.host_of(SERVER_NAME) == "fedpact-server-" + marks.object_name("gateway-1", SERVER_NAME)[-12:]


@pytest.mark.parametrize("more", [{"networks": ("lan",), "publish_on": ""}, {"publish_on": "127.0.0.1"}])
def test_what_has_neighbours_is_reached_in_no_other_way(more: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="join no networks and publish nothing"):
        Yard(agent="gateway-1", neighbours={"fedpact-dal": "dal"}, **more)


def test_a_published_server_is_reached_where_it_is_published() -> None:
    assert Yard(agent="orchestrator", publish_on="192.0.2.1").host_of(SERVER_NAME) == "192.0.2.1"

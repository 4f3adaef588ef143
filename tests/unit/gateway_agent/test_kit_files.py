"""What a kit allows is what its JSON says."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from fedpact.gateway_agent.domain.kits import (
    JOB_PROCESSES,
    MAX_FRAME,
    PROGRAM,
    ROLES,
    SILENCE,
    Files,
    Joint,
    Terms,
    admin_files,
    client_files,
    server_files,
)

JOINT = Joint(project="s-42-3", host="localhost", port=8002)
TERMS = Terms(components=("logreg.", "nvflare.app_common.workflows.fedavg.FedAvg"), internal_port=9002)
NAME = "s-42-3.flare.fedpact.internal"
STORE = Path("/agent/server/kit/store")
KITS = {"server": server_files(JOINT, TERMS, store=STORE), "client": client_files(JOINT, TERMS, site="gateway-1-1")}


@pytest.fixture(params=["server", "client"])
def kit(request: pytest.FixtureRequest) -> Files:
    return KITS[request.param]


def test_a_job_may_name_the_models_components_and_nothing_else(kit: Files) -> None:
    resources = kit["local/resources.json"]
    assert resources["class_allow_list"] == ["logreg.", "nvflare.app_common.workflows.fedavg.FedAvg"]
    assert resources["class_list_enforcement_mode"] == "enforce"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("right", ["byoc", "shell_commands", "clone_job"])
def test_no_role_brings_code_or_runs_commands(kit: Files, role: str, right: str) -> None:
    assert kit["local/authorization.json"]["permissions"][role][right] == "none"


@pytest.mark.parametrize("role", [role for role in ROLES if role != "project_admin"])
def test_only_the_agents_role_may_do_anything(kit: Files, role: str) -> None:
    rights = kit["local/authorization.json"]["permissions"][role]
    assert set(rights.values()) == {"none"}


def test_a_client_lets_nobody_operate_it_and_streams_no_logs() -> None:
    client = KITS["client"]
    assert client["local/authorization.json"]["permissions"]["project_admin"] == {
        "submit_job": "any",
        "manage_job": "any",
        "view": "any",
        "operate": "none",
        "clone_job": "none",
        "shell_commands": "none",
        "byoc": "none",
    }
    assert client["local/resources.json"]["allow_log_streaming"] is False
    assert "log_streamer" not in json.dumps(client)


def test_the_listener_for_job_processes_is_pinned_to_the_loopback(kit: Files) -> None:
    comm = kit["local/comm_config.json"]
    assert comm.keys() == {"allow_adhoc_conns", "backbone_conn_gen", "internal", "grpc"}
    assert (comm["allow_adhoc_conns"], comm["backbone_conn_gen"]) == (False, 2)
    assert comm["internal"] == {"scheme": "tcp", "resources": {"host": "127.0.0.1", "port": 9002}}


def test_a_silent_link_is_noticed_by_both_ends_and_the_server_allows_being_asked(kit: Files) -> None:
    options = dict(kit["local/comm_config.json"]["grpc"]["options"])
    assert options == {
        "grpc.max_send_message_length": MAX_FRAME,
        "grpc.max_receive_message_length": MAX_FRAME,
        "grpc.keepalive_time_ms": 15_000,
        "grpc.keepalive_timeout_ms": 10_000,
        "grpc.http2.max_pings_without_data": 0,
        "grpc.http2.min_ping_interval_without_data_ms": 5_000,
    }
    assert options["grpc.http2.min_ping_interval_without_data_ms"] < options["grpc.keepalive_time_ms"]


def test_behind_an_entrance_a_client_asks_for_the_servers_own_name_and_expects_its_identity() -> None:
    kit = client_files(replace(JOINT, host="hub.example.org", port=8443, name=NAME), TERMS, site="gateway-1-1")
    server = kit["startup/fed_client.json"]["servers"][0]
    assert server["service"]["target"] == "hub.example.org:8443"
    assert server["identity"] == "s-42-3"
    assert dict(kit["local/comm_config.json"]["grpc"]["options"])["grpc.ssl_target_name_override"] == NAME


def test_the_agents_own_session_goes_straight_to_the_server_and_expects_the_same_identity() -> None:
    admin = admin_files(replace(JOINT, name=NAME))["startup/fed_admin.json"]["admin"]
    assert (admin["host"], admin["port"], admin["server_identity"]) == ("localhost", 8002, "s-42-3")


def test_a_client_goes_through_the_sites_proxy_whose_login_nobody_is_shown() -> None:
    joint = replace(JOINT, proxy="http://site:secret@proxy:3128")
    comm = client_files(joint, TERMS, site="gateway-1-1")["local/comm_config.json"]
    assert dict(comm["grpc"]["options"])["grpc.http_proxy"] == "http://site:secret@proxy:3128"
    assert joint.dialed.port == 3128
    assert "secret" not in repr(joint)


def test_a_client_kit_says_where_the_server_is_and_what_it_must_be_called() -> None:
    assert KITS["client"]["startup/fed_client.json"] == {
        "format_version": 2,
        "servers": [
            {
                "name": "s-42-3",
                "service": {"target": "localhost:8002", "scheme": "grpc"},
                "identity": "localhost",
            }
        ],
        "client": {
            "ssl_private_key": "client.key",
            "ssl_cert": "client.crt",
            "ssl_root_cert": "rootCA.pem",
            "fqsn": "gateway-1-1",
            "is_leaf": True,
            "connection_security": "mtls",
        },
    }


def test_a_server_keeps_its_jobs_in_a_store_of_its_own_and_runs_one_at_a_time() -> None:
    resources = KITS["server"]["local/resources.json"]
    text = json.dumps(resources)
    assert text.count(str(STORE)) == 2
    assert '"/tmp' not in text
    parts = {part["id"]: part for part in resources["components"]}
    assert parts["job_scheduler"]["args"]["max_jobs"] == 1
    assert resources["servers"][0]["heart_beat_timeout"] == SILENCE


@pytest.mark.parametrize(("role", "launcher"), [("server", "ServerJobs"), ("client", "ClientJobs")])
def test_the_processes_of_jobs_are_started_by_the_kits_own_module(role: str, launcher: str) -> None:
    parts = {part["id"]: part for part in KITS[role]["local/resources.json"]["components"]}
    assert parts["process_launcher"] == {"id": "process_launcher", "path": f"{JOB_PROCESSES}.{launcher}"}
    assert Path(PROGRAM).stem == JOB_PROCESSES


def test_the_agents_own_kit_is_that_of_the_one_user() -> None:
    files = admin_files(JOINT)
    admin = files["startup/fed_admin.json"]["admin"]
    assert (admin["username"], admin["project_name"], admin["port"]) == ("agent", "s-42-3", 8002)
    assert set(files) == {"startup/fed_admin.json", "local/resources.json"}


def test_no_kit_content_names_a_key_or_a_privacy_scope() -> None:
    names = {name for files in (*KITS.values(), admin_files(JOINT)) for name in files}
    assert not [name for name in names if name.endswith((".key", "privacy.json"))]

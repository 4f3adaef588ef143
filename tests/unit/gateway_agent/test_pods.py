"""A pod is the whole of what runs, built from values."""

from dataclasses import replace
from pathlib import Path

import pytest
from agent_values import ACCESS, CLIENT_NAME, RUNTIME, SERVER_NAME, member
from hypothesis import given
from hypothesis import strategies as st

from fedpact.contracts.pact import Resources
from fedpact.gateway_agent.domain.errors import AgentError
from fedpact.gateway_agent.domain.pods import MODULES, Kind, Peer, Pod, PodName, client_pod, place_of, server_pod

TOKENS = st.from_regex(r"[a-z0-9-]{1,40}", fullmatch=True)


def test_a_server_pod_is_exactly_this() -> None:
    assert server_pod(member(SERVER_NAME), RUNTIME) == Pod(
        name=SERVER_NAME,
        kind=Kind.SERVER,
        kit=Path("/agent/server/kit"),
        command=(
            *("/usr/bin/python3", "-u", "-m", "nvflare.private.fed.app.server.server_train"),
            *("-m", "/agent/server/kit", "-s", "fed_server.json"),
            *("--set", "secure_train=true", "org=org-1", "config_folder=config"),
        ),
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": "/agent/server/kit",
            "TMPDIR": "/agent/server/tmp",
            "LANG": "C.UTF-8",
            "PYTHONNOUSERSITE": "1",
            "PYTHONSAFEPATH": "1",
            "MALLOC_ARENA_MAX": "4",
            "PYTHONPATH": "/models/logreg",
            "NVFLARE_CLIENT_OUTCOME_WAIT_TIMEOUT": "60",
        },
        resources=Resources(cpu=1, memory=500),
        log=Path("/agent/server/console.log"),
    )


def test_a_server_whose_files_nobody_sees_begins_with_a_program_and_a_client_does_not() -> None:
    runtime = replace(RUNTIME, prelude="import this")
    server, client = server_pod(member(SERVER_NAME), runtime), client_pod(member(CLIENT_NAME), runtime, ACCESS)
    assert server.command[:5] == ("/usr/bin/python3", "-u", "-c", "import this", MODULES["server"])
    assert server.command[5:] == server_pod(member(SERVER_NAME), RUNTIME).command[4:]
    assert client == client_pod(member(CLIENT_NAME), RUNTIME, ACCESS)


def test_a_client_pod_is_exactly_this() -> None:
    assert client_pod(member(CLIENT_NAME), RUNTIME, ACCESS) == Pod(
        name=CLIENT_NAME,
        kind=Kind.CLIENT,
        kit=Path("/agent/gateway-1-1/kit"),
        command=(
            *("/usr/bin/python3", "-u", "-m", "nvflare.private.fed.app.client.client_train"),
            *("-m", "/agent/gateway-1-1/kit", "-s", "fed_client.json"),
            *("--set", "secure_train=true", "uid=gateway-1-1", "org=org-1", "config_folder=config"),
        ),
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": "/agent/gateway-1-1/kit",
            "TMPDIR": "/agent/gateway-1-1/tmp",
            "LANG": "C.UTF-8",
            "PYTHONNOUSERSITE": "1",
            "PYTHONSAFEPATH": "1",
            "MALLOC_ARENA_MAX": "4",
            "PYTHONPATH": "/models/logreg",
            "APH_API_DAL_URL": "http://127.0.0.1:8080",
            "APH_DAL_TOKEN": "s3cret",
            "APH_DATA": '{"a_g_o":"a.csv","b_g_o":"b.csv"}',
        },
        resources=Resources(cpu=1, memory=500),
        log=Path("/agent/gateway-1-1/console.log"),
        peers=(Peer(host="127.0.0.1", port=8080),),
    )


def test_the_server_knows_no_door_to_data() -> None:
    assert not [key for key in server_pod(member(SERVER_NAME), RUNTIME).env if key.startswith("APH_")]


def test_the_data_token_is_neither_in_the_command_nor_in_what_is_logged() -> None:
    pod = client_pod(member(CLIENT_NAME), RUNTIME, ACCESS)
    assert "s3cret" not in " ".join(pod.command)
    assert "s3cret" not in repr(pod)
    assert "s3cret" not in repr(ACCESS)


def test_nothing_of_the_agents_own_environment_is_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEDPACT_GATEWAY_AGENT_SEED", "secret")
    assert "FEDPACT_GATEWAY_AGENT_SEED" not in client_pod(member(CLIENT_NAME), RUNTIME, ACCESS).env


@given(TOKENS, st.integers(min_value=0, max_value=10**6), TOKENS)
def test_a_name_is_read_back_from_its_text(spec: str, generation: int, participant: str) -> None:
    name = PodName(spec_id=spec, generation=generation, participant=participant)
    assert PodName.parse(str(name)) == name


@pytest.mark.parametrize("text", ["", "spec", "spec.1", "spec.one.server", ".1.server", "spec..server"])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(AgentError, match="not the name of a workload"):
        PodName.parse(text)


@pytest.mark.parametrize("part", ["", "..", "a/b", "a.b", "A", "a\n", "a" * 49])
def test_no_name_leads_out_of_the_agents_folder(part: str) -> None:
    with pytest.raises(AgentError, match="cannot be part"):
        PodName(spec_id=part, generation=1, participant="server")
    with pytest.raises(AgentError, match="cannot be part"):
        SERVER_NAME.sibling(part)


@given(TOKENS, st.integers(min_value=0, max_value=10**6), TOKENS, TOKENS)
def test_no_two_participants_share_a_place(spec: str, generation: int, one: str, other: str) -> None:
    first = PodName(spec_id=spec, generation=generation, participant=one)
    places = {place_of(Path("/agent"), name).root for name in (first, first.sibling(other))}
    assert len(places) == len({one, other})

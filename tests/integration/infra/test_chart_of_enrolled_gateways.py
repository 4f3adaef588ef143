"""The gateway's chart for a gateway that was enrolled: its place on the bus is renewed where the agent can write."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from charts import FOLDER, breaches, helm_lacks, pods, rendered

ENROLLED = {"hub": {"nats": "tls://hub.example.org:4222", "enrolment": "first"}}
SITE = {
    "agent/bus.creds": "credentials",
    "agent/bus-ca.pem": "the CA",
    "agent/dal-tokens.pem": "a key",
    "dal/agent.pub": "its public half",
    "trust/policy-service.pub.pem": "the policy service",
}


def agent(values: dict[str, Any] | None = None) -> dict[str, Any]:
    if lacking := helm_lacks():
        pytest.skip(lacking)
    found: dict[str, Any] = dict(pods(rendered("gateway", values)))["agent"]
    return found


def environment(pod: dict[str, Any]) -> dict[str, str]:
    (container,) = (one for one in pod["containers"] if one["name"] == "agent")
    return {one["name"].removeprefix("FEDPACT_AGENT_"): one["value"] for one in container["env"] if "value" in one}


def test_credentials_are_copied_once_to_where_the_agent_renews_them() -> None:
    pod = agent(ENROLLED)
    (place,) = (one for one in pod["initContainers"] if one["name"] == "own-place")
    told = environment(pod)
    assert place["command"][-2:] == ["/run/secrets/fedpact/bus.creds", told["NATS_CREDS_FILE"]]
    assert "--no-clobber" in place["command"]
    assert told["NATS_CREDS_FILE"].startswith("/var/lib/fedpact/")
    assert told["NATS_CA_FILE"] == "/run/secrets/fedpact/bus-ca.pem"
    assert "NATS_SEED_FILE" not in told
    assert breaches(pod) == []


def test_another_enrolment_takes_other_credentials() -> None:
    again = environment(agent({"hub": {**ENROLLED["hub"], "enrolment": "second"}}))
    assert again["NATS_CREDS_FILE"] != environment(agent(ENROLLED))["NATS_CREDS_FILE"]


def test_without_an_enrolment_the_key_is_the_setups() -> None:
    pod = agent()
    assert "NATS_CREDS_FILE" not in environment(pod)
    assert all(one["name"] != "own-place" for one in pod["initContainers"])


def test_the_objects_of_an_enrolled_gateway_are_what_was_enrolled(tmp_path: Path) -> None:
    for name, text in {**SITE, "trust/owners/lakeside/owner.pub.pem": "the owner"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    made = {one["metadata"]["name"]: one for one in objects().enrolled(tmp_path)}
    assert made["agent"]["data"].keys() == {"bus.creds", "bus-ca.pem", "dal-tokens.pem"}
    assert made["trust"]["data"] == {"policy-service.pub.pem": "the policy service", "owner.pub.pem": "the owner"}
    assert made["dal"]["data"] == {"agent.pub": "its public half"}


def test_without_an_owner_nothing_is_made(tmp_path: Path) -> None:
    for name, text in SITE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    with pytest.raises(SystemExit, match="whose policies count"):
        objects().enrolled(tmp_path)


def objects() -> Any:
    """The program beside the charts."""
    spec = importlib.util.spec_from_file_location("objects_of_charts", FOLDER / "objects.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

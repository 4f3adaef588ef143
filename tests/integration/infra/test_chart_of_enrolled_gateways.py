"""
The charts where gateways are enrolled: the bus believes an operator, identity vouches for gateways, agents renew.

It is what charts do unless told otherwise.
"""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from charts import FOLDER, breaches, helm_lacks, merged, pods, rendered

FIXED = {"hub": {"nats": "nats://hub.example.org:4222", "enrolment": ""}}
"""A gateway whose key is of the hub's folder."""
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
    pod = agent()
    (place,) = (one for one in pod["initContainers"] if one["name"] == "own-place")
    told = environment(pod)
    assert place["command"][-2:] == ["/run/secrets/fedpact/bus.creds", told["NATS_CREDS_FILE"]]
    assert "--no-clobber" in place["command"]
    assert told["NATS_CREDS_FILE"].startswith("/var/lib/fedpact/")
    assert told["NATS_CA_FILE"] == "/run/secrets/fedpact/bus-ca.pem"
    assert "NATS_SEED_FILE" not in told
    assert breaches(pod) == []


def test_another_enrolment_takes_other_credentials() -> None:
    again = environment(agent({"hub": {"enrolment": "second"}}))
    assert again["NATS_CREDS_FILE"] != environment(agent())["NATS_CREDS_FILE"]


def test_without_an_enrolment_the_key_is_the_setups() -> None:
    pod = agent(FIXED)
    assert environment(pod)["NATS_SEED_FILE"] == "/run/secrets/fedpact/gateway.seed"
    assert "NATS_CREDS_FILE" not in environment(pod)
    assert all(one["name"] != "own-place" for one in pod["initContainers"])


def hub(values: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    if lacking := helm_lacks():
        pytest.skip(lacking)
    return rendered("hub", values)


def told(pod: dict[str, Any]) -> dict[str, str]:
    return {one["name"].split("_", 2)[2]: one["value"] for one in pod["containers"][0]["env"]}


def test_everybody_at_the_hub_shows_credentials_to_a_bus_whose_certificate_is_checked() -> None:
    found = {name: pod for name, pod in pods(hub()) if "NATS_URL" in json.dumps(pod)}
    assert len(found) == 8
    for name, pod in found.items():
        settings = {key.removeprefix("LIFECYCLE_"): value for key, value in told(pod).items()}
        assert settings["NATS_URL"] == "tls://nats:4222"
        assert settings["NATS_CREDS_FILE"] == f"/run/secrets/fedpact/{name.replace('-', '_')}.creds"
        assert settings["NATS_CA_FILE"] == "/run/secrets/fedpact/bus-ca.pem"
        assert "NATS_SEED_FILE" not in settings


def test_identity_tells_gateways_where_the_bus_is_and_for_how_long_they_are_believed() -> None:
    (identity,) = [pod for name, pod in pods(hub({"enrolment": {"days": 30}})) if name == "identity"]
    settings = told(identity)
    assert settings["BUS_URL"] == "tls://hub.example.org:4222"
    assert settings["GATEWAY_DAYS"] == "30"
    assert settings["ENROLMENT_FOLDER"] == "/run/secrets/fedpact"


def test_without_enrolment_identity_vouches_for_nobody() -> None:
    objects = hub({"enrolment": {"enabled": False, "bus": ""}})
    (identity,) = [pod for name, pod in pods(objects) if name == "identity"]
    assert "ENROLMENT_FOLDER" not in told(identity)
    assert told(identity)["NATS_SEED_FILE"] == "/run/secrets/fedpact/identity.seed"


def test_servers_of_sites_come_to_the_bus_only_where_an_operator_says_so() -> None:
    gateways = {"network": {"gateways": [{"ipBlock": {"cidr": "198.51.100.0/24"}}]}}
    leaves, closed = {"enrolment": {"leaves": True}}, {"enrolment": {"leaves": True, "enabled": False}}
    assert published(hub(gateways)) == published(hub(merged(gateways, closed))) == {4222}
    assert published(hub(merged(gateways, leaves))) == {4222, 7422, 8444}
    (rule,) = reached(hub(leaves))  # nobody is named, so nobody outside comes
    assert {port["port"] for port in rule["ports"]} == {4222}


def published(objects: list[dict[str, Any]]) -> set[int]:
    """Ports of the bus that gateways reach, by service and by policy alike."""
    (service,) = [one for one in objects if (one["kind"], one["metadata"]["name"]) == ("Service", "nats")]
    let_in = {port["port"] for rule in reached(objects) for port in rule["ports"]}
    assert {port["port"] for port in service["spec"]["ports"]} == let_in
    return let_in


def reached(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    (policy,) = [one for one in objects if (one["kind"], one["metadata"]["name"]) == ("NetworkPolicy", "nats")]
    rules: list[dict[str, Any]] = policy["spec"]["ingress"]
    return rules


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

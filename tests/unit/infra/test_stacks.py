"""The compose stacks, as Compose itself understands them: who may do, see and reach what."""

import json
import os
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from servers import BIN, missing

from fedpact.chassis.settings import ServiceSettings
from fedpact.dal_service.settings import AllowedBucket
from fedpact.dal_service.settings import Settings as Dal
from fedpact.entrance.settings import Settings as Entrance
from fedpact.gateway_agent.settings import Settings as Agent
from fedpact.identity.settings import Settings as Identity
from fedpact.infra.topology import SERVICES
from fedpact.jobs.settings import Settings as Jobs
from fedpact.policy.settings import Settings as Policy
from fedpact.portal.settings import Settings as Portal
from fedpact.registry.settings import Settings as Registry
from fedpact.scheduler.settings import Settings as Scheduler
from fedpact.spec_lifecycle.settings import Settings as SpecLifecycle

FOLDER = Path(__file__).resolve().parents[3] / "infra" / "compose"
STACKS = {
    "hub": ("hub.yaml",),
    "gateway": ("gateway.yaml",),
    "hub that enrolls": ("hub.yaml", "hub.enrolling.yaml"),
    "hub on one machine": ("hub.yaml", "hub.one-machine.yaml"),
    "gateway with buckets": ("gateway.yaml", "gateway.buckets.yaml"),
    "gateway on one machine": ("gateway.yaml", "gateway.one-machine.yaml"),
}
SETTINGS: Mapping[str, type[ServiceSettings]] = {
    "identity": Identity,
    "registry": Registry,
    "policy": Policy,
    "spec-lifecycle": SpecLifecycle,
    "scheduler": Scheduler,
    "jobs": Jobs,
    "portal": Portal,
    "orchestrator": Agent,
    "agent": Agent,
    "dal": Dal,
    "entrance": Entrance,
    "road": Entrance,
}
OUTSIDE = {"agent": "FEDPACT_AGENT", "road": "FEDPACT_ENTRANCE"}
"""Who of a gateway goes outside, and how its settings begin."""
LOGIN = ("proxy:3128", "/run/secrets/proxy.login")
PUBLISHED = {("nats", "4222", "127.0.0.1"), ("portal", "7070", "127.0.0.1"), ("entrance", "8443", "127.0.0.1")}
FOREIGN = {"mongo"}
"""Its image writes to its own root."""


def stack(name: str, **more: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(read_by_compose(name, tuple(more.items())))
    return parsed


@cache
def read_by_compose(name: str, more: tuple[tuple[str, str], ...]) -> str:
    if lacking := missing("docker-compose"):
        pytest.skip(lacking)
    files = [word for file in STACKS[name] for word in ("-f", str(FOLDER / file))]
    options = ("--env-file", str(FOLDER / "env.example"), "-p", "test", *files, "config", "--format", "json")
    clean = {key: value for key, value in os.environ.items() if not key.startswith("FEDPACT_")} | dict(more)
    said = subprocess.run(
        [str(BIN / "docker-compose"), *options], capture_output=True, text=True, check=False, env=clean
    )
    assert said.returncode == 0, said.stderr
    return said.stdout


@pytest.fixture(params=STACKS)
def any_stack(request: pytest.FixtureRequest) -> dict[str, Any]:
    return stack(request.param)


def secrets(service: Mapping[str, Any]) -> set[str]:
    return {one["source"] for one in service.get("secrets", ())}


def test_nothing_runs_as_root_or_with_rights_it_does_not_need(any_stack: dict[str, Any]) -> None:
    for name, service in any_stack["services"].items():
        assert service["user"] == "65532:65532", name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not {"privileged", "cap_add", "devices", "pid", "ipc"} & service.keys(), name
        assert service.get("read_only") is (None if name in FOREIGN else True) or name in FOREIGN, name
        assert int(service["mem_limit"]) > 0, name


def test_only_who_starts_containers_holds_the_engine(any_stack: dict[str, Any]) -> None:
    holders = {name for name, service in any_stack["services"].items() if "docker.sock" in json.dumps(service)}
    assert holders <= {"agent", "orchestrator", "guard"}
    assert any_stack["services"]["guard"]["network_mode"] == "none"


def test_every_setting_that_is_given_exists(any_stack: dict[str, Any]) -> None:
    for name, service in any_stack["services"].items():
        if name not in SETTINGS:
            continue
        prefix = SETTINGS[name].model_config["env_prefix"]
        known = {f"{prefix}{field}".upper() for field in SETTINGS[name].model_fields}
        assert service["environment"].keys() <= known, name


def test_each_service_of_the_topology_is_in_the_hub() -> None:
    assert {service.name.replace("_", "-") for service in SERVICES} <= stack("hub")["services"].keys()


@pytest.mark.parametrize("name", [service.name for service in SERVICES])
def test_a_hub_service_has_its_own_secrets_and_no_others(name: str) -> None:
    held = secrets(stack("hub")["services"][name.replace("_", "-")])
    assert {f"{name}.seed", f"{name}.mongo"} <= held
    assert held <= {f"{name}.seed", f"{name}.mongo", f"{name}.json"}


def test_only_the_services_reach_the_store() -> None:
    hub = stack("hub")
    assert hub["networks"]["store"]["internal"] is True
    there = {name for name, service in hub["services"].items() if "store" in service.get("networks", {})}
    assert there == {"mongo", "settle", *(service.name.replace("_", "-") for service in SERVICES)}
    assert hub["services"]["mongo"]["networks"].keys() == {"store"}
    assert "ports" not in hub["services"]["mongo"]


@pytest.mark.parametrize("name", ["hub", "hub that enrolls", "hub on one machine"])
def test_a_hub_publishes_bus_portal_and_entrance_and_nothing_else(name: str) -> None:
    services = stack(name)["services"]
    published = {
        (service, port["published"], port["host_ip"])
        for service in services
        for port in services[service].get("ports", ())
    }
    leaves = {("nats", "7422", "127.0.0.1"), ("nats", "8444", "127.0.0.1")} if name == "hub that enrolls" else set()
    assert published == PUBLISHED | leaves
    assert {one.get("network_mode", "none") for one in services.values()} == {"none"}


def test_on_one_machine_nothing_but_that_machine_is_ever_told_of_the_login() -> None:
    services = stack("hub on one machine", FEDPACT_PUBLISH="0.0.0.0")["services"]
    assert {port["host_ip"] for name in ("nats", "portal") for port in services[name]["ports"]} == {"127.0.0.1"}


def test_people_log_in_at_the_portals_own_address() -> None:
    services = stack("hub", FEDPACT_PORTAL_URL="https://hub.example")["services"]
    there = services["portal"]["environment"]["FEDPACT_PORTAL_ISSUER_URL"]
    assert there == services["identity"]["environment"]["FEDPACT_IDENTITY_PUBLIC_URL"] == "https://hub.example/identity"
    assert services["portal"]["environment"]["FEDPACT_PORTAL_IDENTITY_URL"] == "http://identity:8080"
    Portal.model_validate(
        {"mongo_url_file": FOLDER}
        | {
            key: services["portal"]["environment"][f"FEDPACT_PORTAL_{key}".upper()]
            for key in ("issuer_url", "public_url")
        }
        | {"identity_url": services["portal"]["environment"]["FEDPACT_PORTAL_IDENTITY_URL"]}
    )


def test_a_login_without_passwords_is_for_one_machine_alone() -> None:
    assert "FEDPACT_IDENTITY_DEV_LOGIN" not in stack("hub")["services"]["identity"]["environment"]
    services = stack("hub on one machine")["services"]
    told, asked = services["identity"]["environment"], services["portal"]["environment"]
    assert (told["FEDPACT_IDENTITY_DEV_LOGIN"], told["FEDPACT_IDENTITY_HOST"]) == ("true", "127.0.0.1")
    assert asked["FEDPACT_PORTAL_IDENTITY_URL"] == f"unix:{told['FEDPACT_IDENTITY_SOCKET']}"
    holders = {name for name in services for one in services[name].get("volumes", ()) if one["target"] == "/sockets"}
    assert holders == {"identity", "portal"}


def test_the_dal_reaches_nobody_and_a_gateway_listens_to_nobody_outside() -> None:
    gateway = stack("gateway")
    assert gateway["services"]["dal"]["networks"].keys() == {"data"}
    assert gateway["networks"]["data"]["internal"] is True
    assert not [name for name, service in gateway["services"].items() if "ports" in service]


def test_with_buckets_the_dal_alone_has_their_keys_and_a_way_out() -> None:
    gateway = stack("gateway with buckets")
    dal = gateway["services"]["dal"]
    assert dal["networks"].keys() == {"data", "buckets"}
    assert gateway["networks"]["data"]["internal"] is True
    (allowed,) = TypeAdapter(tuple[AllowedBucket, ...]).validate_json(dal["environment"]["FEDPACT_DAL_SOURCES_S3"])
    assert str(allowed.credentials) in {f"/run/secrets/{one}" for one in secrets(dal)}
    for name, service in gateway["services"].items():
        if name != "dal":
            assert not {"s3.credentials", "s3.ca"} & secrets(service), name
            assert "buckets" not in service.get("networks", {}), name


def test_a_proxy_is_told_to_both_who_go_outside_and_to_nobody_else() -> None:
    services = stack("gateway", FEDPACT_PROXY="proxy:3128", FEDPACT_PROXY_LOGIN="/srv/login")["services"]
    for name, prefix in OUTSIDE.items():
        given = services[name]["environment"]
        assert (given[f"{prefix}_PROXY"], given[f"{prefix}_PROXY_LOGIN_FILE"]) == LOGIN
    assert {name for name in services if "proxy.login" in secrets(services[name])} == OUTSIDE.keys()


def test_without_a_proxy_none_is_asked() -> None:
    services = stack("gateway")["services"]
    assert {services[name]["environment"][f"{prefix}_PROXY"] for name, prefix in OUTSIDE.items()} == {""}
    assert Entrance(onward="hub:8443", proxy="").proxy is None


def test_only_the_dal_sees_the_data_and_cannot_change_it() -> None:
    services = stack("gateway")["services"]
    mounts = {name: {one["source"]: one for one in service.get("volumes", ())} for name, service in services.items()}
    data = "/srv/fedpact/sites/gateway-1/data"
    assert mounts["dal"][data]["read_only"] is True
    assert data not in mounts["agent"]
    assert mounts["agent"]["/srv/fedpact/sites/gateway-1/trust"]["read_only"] is True

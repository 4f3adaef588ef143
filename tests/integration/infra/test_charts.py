"""The Helm charts, as Helm renders them: the whole output, who may do, see and reach what, and what is refused."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from charts import (
    BUCKETS,
    FOLDER,
    LEAST,
    SECRETS_OF_BUCKETS,
    Json,
    breaches,
    helm_lacks,
    merged,
    one,
    pods,
    rendered,
    told,
)
from jsonschema import Draft202012Validator

from fedpact.chassis.settings import ServiceSettings
from fedpact.dal_service.settings import Settings as Dal
from fedpact.entrance.settings import Settings as Entrance
from fedpact.gateway_agent.domain.manifests import RIGHTS
from fedpact.gateway_agent.settings import Settings as Agent
from fedpact.identity.settings import Settings as Identity
from fedpact.infra.topology import SERVICES
from fedpact.jobs.settings import Settings as Jobs
from fedpact.policy.settings import Settings as Policy
from fedpact.portal.settings import Settings as Portal
from fedpact.registry.settings import Settings as Registry
from fedpact.scheduler.settings import Settings as Scheduler
from fedpact.spec_lifecycle.settings import Settings as SpecLifecycle

pytestmark = pytest.mark.skipif(bool(helm_lacks()), reason=helm_lacks())
IMAGES = {f"sha256:{'a' * 64}": f"registry.example/model-logreg@sha256:{'b' * 64}"}
PODS: Json = {"workloads": {"launcher": "kubernetes", "pullSecrets": ["registry"]}, "models": {"images": IMAGES}}
"""Workloads as pods."""
GOLDEN = Path(__file__).parent / "charts"
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
    "road": Entrance,
}
VARIANTS: Mapping[str, tuple[str, Json]] = {
    "hub": ("hub", {}),
    "gateway": ("gateway", {}),
    "hub with a bus and a store elsewhere": (
        "hub",
        {
            "enrolment": {"enabled": False},
            "nats": {"enabled": False, "external": {"name": "nats.example.org", "port": 4333, "cidr": "192.0.2.7/32"}},
            "mongo": {"enabled": False, "external": {"name": "mongo.example.org", "cidr": "192.0.2.8/32"}},
            "owners": ["lakeside"],
            "network": {"gateways": [{"ipBlock": {"cidr": "198.51.100.0/24"}}], "browsers": [{"podSelector": {}}]},
        },
    ),
    "hub with pods": (
        "hub",
        {**PODS, "enrolment": {"leaves": True}, "network": {"gateways": [{"podSelector": {}}]}},
    ),
    "gateway with pods and cilium": ("gateway", PODS),
    "gateway with pods beside the hub": (
        "gateway",
        merged(PODS, {"cilium": {"enabled": False}, "hub": {"peers": [{"namespaceSelector": {}}]}}),
    ),
    "gateway without cilium": (
        "gateway",
        {
            "cilium": {"enabled": False},
            "hub": {"cidr": "192.0.2.0/24", "nats": "nats://hub.example.org:4222", "enrolment": ""},
        },
    ),
    "gateway with everything": (
        "gateway",
        {
            **PODS,
            "cilium": {"egressToHost": True},
            "proxies": {"https": "proxy.lakeside.example:3128", "loginSecret": "proxy"},
            "gpu": {"enabled": True, "runtimeClass": "nvidia"},
            "dal": {
                "sources": {"files": {"inbox": "inbox"}, "s3": ["trials"]},
                "persistence": {"local": {"hostPath": "/srv/dal"}},
            },
            "image": {"pullSecrets": ["registry"]},
        },
    ),
    "gateway with buckets": ("gateway", BUCKETS),
}


@pytest.fixture(params=VARIANTS)
def objects(request: pytest.FixtureRequest) -> list[Json]:
    return rendered(*VARIANTS[request.param])


def refused(chart: str, values: Json) -> str:
    with pytest.raises(Exception, match="schema") as told:
        rendered(chart, values)
    return str(told.value)


@pytest.mark.parametrize("chart", LEAST)
def test_the_whole_output_is_as_reviewed(chart: str) -> None:
    path = GOLDEN / f"{chart}.yaml"
    text = yaml.safe_dump_all(rendered(chart), sort_keys=False, width=120)
    if "FEDPACT_WRITE_GOLDEN" in os.environ:
        path.write_text(text)
    assert text == path.read_text(), "written anew by FEDPACT_WRITE_GOLDEN=1; read the difference"


def test_every_object_fits_the_schema_of_current_kubernetes(objects: list[Json]) -> None:
    validate = pytest.importorskip("kubernetes_validate")
    ours = [each for each in objects if not each["apiVersion"].startswith("cilium.io/")]
    assert ours
    for each in ours:
        validate.validate(each, "1.36", strict=True)


def test_every_pod_keeps_to_the_restricted_standard(objects: list[Json]) -> None:
    assert {name: breaches(pod) for name, pod in pods(objects)} == {name: [] for name, _ in pods(objects)}


@pytest.mark.parametrize(
    "looser",
    [
        {"hostNetwork": True},
        {"securityContext": {}},
        {"volumes": [{"name": "x", "hostPath": {"path": "/"}}]},
        {"containers": [{"name": "x"}]},
    ],
)
def test_a_pod_that_does_not_keep_to_it_is_noticed(looser: Json) -> None:
    (_, pod), *_ = pods(rendered("gateway"))
    assert breaches({**pod, **looser})


def test_only_an_agent_that_makes_pods_has_a_token_and_rights(objects: list[Json]) -> None:
    holders = {name for name, pod in pods(objects) if pod["automountServiceAccountToken"]}
    roles = {each["metadata"]["name"] for each in objects if each["kind"] == "Role"}
    launchers = {name for name, pod in pods(objects) if told(pod).get("FEDPACT_AGENT_LAUNCHER") == "kubernetes"}
    assert holders == roles == launchers <= {"agent", "orchestrator"}
    assert not [each for each in objects if each["kind"] in {"ClusterRole", "ClusterRoleBinding"}]


@pytest.mark.parametrize(("chart", "agent"), [("hub", "orchestrator"), ("gateway", "agent")])
def test_an_agent_may_do_what_its_launcher_of_pods_does_and_nothing_else(chart: str, agent: str) -> None:
    rules = one(
        rendered(*VARIANTS[f"{chart} with pods" if chart == "hub" else "gateway with everything"]), "Role", agent
    )["rules"]
    granted = {resource: tuple(rule["verbs"]) for rule in rules for resource in rule["resources"]}
    assert granted == RIGHTS


def test_every_pod_is_bounded_and_sees_no_links(objects: list[Json]) -> None:
    for name, pod in pods(objects):
        assert pod["enableServiceLinks"] is False, name
        for container in (*pod.get("initContainers", ()), *pod["containers"]):
            assert container["resources"]["limits"]["memory"], name
            assert container["securityContext"]["readOnlyRootFilesystem"] is (name != "mongo"), name


def test_what_listens_says_whether_it_lives_and_is_ready(objects: list[Json]) -> None:
    for name, pod in pods(objects):
        if name.startswith(("settle", "nats", "mongo", "steward")):
            continue
        container = pod["containers"][0]
        assert container["livenessProbe"]["httpGet"]["path"] == "/healthz", name
        assert container["readinessProbe"]["httpGet"]["path"] == "/readyz", name


def test_every_setting_that_is_given_exists(objects: list[Json]) -> None:
    for name, pod in pods(objects):
        if name not in SETTINGS:
            continue
        prefix = SETTINGS[name].model_config["env_prefix"]
        known = {f"{prefix}{field}".upper() for field in SETTINGS[name].model_fields}
        assert {row["name"] for row in pod["containers"][0]["env"]} <= known, name


def test_every_volume_that_is_mounted_is_there(objects: list[Json]) -> None:
    claims = {each["metadata"]["name"] for each in objects if each["kind"] == "PersistentVolumeClaim"}
    for name, pod in pods(objects):
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        mounted = {
            mount["name"] for c in (*pod.get("initContainers", ()), *pod["containers"]) for mount in c["volumeMounts"]
        }
        assert mounted <= volumes.keys() | ({"data"} if name in {"nats", "mongo"} else set()), name
        wanted = {
            volume["persistentVolumeClaim"]["claimName"]
            for volume in volumes.values()
            if "persistentVolumeClaim" in volume
        }
        assert wanted <= claims, name


def test_an_administrator_may_make_the_role_instead() -> None:
    kinds = {each["kind"] for each in rendered("gateway", merged(PODS, {"workloads": {"rbac": False}}))}
    assert not kinds & {"Role", "RoleBinding"}


def test_who_keeps_something_or_reads_in_order_is_never_there_twice() -> None:
    single = {each["metadata"]["name"] for each in rendered("hub") if each["kind"] == "StatefulSet"}
    assert single == {service.name.replace("_", "-") for service in SERVICES} | {"orchestrator", "nats", "mongo"}
    assert {each["metadata"]["name"]: each["kind"] for each in rendered("gateway") if pod_of(each)} == {
        "agent": "StatefulSet",
        "dal": "StatefulSet",
        "road": "Deployment",
        "steward": "Deployment",
    }


def pod_of(each: Json) -> bool:
    return "template" in each.get("spec", {})


def test_bus_and_store_are_where_the_operator_says() -> None:
    objects = rendered(*VARIANTS["hub with a bus and a store elsewhere"])
    urls = {told(pod).get(f"FEDPACT_{name.upper().replace('-', '_')}_NATS_URL") for name, pod in pods(objects)}
    assert urls - {None} == {"nats://nats.example.org:4333"}
    (settle,) = [pod for name, pod in pods(objects) if name.startswith("settle")]
    assert settle["containers"][0]["args"] == [
        "--bus",
        "nats://nats.example.org:4333",
        "--store",
        "mongo.example.org:27017",
    ]


def test_with_pods_a_model_version_has_its_image_and_the_agent_no_gpu() -> None:
    objects = rendered(*VARIANTS["gateway with everything"])
    assert json.loads(one(objects, "ConfigMap", "images")["data"]["images.json"]) == IMAGES
    agent = dict(pods(objects))["agent"]
    assert "nvidia.com/gpu" not in agent["containers"][0]["resources"]["limits"]
    assert "runtimeClassName" not in agent
    assert told(agent)["FEDPACT_AGENT_KUBERNETES_GPU"] == "nvidia.com/gpu"
    process = dict(pods(rendered("gateway", {"gpu": {"enabled": True}})))["agent"]
    assert process["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == 1


def test_of_the_data_the_agent_sees_the_inbox_and_nothing_else() -> None:
    (mount,) = [
        each
        for each in dict(pods(rendered(*VARIANTS["gateway with everything"])))["agent"]["containers"][0]["volumeMounts"]
        if each["name"] == "data"
    ]
    assert mount == {"name": "data", "mountPath": "/home/datastore/inbox", "subPath": "inbox", "readOnly": True}
    assert "data" not in {volume["name"] for volume in dict(pods(rendered("gateway")))["agent"]["volumes"]}


def test_each_pod_mounts_its_own_secret_and_no_other(objects: list[Json]) -> None:
    for name, pod in pods(objects):
        mounted = {volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume}
        own = {"settle"} if name.startswith("settle") else {name} - {"dal", "steward", "road"}
        assert mounted - ({"proxy"} if name != "dal" else SECRETS_OF_BUCKETS) == own, name


def test_no_release_holds_a_secret(objects: list[Json]) -> None:
    assert "Secret" not in {each["kind"] for each in objects}


def test_nobody_reaches_anybody_unless_a_policy_says_so(objects: list[Json]) -> None:
    spec = one(objects, "NetworkPolicy", "deny-all")["spec"]
    assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@pytest.mark.parametrize("variant", [name for name, (chart, _) in VARIANTS.items() if chart == "gateway"])
def test_the_dal_reaches_nobody_but_the_servers_of_its_buckets(variant: str) -> None:
    objects = rendered(*VARIANTS[variant])
    buckets = "FEDPACT_DAL_SOURCES_S3" in told(dict(pods(objects))["dal"])
    for each in (each for each in objects if each["kind"].endswith("NetworkPolicy")):
        chosen = each["spec"].get("podSelector") or each["spec"].get("endpointSelector")
        outgoing = {"agent", "road", *(["dal"] if buckets else [])}
        assert not each["spec"].get("egress") or chosen["matchLabels"]["app.kubernetes.io/name"] in outgoing


def test_only_services_reach_the_store() -> None:
    (rule,) = one(rendered("hub"), "NetworkPolicy", "mongo")["spec"]["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": {"fedpact.org/part": "service"}}}]
    parts = {
        each["metadata"]["name"]
        for each in rendered("hub")
        if each.get("spec", {}).get("template", {}).get("metadata", {}).get("labels", {}).get("fedpact.org/part")
    }
    assert parts == {service.name.replace("_", "-") for service in SERVICES} | {"settle-1"}


def test_outside_reaches_the_hub_only_where_an_operator_says_who() -> None:
    for name in ("portal", "orchestrator"):
        assert "ingress" not in one(rendered("hub"), "NetworkPolicy", name)["spec"]


def test_identity_is_reached_by_the_portal_alone_whoever_may_come_to_that() -> None:
    objects = rendered("hub", {"network": {"browsers": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}})
    [rule] = one(objects, "NetworkPolicy", "identity")["spec"]["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "portal"}}}]
    [portal] = [told(pod) for name, pod in pods(objects) if name == "portal"]
    assert portal["FEDPACT_PORTAL_ISSUER_URL"] == portal["FEDPACT_PORTAL_PUBLIC_URL"] + "/identity"
    assert portal["FEDPACT_PORTAL_IDENTITY_URL"] == "http://identity:8080"


def test_with_cilium_the_way_out_is_held_to_names_and_without_to_addresses() -> None:
    for name, port in (("agent", "4222"), ("road", "8443")):
        with_it = one(rendered("gateway"), "CiliumNetworkPolicy", name)["spec"]["egress"]
        (rule,) = [rule for rule in with_it if "toFQDNs" in rule]
        assert rule["toFQDNs"] == [{"matchName": "hub.example.org"}]
        assert rule["toPorts"] == [{"ports": [{"port": port, "protocol": "TCP"}]}]
    without = rendered(*VARIANTS["gateway without cilium"])
    assert not [each for each in without if each["kind"] == "CiliumNetworkPolicy"]
    *_, rule = one(without, "NetworkPolicy", "agent")["spec"]["egress"]
    assert rule["to"] == [{"ipBlock": {"cidr": "192.0.2.0/24"}}]


@pytest.mark.parametrize("egress", [True, False])
def test_the_host_is_reached_only_where_the_operator_says_so(egress: bool) -> None:
    policy = one(rendered("gateway", {"cilium": {"egressToHost": egress}}), "CiliumNetworkPolicy", "agent")
    assert any(rule.get("toEntities") == ["host"] for rule in policy["spec"]["egress"]) is egress


def test_through_a_proxy_nobody_goes_anywhere_else_and_workloads_never_see_its_login() -> None:
    objects = rendered(*VARIANTS["gateway with everything"])
    names = {
        peer["matchName"]
        for each in objects
        if each["kind"] == "CiliumNetworkPolicy" and each["metadata"]["name"] != "dal"
        for rule in each["spec"]["egress"]
        for peer in rule.get("toFQDNs", ())
    }
    assert names == {"proxy.lakeside.example"}
    found = dict(pods(objects))
    assert told(found["agent"])["FEDPACT_AGENT_PROXY"] == told(found["road"])["FEDPACT_ENTRANCE_PROXY"]
    assert told(found["agent"])["FEDPACT_AGENT_FLARE_VIA"] == "road:8443"
    assert told(found["road"])["FEDPACT_ENTRANCE_ONWARD"] == "hub.example.org:8443"


@pytest.mark.parametrize(
    ("chart", "values", "named"),
    [
        ("gateway", {"tenat": "x"}, "tenat"),
        ("gateway", {"dal": {"sources": {"files": {"folder": "relative"}}}}, "folder"),
        ("gateway", {"dal": {"sources": {"files": {"folder": ""}}}}, "folder"),
        ("gateway", merged(BUCKETS, {"dal": {"sources": {"files": {"inbox": "inbox"}}}}), "folder"),
        ("gateway", {"dal": {"sources": {"s3": ["Scans"]}}}, "s3"),
        ("gateway", {"dal": {"sources": {"s3": [{"bucket": "scans", "accessKey": "x"}]}}}, "accessKey"),
        ("gateway", {"dal": {"sources": {"s3": [{"bucket": "scans", "endpoint": "s3.example.org"}]}}}, "endpoint"),
        ("gateway", {"hub": {"nats": "hub.example.org"}}, "nats"),
        ("gateway", {"models": {"folder": ""}}, "models"),
        ("gateway", {"tenant": ""}, "tenant"),
        ("hub", {"urls": {"portal": ""}}, "portal"),
        ("hub", {"nats": {"enabled": False}}, "nats"),
        ("hub", {"orchestrator": {"flare": {"host": ""}}}, "host"),
        ("hub", {"enrolment": {"bus": ""}}, "bus"),
        ("hub", {"enrolment": {"bus": "nats://hub.example.org"}}, "bus"),
        ("gateway", {"hub": {"nats": "nats://hub.example.org:4222"}}, "nats"),
        ("hub", {"services": {"identity": {"replicas": 2}}}, "services"),
        ("hub", {"workloads": {"launcher": "kubernetes"}}, "images"),
        ("gateway", {"proxies": {"https": "http://proxy:3128"}}, "https"),
        ("gateway", {"workloads": {"launcher": "kubernetes"}}, "images"),
        ("gateway", merged(PODS, {"models": {"images": {f"sha256:{'a' * 64}": "registry.example/model:1"}}}), "images"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_named(chart: str, values: Json, named: str) -> None:
    assert named in refused(chart, values)


@pytest.mark.parametrize("chart", LEAST)
def test_every_value_is_described_and_nothing_unknown_is_taken(chart: str) -> None:
    schema = json.loads((FOLDER / chart / "values.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    assert described(schema, chart) == []
    assert yaml.safe_load((FOLDER / chart / "values.yaml").read_text()).keys() <= schema["properties"].keys()


def described(schema: Mapping[str, Any], path: str) -> list[str]:
    lacking = [] if schema.get("description") else [f"{path}: no description"]
    if "properties" in schema and schema.get("additionalProperties") is not False:
        lacking.append(f"{path}: takes anything")
    peers = {"ipBlock", "podSelector", "namespaceSelector"}
    inner = {key: value for key, value in schema.get("properties", {}).items() if key not in peers}
    return lacking + [problem for key, value in inner.items() for problem in described(value, f"{path}.{key}")]


def test_both_charts_hold_pods_to_the_same_bounds() -> None:
    hub, gateway = ((FOLDER / chart / "templates" / "_bounds.tpl").read_text() for chart in ("hub", "gateway"))
    assert hub == gateway

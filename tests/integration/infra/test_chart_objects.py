"""What the prepared folder gives a cluster is what the charts mount, and nothing of it is lost or left over."""

import base64
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from charts import FOLDER, Json, helm_lacks, pods, rendered

from fedpact.identity.adapters.bus_authority import BusAuthority
from fedpact.identity.app.access import About
from fedpact.infra import containers
from fedpact.infra.federation import federation
from fedpact.infra.layout import Layout

pytestmark = pytest.mark.skipif(bool(helm_lacks()), reason=helm_lacks())


FIXED: Mapping[str, Json] = {
    "hub": {"enrolment": {"enabled": False}},
    "gateway": {"hub": {"nats": "nats://hub.example.org:4222", "enrolment": ""}},
}
"""What the charts are told where every key is of the folder."""


@pytest.fixture(params=[("hub.example.org",), ()], ids=["enrolling", "fixed"])
def names(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Of the hub, where gateways are enrolled."""
    found: tuple[str, ...] = request.param
    return found


@pytest.fixture
def prepared(tmp_path: Path, names: tuple[str, ...]) -> Path:
    layout = Layout(tmp_path / "fedpact")
    containers.prepare(layout, federation(2), names=names)
    return layout.root


def given_by(*words: str) -> dict[tuple[str, str], dict[str, str]]:
    """Kind and name -> what the object holds."""
    command = [sys.executable, "-I", str(FOLDER / "objects.py"), *words]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    return {(each["kind"], each["metadata"]["name"]): each["data"] for each in json.loads(said.stdout)["items"]}


def test_what_is_mounted_is_what_the_prepared_folder_gives(prepared: Path, names: tuple[str, ...]) -> None:
    for chart, words in (("hub", ("hub", str(prepared))), ("gateway", ("gateway", str(prepared), "gateway-1"))):
        given = given_by(*words)
        values: Json = {"owners": ["lakeside", "hillcrest"]} if chart == "hub" else {}
        found = list(pods(rendered(chart, {**values, **({} if names else FIXED[chart])})))
        assert {need for _, pod in found for need in needs(pod)} == set(given)
        for _, pod in found:
            for kind, name, key in named_files(pod):
                assert key in given[kind, name], (name, key)


def needs(pod: Json) -> set[tuple[str, str]]:
    return {(kind, name) for kind, name, _ in sources(pod)}


def named_files(pod: Json) -> list[tuple[str, str, str]]:
    """Kind, object and key of each file that a pod names, be it as an item or by the path it is mounted at."""
    listed = [(kind, name, item["key"]) for kind, name, items in sources(pod) for item in items]
    text = json.dumps([pod.get("initContainers"), pod["containers"]])
    own = [(kind, name) for kind, name, items in sources(pod) if kind == "Secret" and not items]
    words = {word for part in text.split("/run/secrets/fedpact/")[1:] for word in [part.split('"')[0]]}
    return [*listed, *((kind, name, word) for kind, name in own for word in words)]


def sources(pod: Json) -> list[tuple[str, str, list[Json]]]:
    found: list[tuple[str, str, list[Json]]] = []
    for volume in pod["volumes"]:
        if "secret" in volume:
            found.append(("Secret", volume["secret"]["secretName"], volume["secret"].get("items", [])))
        parts = volume.get("projected", {}).get("sources", [volume])
        maps = [part["configMap"] for part in parts if "configMap" in part]
        found += [("ConfigMap", each["name"], each.get("items", [])) for each in maps if not each.get("optional")]
    return found


def test_the_bus_keeps_what_it_knows_on_the_charts_volume(prepared: Path, names: tuple[str, ...]) -> None:
    held = given_by("hub", str(prepared))["Secret", "nats"]
    told = base64.b64decode(held["nats.conf"]).decode()
    assert 'store_dir: "/data/jetstream"' in told
    assert ('dir: "/data/accounts"' in told) is bool(names)
    assert str(prepared) not in told
    certificate = {word.split('"')[0] for word in told.split('"/run/secrets/fedpact/')[1:]}
    assert certificate == held.keys() - {"nats.conf"} == ({"server.pem", "server.key"} if names else set())


@pytest.mark.parametrize("names", [("hub.example.org",)])
def test_identity_can_enroll_and_nobody_else_is_given_what_that_takes(prepared: Path, tmp_path: Path) -> None:
    given = given_by("hub", str(prepared))
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    for name, content in given["Secret", "identity"].items():
        (mounted / name).write_bytes(base64.b64decode(content))
    told = About(bus_url="tls://hub.example.org:4222", bus_domain="hub")
    assert BusAuthority.at(mounted, url="tls://nats:4222", ca_file=None, told=told).new_account()
    signing = given["Secret", "identity"]["operator-signing.seed"]
    assert [name for (_, name), data in given.items() if signing in data.values()] == ["identity"]


@pytest.mark.parametrize("names", [("hub.example.org",)])
def test_what_only_the_operator_needs_stays_out_of_the_cluster(prepared: Path) -> None:
    kept = [(prepared / "secrets" / "bus" / "operator.seed").read_bytes(), (prepared / "ca" / "ca.key").read_bytes()]
    for data in given_by("hub", str(prepared)).values():
        for content in data.values():
            assert not any(base64.b64encode(key).decode() == content or key.decode() in content for key in kept)


def test_no_key_is_in_a_config_map(prepared: Path) -> None:
    for words in (("hub", str(prepared)), ("gateway", str(prepared), "gateway-1")):
        held = [text for (kind, _), data in given_by(*words).items() if kind == "ConfigMap" for text in data.values()]
        assert not [text for text in held if "PRIVATE" in text or "SEED" in text or text.startswith("S")]


def test_a_folder_that_nobody_prepared_is_refused_with_what_to_do(tmp_path: Path) -> None:
    words = [sys.executable, "-I", str(FOLDER / "objects.py"), "hub", str(tmp_path)]
    said = subprocess.run(words, capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert "give the folder that `prepare` made" in said.stderr

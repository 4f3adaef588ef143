"""What the prepared folder gives a cluster is what the charts mount, and nothing of it is lost or left over."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
from charts import FOLDER, Json, helm_lacks, pods, rendered

from fedpact.infra import containers
from fedpact.infra.federation import federation
from fedpact.infra.layout import Layout

pytestmark = pytest.mark.skipif(bool(helm_lacks()), reason=helm_lacks())


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    layout = Layout(tmp_path / "fedpact")
    containers.prepare(layout, federation(2))
    return layout.root


def test_what_is_mounted_is_what_the_prepared_folder_gives(prepared: Path) -> None:
    for chart, words in (("hub", ("hub", str(prepared))), ("gateway", ("gateway", str(prepared), "gateway-1"))):
        said = subprocess.run(
            [sys.executable, "-I", str(FOLDER / "objects.py"), *words], capture_output=True, text=True, check=True
        )
        given = {(each["kind"], each["metadata"]["name"]): each["data"] for each in json.loads(said.stdout)["items"]}
        values: Json = {"owners": ["lakeside", "hillcrest"]} if chart == "hub" else {}
        assert {need for _, pod in pods(rendered(chart, values)) for need in needs(pod)} == set(given)
        for _, pod in pods(rendered(chart, values)):
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


def test_the_bus_keeps_its_streams_on_the_charts_volume(prepared: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-I", str(FOLDER / "objects.py"), "hub", str(prepared)],
        capture_output=True,
        text=True,
        check=True,
    )
    (nats,) = [each for each in json.loads(said.stdout)["items"] if each["metadata"]["name"] == "nats"]
    assert b'store_dir: "/data/jetstream"' in base64.b64decode(nats["data"]["nats.conf"])
    assert str(prepared) not in base64.b64decode(nats["data"]["nats.conf"]).decode()


def test_a_folder_that_nobody_prepared_is_refused_with_what_to_do(tmp_path: Path) -> None:
    words = [sys.executable, "-I", str(FOLDER / "objects.py"), "hub", str(tmp_path)]
    said = subprocess.run(words, capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert "give the folder that `prepare` made" in said.stderr

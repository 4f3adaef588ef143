"""A setting chooses what a workload is, and everything that follows from the choice."""

import json
from pathlib import Path

import pytest
from agent_values import SERVER_NAME
from decision_values import MODEL
from pydantic import ValidationError

from fedpact.contracts.workloads import Cause
from fedpact.gateway_agent.adapters.deferred import DeferredLauncher
from fedpact.gateway_agent.adapters.gauges import MetricConsoles, MetricFiles
from fedpact.gateway_agent.adapters.metric_teller import told
from fedpact.gateway_agent.adapters.model_images import ModelImages
from fedpact.gateway_agent.adapters.processes import ProcessLauncher
from fedpact.gateway_agent.domain.errors import ModelMissingError
from fedpact.gateway_agent.domain.marks import object_name
from fedpact.gateway_agent.domain.pods import Place
from fedpact.gateway_agent.launching import launching, models
from fedpact.gateway_agent.settings import Settings

NAME = object_name("orchestrator", SERVER_NAME)


def settings(root: Path, **more: object) -> Settings:
    base = {"gateway": "orchestrator", "organization": "hub", "state_folder": root, "models_dir": root / "models"}
    return Settings(role="orchestrator", **{**base, **more})


def contained(root: Path, launcher: str = "docker", **more: object) -> Settings:
    needed = {"model_images": root / "images.json", "kubernetes_namespace": "hub"}
    return settings(root, launcher=launcher, **{**needed, **more})


def test_workloads_are_processes_unless_something_else_is_chosen(tmp_path: Path) -> None:
    chosen, asked = launching(settings(tmp_path)), settings(tmp_path)
    assert isinstance(chosen.launcher, ProcessLauncher)
    assert isinstance(chosen.gauges, MetricFiles)
    assert (chosen.host_of(SERVER_NAME), asked.server_host, asked.server_ports) == ("127.0.0.1", "localhost", ())
    assert models(asked).images is None
    assert "processes" in asked.capabilities


def test_processes_are_held_to_the_limits_that_are_chosen_and_to_no_others(tmp_path: Path) -> None:
    assert launching(settings(tmp_path, limits="")).launcher.limits_enforced == ()
    some = settings(tmp_path, limits="memory, processes", hidden="/srv/data,/home")
    assert set(launching(some).launcher.limits_enforced) <= {"memory", "processes"}
    assert some.hidden == (Path("/srv/data"), Path("/home"))


def test_a_limit_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="'cpu', 'memory', 'processes', 'network' or 'gpu'"):
        settings(tmp_path, limits="memory,disk")


def test_an_orchestrator_never_claims_to_jail_the_servers_that_others_reach(tmp_path: Path) -> None:
    assert "network" not in launching(settings(tmp_path, limits="network")).launcher.limits_enforced


@pytest.mark.parametrize(
    ("launcher", "more", "host", "ports", "word"),
    [
        ("docker", {}, "127.0.0.1", (), "containers"),
        ("docker", {"docker_publish": ""}, NAME, (8002,), "containers"),
        (
            "docker",
            {"docker_neighbours": "road=flare, agent=agent"},
            NAME,
            (8002,),
            "containers",
        ),
        ("kubernetes", {}, f"{NAME}.hub", (8002,), "pods"),
        ("kubernetes", {"kubernetes_service": "NodePort", "flare_ports": "30100-30101"}, None, (30100, 30101), "pods"),
    ],
)
def test_a_server_is_reached_where_its_launcher_puts_it(
    tmp_path: Path, launcher: str, more: dict[str, object], host: str | None, ports: tuple[int, ...], word: str
) -> None:
    asked = contained(tmp_path, launcher, **more)
    chosen = launching(asked)
    assert isinstance(chosen.launcher, DeferredLauncher)
    assert isinstance(chosen.gauges, MetricConsoles)
    assert chosen.runtime.python == "/usr/local/bin/python3"
    assert "runpy" in chosen.runtime.prelude
    assert (asked.server_host, asked.server_ports) == ("", ports)
    assert host is None or chosen.host_of(SERVER_NAME) == host
    assert word in asked.capabilities
    assert models(asked).images == ModelImages(tmp_path / "images.json")


def test_an_agent_outside_the_cluster_reaches_servers_as_everybody_else_does(tmp_path: Path) -> None:
    outside = {"kubernetes_config": tmp_path / "config", "kubernetes_service": "NodePort", "flare_host": "192.0.2.7"}
    chosen = launching(contained(tmp_path, "kubernetes", **outside))
    assert chosen.host_of(SERVER_NAME) == "192.0.2.7"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"launcher": "docker"}, "needs model_images"),
        ({"launcher": "kubernetes", "model_images": Path("/i")}, "needs kubernetes_namespace"),
        ({"launcher": "podman"}, "'process', 'docker' or 'kubernetes'"),
        ({"docker_neighbours": "dal"}, "write `container=name`"),
        ({"docker_neighbours": "dal="}, "write `container=name`"),
    ],
)
def test_a_choice_that_cannot_work_is_refused_with_what_it_needs(
    tmp_path: Path, more: dict[str, object], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        settings(tmp_path, **more)


def test_the_image_of_a_model_is_the_one_of_exactly_that_content(tmp_path: Path) -> None:
    images = ModelImages(tmp_path / "images.json")
    with pytest.raises(ModelMissingError, match="list of model images cannot be read"):
        images.of(MODEL)
    images.file.write_text(json.dumps({"sha256:" + "0" * 64: "another"}))
    with pytest.raises(ModelMissingError, match="knows no image of model") as refused:
        images.of(MODEL)
    assert refused.value.cause is Cause.IMAGE
    images.file.write_text(json.dumps({MODEL.digest: "registry.example/model@sha256:1"}))
    assert images.of(MODEL) == "registry.example/model@sha256:1"


async def test_what_a_job_writes_in_a_container_arrives_as_it_does_from_a_process(tmp_path: Path) -> None:
    """The teller inside marks whole lines, and the agent reads those of one job from the console."""
    place, offsets = Place(root=tmp_path), {}
    for job in ("job-1", "job-2"):
        (place.kit / job / "metrics").mkdir(parents=True)
    written = place.kit / "job-1" / "metrics" / "round_metrics.jsonl"
    other = place.kit / "job-2" / "metrics" / "round_metrics.jsonl"
    other.write_text('{"round": 7, "metrics": {"loss": 0}}\n')
    written.write_text('{"round": 1, "metrics": {"loss": 0.5}}\nnot json\n{"round": 2, "met')
    with place.log.open("a") as console:
        console.write("2026 - INFO - FLARE says something\n" + told(place.kit, offsets))
    first, after = await MetricConsoles().rounds(place, "job-1", 0)
    assert [(one.number, one.metrics) for one in first] == [(1, {"loss": 0.5})]
    assert told(place.kit, offsets) == ""
    with written.open("a") as file:
        file.write('rics": {"loss": 0.25}}\n')
    with place.log.open("a") as console:
        console.write(told(place.kit, offsets))
    again, end = await MetricConsoles().rounds(place, "job-1", after)
    assert [(one.number, one.metrics) for one in again] == [(2, {"loss": 0.25})]
    assert await MetricConsoles().rounds(place, "job-1", end) == ([], end)
    assert await MetricConsoles().rounds(Place(root=tmp_path / "gone"), "job-1", 0) == ([], 0)


def test_a_file_that_a_stack_passes_on_empty_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEDPACT_AGENT_NATS_CA_FILE", "")
    assert settings(tmp_path).nats_ca_file is None

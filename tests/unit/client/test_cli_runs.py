"""Specs and jobs at the command line: made, activated, watched, fetched."""

import json
from pathlib import Path

import httpx
import pytest
from cli_runs import WAITING, Run, rows
from client_portal import (
    FakePortal,
    FakeTime,
    active,
    artifact,
    body_of,
    job,
    problem,
    spec,
)


def test_a_spec_is_made_of_a_file_and_what_is_said_beside_it(run: Run, portal: FakePortal, tmp_path: Path) -> None:
    file = tmp_path / "spec.yaml"
    file.write_text("datasets: [a_b_c]\nmodel: {id: m, version: 1.0.0}\nresources: {clients: {cpu: 2, memory: 100}}\n")
    portal.on("POST", "/v1/specs", spec())
    result = run(
        "specs", "create", "-f", str(file), "--model", "m@2.0.0", "--client-cpu", "4", "--server-memory", "512",
        "--parameters", "{rounds: 3}", "--id", "s-1",
    )  # fmt: skip
    assert result.exit_code == 0
    content = {
        "datasets": ["a_b_c"],
        "model": {"id": "m", "version": "2.0.0"},
        "resources": {"clients": {"cpu": 4.0, "memory": 100}, "server": {"memory": 512}},
        "parameters": {"rounds": 3},
    }
    assert body_of(portal.last) == {"spec_id": "s-1", "content": content}


def test_activating_can_wait(run: Run, portal: FakePortal) -> None:
    portal.on("POST", "/v1/specs/s-1/activate", spec(**WAITING))
    portal.on("GET", "/v1/specs/s-1", spec(**WAITING), active())
    result = run("specs", "activate", "s-1", "--wait", "-o", "json", "--expected-generation", "0")
    assert json.loads(result.stdout)["status"] == "active.running_idle"
    assert body_of(portal.requests[0]) == {"expected_generation": 0}


@pytest.mark.parametrize(
    ("words", "path"),
    [(("deactivate", "s-1"), "/v1/specs/s-1/deactivate"), (("clone", "s-1"), "/v1/specs/s-1/clone")],
)
def test_verbs_of_specs(run: Run, portal: FakePortal, words: tuple[str, ...], path: str) -> None:
    portal.on("POST", path, spec()).on("GET", "/v1/specs/s-1", spec())
    assert run("specs", *words, "--wait").exit_code == 0
    assert portal.requests[0].url.path == path


def test_a_spec_is_watched_until_it_rests(run: Run, portal: FakePortal, time: FakeTime) -> None:
    creating = spec(status="updating.creating", stage="creating", generation=1)
    portal.on("GET", "/v1/specs/s-1", spec(**WAITING), spec(**WAITING), creating, active())
    result = run("specs", "status", "s-1", "--watch")
    assert result.stdout.splitlines() == ["updating.awaiting_resources", "updating.creating", "active.running_idle"]
    assert time.slept == [1.0, 1.0, 1.0]


def test_a_job_is_submitted_with_a_payload_of_a_file(run: Run, portal: FakePortal, tmp_path: Path) -> None:
    (tmp_path / "payload.yaml").write_text("rounds: 5\n")
    portal.on("POST", "/v1/jobs", job()).on("GET", "/v1/jobs/j-1", job(status="completed"))
    result = run("jobs", "submit", "s-1", "--payload", f"@{tmp_path / 'payload.yaml'}", "--activate", "--wait")
    assert result.exit_code == 0
    assert body_of(portal.requests[0]) == {"spec_id": "s-1", "payload": {"rounds": 5}, "activate": True}


def test_a_job_that_was_only_submitted_is_no_result_yet(run: Run, portal: FakePortal) -> None:
    portal.on("POST", "/v1/jobs", job(status="created"))
    result = run("jobs", "submit", "s-1", "--payload", "{}")
    assert (result.exit_code, "`fedpact jobs wait j-1` tells" in result.stderr) == (0, True)


def test_a_job_on_a_rejected_spec_is_a_refusal_at_once(run: Run, portal: FakePortal) -> None:
    portal.on("POST", "/v1/jobs", problem(409, "not_approved", "`s-1` is `inactive.rejected` and runs nothing"))
    result = run("jobs", "submit", "s-1")
    assert (result.exit_code, result.stderr) == (1, "fedpact: `s-1` is `inactive.rejected` and runs nothing\n")


def test_cancelling_says_what_became_of_it(run: Run, portal: FakePortal) -> None:
    portal.on("POST", "/v1/jobs/j-1/cancel", job(status="running"), job(status="cancelled"))
    assert "it is being stopped" in run("jobs", "cancel", "j-1").stderr
    assert run("jobs", "cancel", "j-1").stderr == ""
    portal.on("POST", "/v1/jobs/j-1/cancel", problem(409, "already_ended", "`j-1` had already completed"))
    result = run("jobs", "cancel", "j-1")
    assert (result.exit_code, "had already completed" in result.stderr) == (1, True)


def test_metrics_and_artifacts_are_tables(run: Run, portal: FakePortal) -> None:
    point = {"gateway": "gateway-1", "round": 2, "metrics": {"loss": 0.25, "auc": 0.5}, "at": "2026-01-01T00:00:00Z"}
    portal.on("GET", "/v1/jobs/j-1/metrics", {"job_id": "j-1", "points": [point]})
    assert rows(run("jobs", "metrics", "j-1"))[1][:4] == ["gateway-1", "2", "auc=0.5,", "loss=0.25"]
    portal.on("GET", "/v1/jobs/j-1/artifacts", {"job_id": "j-1", "stored": True, "items": [artifact("a.json", b"{}")]})
    assert rows(run("jobs", "artifacts", "j-1"))[1][:3] == ["a.json", "result", "2"]


def test_what_was_downloaded_is_printed(run: Run, portal: FakePortal, tmp_path: Path) -> None:
    portal.on("GET", "/v1/jobs/j-1/artifacts", {"job_id": "j-1", "stored": True, "items": [artifact("a", b"a")]})
    portal.on("GET", "/v1/jobs/j-1/artifacts/a", httpx.Response(200, content=b"a"))
    assert run("jobs", "download", "j-1", "--to", str(tmp_path)).stdout == f"{tmp_path / 'a'}\n"


def test_a_download_of_nothing_says_so(run: Run, portal: FakePortal, tmp_path: Path) -> None:
    portal.on("GET", "/v1/jobs/j-1/artifacts", {"job_id": "j-1", "stored": False, "items": []})
    portal.on("GET", "/v1/jobs/j-1", job(status="running"))
    result = run("jobs", "download", "j-1", "--to", str(tmp_path))
    assert (result.stdout, "has no result files and is `running`" in result.stderr) == ("", True)


def test_events_are_lines(run: Run, portal: FakePortal) -> None:
    entry = {"id": "1", "type": "specs.spec.changed", "time": "2026-01-01T00:00:00Z", "about": "s-1", "text": "moved"}
    portal.on("GET", "/v1/events", httpx.Response(200, text=f"data: {json.dumps(entry)}\n\n"))
    assert run("events", "tail", "-n", "1").stdout == "2026-01-01T00:00:00Z  specs.spec.changed  s-1  moved\n"
    assert json.loads(run("events", "tail", "-n", "1", "-o", "json").stdout)["about"] == "s-1"

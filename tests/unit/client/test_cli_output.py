"""What the command prints: tables for people, JSON and YAML for programs."""

import json

import pytest
import yaml
from cli_runs import ME, SHOWN, Run, rows
from client_portal import (
    FakePortal,
    artifact,
    job,
    page,
    spec,
)

from fedpact.contracts import api


def test_a_table_for_people(run: Run, portal: FakePortal) -> None:
    portal.on("GET", "/v1/specs", page(api.SpecPage, spec().model_dump(mode="json")))
    result = run("specs", "list")
    assert result.exit_code == 0
    assert rows(result) == [
        ["SPEC", "STATUS", "MODEL", "DATASETS", "CREATOR", "CREATED"],
        [
            "s-1",
            "inactive.awaiting_activation",
            "logreg@1.0.0",
            "heart_gateway-1_lakeside",
            "ada",
            "2026-01-02T03:04:05Z",
        ],
    ]


def test_json_for_programs(run: Run, portal: FakePortal) -> None:
    portal.on("GET", "/v1/me", ME)
    golden = {"user": "ada", "organization": "northlab", "roles": ["data_scientist"], "groups": [], "email": None}
    result = run("whoami", "-o", "json")
    assert result.stdout == json.dumps(golden | {"channel": "main"}, indent=2) + "\n"


@pytest.mark.parametrize("words", [("-o", "yaml", "jobs", "get", "j-1"), ("jobs", "get", "j-1", "-o", "yaml")])
def test_the_form_may_be_said_before_and_behind(run: Run, portal: FakePortal, words: tuple[str, ...]) -> None:
    portal.on("GET", "/v1/jobs/j-1", job())
    assert yaml.safe_load(run(*words).stdout)["status"] == "running"


def test_one_thing_is_told_member_by_member(run: Run, portal: FakePortal) -> None:
    portal.on("GET", "/v1/models/mean", {"model": "mean", "name": "Mean", "publisher": "northlab"})
    assert run("models", "get", "mean").stdout == "model      mean\nname       Mean\npublisher  northlab\n"


def test_the_parts_of_one_thing_are_a_line_each(run: Run, portal: FakePortal) -> None:
    portal.on("GET", "/v1/jobs/j-1", job(artifacts=[artifact("a.json", b"{}"), artifact("b.json", b"[1]")]))
    lines = [line.split() for line in run("jobs", "get", "j-1").stdout.splitlines()]
    assert lines[-2:] == [["artifacts", "a.json", "(2", "bytes)"], ["b.json", "(3", "bytes)"]]
    assert len(json.loads(run("jobs", "get", "j-1", "-o", "json").stdout)["artifacts"]) == 2


def test_what_is_pages_long_is_for_programs(run: Run, portal: FakePortal) -> None:
    signed = {"payloadType": "t", "payload": "bG9uZw==", "signatures": []}
    portal.on("GET", "/v1/policies/p-1", SHOWN | {"envelope": signed})
    assert "bG9uZw==" not in run("policies", "get", "p-1").stdout
    assert json.loads(run("policies", "get", "p-1", "--envelope").stdout)["payload"] == "bG9uZw=="
    assert json.loads(run("policies", "get", "p-1", "-o", "json").stdout)["envelope"]["payload"] == "bG9uZw=="


def test_a_page_that_is_not_all_says_so_beside_it(run: Run, portal: FakePortal) -> None:
    portal.on("GET", "/v1/specs", page(api.SpecPage, spec().model_dump(mode="json"), total=120))
    result = run("specs", "list")
    assert result.stderr == "page 0 of 3: `--page 1` shows the next\n"
    assert "page" not in run("specs", "list", "-o", "json").stderr


def test_what_others_wrote_does_not_command_the_terminal(run: Run, portal: FakePortal) -> None:
    dataset = {
        "dataset": "a_b_c",
        "name": "a",
        "description": "\x1b[2J[red]x\u202e",
        "gateway": "b",
        "organization": "c",
    }
    portal.on("GET", "/v1/datasets", page(api.DatasetPage, dataset | {"shape": {}}))
    printed = run("datasets", "list").stdout
    assert "\x1b" not in printed
    assert "\u202e" not in printed
    assert "\ufffd[2J[red]x\ufffd" in printed


def test_every_word_of_why_is_printed(run: Run, portal: FakePortal) -> None:
    why = {"spec_id": "s-1", "status": "x", "verdict": "pending", "sentences": ["one", "two"]}
    portal.on("GET", "/v1/specs/s-1/why", why)
    assert run("specs", "why", "s-1").stdout == "one\ntwo\n"

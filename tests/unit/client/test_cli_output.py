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


def test_a_text_of_several_lines_is_one_in_yaml_too(run: Run, portal: FakePortal) -> None:
    text = "One.\n\nTwo: `two`.\n"
    portal.on("GET", "/v1/models/mean", {"model": "mean", "name": "M", "publisher": "northlab", "description": text})
    said = run("models", "get", "mean", "-o", "yaml").stdout
    assert "description: |\n  One.\n\n  Two: `two`.\n" in said
    assert yaml.safe_load(said)["description"] == text


def test_what_is_empty_is_left_out_at_every_depth_but_not_in_a_persons_own_json(run: Run, portal: FakePortal) -> None:
    rule = {"model": "mean", "permissions": {}, "privacy": {"min_count": 5}, "bounds": {"properties": {"a": {}}}}
    portal.on("GET", "/v1/policies/p-1", SHOWN | {"rules": [rule], "beneficiaries": {"users": ["ada"]}})
    said = run("policies", "get", "p-1").stdout
    for word in ("permissions", "groups", "organizations: []", "objects"):
        assert word not in said
    assert "a: {}" in said


@pytest.mark.parametrize(
    ("members", "following"),
    [
        ({"verdict": "pending", "status": "inactive.awaiting_approval"}, "fedpact specs wait s-1 --for approved"),
        ({"verdict": "rejected", "status": "inactive.rejected"}, "fedpact specs why s-1"),
        ({}, "fedpact jobs submit s-1 --activate (fedpact models get logreg has payloads)"),
        ({"status": "failed.failed"}, "fedpact specs why s-1"),
        ({"stage": "creating", "status": "updating.creating"}, "fedpact specs wait s-1"),
        ({"stage": "active", "status": "active.running"}, "fedpact jobs submit s-1 (fedpact models get logreg has"),
        ({"stage": "deleting", "status": "updating.deleting"}, "fedpact specs wait s-1 --for inactive"),
        ({"stage": "invalid", "status": "failed.invalid"}, "fedpact specs why s-1"),
    ],
)
def test_of_a_spec_one_proposed_one_is_told_how_it_stands_and_what_comes_next(
    run: Run, portal: FakePortal, members: dict[str, str], following: str
) -> None:
    portal.on("POST", "/v1/specs", spec(**members).model_dump(mode="json"))
    words = ("specs", "create", "--model", "logreg@1.0.0", "--dataset", "heart_gateway-1_lakeside")
    lines = run(*words).stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["spec_id", "status", "next"]
    assert lines[2].removeprefix("next     ").startswith(following)
    assert json.loads(run(*words, "-o", "json").stdout)["verdict"] == members.get("verdict", "approved")


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

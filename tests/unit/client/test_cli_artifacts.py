"""Artifacts at the command line: listed, fetched, shared, deleted."""

import json
from pathlib import Path

import httpx
import pytest
from cli_runs import Run, rows
from client_portal import FakePortal, artifact, body_of, page, problem

from fedpact.contracts import api

SHARED = artifact("model.json", b"{}") | {"grants": [{"user": None, "organization": "moor"}]}


def test_artifacts_are_listed_with_what_is_asked_for(run: Run, portal: FakePortal) -> None:
    portal.on("GET", "/v1/artifacts", page(api.ArtifactPage, artifact("model.json", b"{}"), total=51))
    result = run("artifacts", "list", "--type", "checkpoint", "--job", "j-1", "--spec", "s-1")
    assert rows(result)[1][:6] == ["model.json", "result", "2", "a-1", "j-1", "2026-01-02T03:04:05Z"]
    assert "--page 1" in result.stderr
    asked = portal.last.url.params
    assert {name: asked[name] for name in ("kind", "job", "spec")} == {
        "kind": "checkpoint",
        "job": "j-1",
        "spec": "s-1",
    }


def test_one_artifact_tells_to_whom_it_is_granted(run: Run, portal: FakePortal) -> None:
    portal.on("GET", "/v1/artifacts/a-1", SHARED)
    assert "moor" in run("artifacts", "get", "a-1").stdout
    assert json.loads(run("artifacts", "get", "a-1", "-o", "json").stdout)["media_type"] == "text/plain"


def test_deleted_ones_say_so(run: Run, portal: FakePortal) -> None:
    gone = artifact("m", b"") | {"deleted": {"cause": "asked", "by": "ada", "at": "2026-01-03T00:00:00Z"}, "url": ""}
    portal.on("GET", "/v1/artifacts", page(api.ArtifactPage, gone))
    assert "deleted 2026-01-03" in run("artifacts", "list", "--deleted").stdout
    assert portal.last.url.params["deleted"] == "True"


def test_what_was_downloaded_is_printed(run: Run, portal: FakePortal, tmp_path: Path) -> None:
    portal.on("GET", "/v1/artifacts/a-1", artifact("model.json", b"{}"))
    portal.on("GET", "/v1/artifacts/a-1/content", httpx.Response(200, content=b"{}"))
    assert run("artifacts", "download", "a-1", "--to", str(tmp_path)).stdout == f"{tmp_path / 'model.json'}\n"


@pytest.mark.parametrize("word", ["grant", "revoke"])
@pytest.mark.parametrize(("option", "member"), [("--user", "user"), ("--org", "organization")])
def test_it_is_shared_with_a_user_or_an_organization(
    run: Run, portal: FakePortal, word: str, option: str, member: str
) -> None:
    portal.on("POST", f"/v1/artifacts/a-1/{word}", SHARED)
    assert run("artifacts", word, "a-1", option, "bob", "--idempotency-key", "k").exit_code == 0
    assert (body_of(portal.last), portal.last.headers["idempotency-key"]) == ({member: "bob"}, "k")


@pytest.mark.parametrize("options", [(), ("--user", "bob", "--org", "moor")])
def test_naming_both_or_nobody_is_a_wrong_use(run: Run, portal: FakePortal, options: tuple[str, ...]) -> None:
    result = run("artifacts", "grant", "a-1", *options)
    assert (result.exit_code, portal.requests) == (2, [])
    assert "either a `user` or an `organization`" in result.stderr


def test_deleting_shows_the_tombstone(run: Run, portal: FakePortal) -> None:
    gone = artifact("m", b"") | {"deleted": {"cause": "asked", "by": "ada", "at": "2026-01-03T00:00:00Z"}, "url": ""}
    portal.on("DELETE", "/v1/artifacts/a-1", gone)
    assert json.loads(run("artifacts", "delete", "a-1", "-o", "json").stdout)["deleted"]["by"] == "ada"


def test_a_refusal_says_why(run: Run, portal: FakePortal) -> None:
    portal.on("POST", "/v1/artifacts/a-1/grant", problem(409, "stays_in_organization", "a custodian keeps it in `lab`"))
    result = run("artifacts", "grant", "a-1", "--org", "moor")
    assert (result.exit_code, result.stderr) == (1, "fedpact: a custodian keeps it in `lab`\n")

"""What administrators and stewards register at the command line."""

import stat
from pathlib import Path

import httpx
import pytest
from cli_runs import Run, rows
from client_portal import (
    DIGEST,
    FakePortal,
    body_of,
    problem,
)


@pytest.mark.parametrize(
    ("words", "method", "path", "body"),
    [
        (
            ("gateways", "register", "gateway-1", "--organization", "lakeside", "--orchestrator"),
            "POST",
            "/v1/gateways",
            {"gateway": "gateway-1", "organization": "lakeside", "role": "orchestrator"},
        ),
        (("gateways", "revoke", "gateway-1"), "POST", "/v1/gateways/gateway-1/revoke", None),
        (
            ("orgs", "register", "lakeside", "--name", "Lakeside"),
            "POST",
            "/v1/organizations",
            {"organization": "lakeside", "name": "Lakeside"},
        ),
        (
            ("users", "change", "ada", "--disable", "--role", "owner"),
            "PATCH",
            "/v1/users/ada",
            {"roles": ["owner"], "disabled": True},
        ),
        (
            ("users", "change", "ada", "--subject", ""),
            "PATCH",
            "/v1/users/ada",
            {"provider_subject": ""},
        ),
        (
            ("users", "register", "bot", "--name", "Bot", "--subject", "s-1"),
            "POST",
            "/v1/users",
            {"user": "bot", "name": "Bot", "roles": [], "groups": [], "provider_subject": "s-1"},
        ),
        (
            ("users", "register", "ada", "--name", "Ada", "--role", "owner", "--email", "a@b.c"),
            "POST",
            "/v1/users",
            {"user": "ada", "name": "Ada", "roles": ["owner"], "groups": [], "email": "a@b.c"},
        ),
        (
            ("models", "register", "mean", "--name", "Mean"),
            "POST",
            "/v1/models",
            {"model": "mean", "name": "Mean", "description": ""},
        ),
        (
            ("datasets", "propose", "scans", "scans/", "--gateway", "gateway-1"),
            "POST",
            "/v1/dataset-proposals",
            {"gateway": "gateway-1", "name": "scans", "entry": "scans/", "description": ""},
        ),
        (("policies", "withdraw", "p-1"), "DELETE", "/v1/policies/p-1", None),
        (("jobs", "cancel", "j-1"), "POST", "/v1/jobs/j-1/cancel", None),
    ],
)
def test_verbs_send_what_was_said(run: Run, portal: FakePortal, words, method: str, path: str, body) -> None:
    portal.on(method, path, problem(403, "forbidden", "this needs another role"))
    result = run(*words)
    assert result.exit_code == 1
    assert (portal.last.method, body_of(portal.last)) == (method, body)


def test_a_service_account_s_secret_stays_here(run: Run, portal: FakePortal, tmp_path: Path) -> None:
    portal.on("POST", "/v1/users", {"user": "bot", "organization": "northlab", "name": "Bot", "service_account": True})
    file = tmp_path / "secret"
    result = run("users", "register", "bot", "--name", "Bot", "--secret-file", str(file))
    assert result.exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(body_of(portal.last)["secret_hash"]) == 64
    assert file.read_text().strip() not in portal.last.content.decode() + result.output
    assert run("users", "register", "bot", "--name", "Bot", "--secret-file", str(file)).exit_code == 2


def test_a_version_is_added_as_its_file_says(run: Run, portal: FakePortal, tmp_path: Path) -> None:
    (tmp_path / "version.yaml").write_text(f"version: 1.0.0\ndigest: {DIGEST}\n")
    portal.on("POST", "/v1/models/mean/versions", {"model": "mean", "name": "Mean", "publisher": "northlab"})
    assert run("models", "add-version", "mean", str(tmp_path / "version.yaml")).exit_code == 0
    assert body_of(portal.last) == {"version": "1.0.0", "digest": DIGEST}


def test_a_model_is_shown_with_payloads_that_work(run: Run, portal: FakePortal) -> None:
    example = {"title": "Few rounds", "payload": {"num_rounds": 2}}
    version = {"version": "1.0.0", "digest": DIGEST, "examples": [example]}
    known = {"model": "mean", "name": "Mean", "publisher": "northlab", "versions": [version]}
    portal.on("GET", "/v1/models/mean", known)
    said = run("models", "get", "mean").stdout
    assert "title: Few rounds" in said
    assert "num_rounds: 2" in said


def test_a_digest_needs_no_hub(run: Run, portal: FakePortal) -> None:
    folder = Path(__file__).parents[3] / "models" / "statistics"
    assert run("models", "digest", str(folder)).stdout.startswith("sha256:")
    assert portal.requests == []


def test_a_dataset_is_registered_at_its_gateway(run: Run, portal: FakePortal) -> None:
    mapped = {"dataset": "heart_gateway-1_lakeside", "path": "/data/heart.csv"}
    portal.on("PUT", "http://gateway/datasets/heart", mapped)
    portal.on("DELETE", "http://gateway/datasets/heart", httpx.Response(204))
    portal.on("GET", "http://gateway/datasets", httpx.Response(200, json=[mapped]))
    words = ("datasets", "register", "heart", "/data/heart.csv", "--description", "d", "--socket", "/run/gw.sock")
    assert "heart_gateway-1_lakeside" in run(*words).stdout
    assert body_of(portal.last) == {"path": "/data/heart.csv", "description": "d"}
    run(*words, "--derived-from", "a_gateway-1_lakeside", "--derived-from", "b_gateway-2_hillcrest")
    assert body_of(portal.last)["derived_from"] == ["a_gateway-1_lakeside", "b_gateway-2_hillcrest"]
    assert "authorization" not in portal.last.headers
    offered = run("datasets", "offered", FEDPACT_GATEWAY_SOCKET="/run/gw.sock")
    assert rows(offered)[1][:2] == ["heart_gateway-1_lakeside", "/data/heart.csv"]
    assert run("datasets", "unregister", "heart", "--socket", "/run/gw.sock").exit_code == 0


def test_what_lies_in_a_bucket_is_registered_by_its_name_there(run: Run, portal: FakePortal) -> None:
    portal.on("PUT", "http://gateway/datasets/heart", {"dataset": "heart_gateway-1_lakeside", "path": "s3://b/heart/"})
    run("datasets", "register", "heart", "s3://b/heart/", "--socket", "/run/gw.sock")
    assert body_of(portal.last)["path"] == "s3://b/heart/"


def test_a_gateway_that_refuses_or_is_away_is_told(run: Run, portal: FakePortal, tmp_path: Path) -> None:
    portal.on("PUT", "http://gateway/datasets/heart", problem(403, "outside_roots", "that path is not allowed"))
    words = ("datasets", "register", "heart", "/etc/passwd", "--socket", "/run/gw.sock")
    result = run(*words)
    assert (result.exit_code, "that path is not allowed" in result.stderr) == (1, True)
    portal.on("PUT", "http://gateway/datasets/heart", httpx.ConnectError("no such file"))
    result = run(*words)
    assert (result.exit_code, "see that its agent runs" in result.stderr) == (4, True)


def test_a_path_is_taken_as_the_person_meant_it(
    run: Run, portal: FakePortal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    portal.on("PUT", "http://gateway/datasets/heart", {"dataset": "heart_gateway-1_lakeside"})
    run("datasets", "register", "heart", "../scans/", "--socket", "/run/gw.sock")
    assert body_of(portal.last)["path"] == f"{tmp_path}/scans/"


def test_the_sockets_of_an_embedded_federation_are_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "running.json").write_text('{"sockets": {"gateway-1": "/tmp/f/agent-gateway-1.sock"}}')
    result = run("datasets", "offered", FEDPACT_HOME=str(tmp_path))
    assert (result.exit_code, "here: /tmp/f/agent-gateway-1.sock" in result.stderr) == (2, True)

"""The command: what it prints, what it sends, and how it ends."""

import json
import stat
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import httpx
import pytest
import yaml
from client_portal import (
    DIGEST,
    ISSUER,
    PORTAL,
    FakePortal,
    FakeTime,
    active,
    artifact,
    body_of,
    form_of,
    job,
    options,
    page,
    pending,
    problem,
    spec,
    with_issuer,
)
from typer.testing import CliRunner, Result

from fedpact.client.cli.main import app
from fedpact.client.cli.plugins import loaded
from fedpact.client.cli.session import Session
from fedpact.client.oauth import DEV_USER, DEVICE
from fedpact.client.profiles import Login, Profiles
from fedpact.contracts import api

ME = {"user": "ada", "organization": "northlab", "roles": ["data_scientist"], "groups": [], "channel": "main"}
TOKENS = {"access_token": "a1", "expires_in": 900, "refresh_token": "r1"}
WAITING = {"status": "updating.awaiting_resources", "stage": "waiting", "generation": 1}
Run = Callable[..., Result]


@pytest.fixture
def portal() -> FakePortal:
    return FakePortal()


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def profiles(tmp_path: Path) -> Profiles:
    return Profiles(tmp_path / "config")


@pytest.fixture
def run(portal: FakePortal, time: FakeTime, profiles: Profiles, tmp_path: Path) -> Run:
    """`fedpact ...`, as somebody who is logged in."""
    profiles.keep("default", Login(url=PORTAL, issuer=ISSUER, access_token="a0", expires_at=2e6, refresh_token="r0"))

    def fedpact(*words: str, **environ: str) -> Result:
        here = {"FEDPACT_CONFIG_DIR": str(profiles.folder), "FEDPACT_HOME": str(tmp_path / "home")}
        session = Session(environ=here | environ, options=options(portal, time))
        return CliRunner().invoke(app, words, obj=session)

    return fedpact


def rows(result: Result) -> list[list[str]]:
    return [line.split() for line in result.stdout.splitlines()]


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


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (problem(409, "already_activated", "the spec is `active.running`: wait, or clone it"), 1, "wait, or clone it"),
        (problem(401, "unauthenticated", "the token has ended"), 3, "`fedpact login`"),
        (httpx.ConnectError("refused"), 4, "`fedpact up`"),
        (pending(), 5, "`fedpact commands get c-1`"),
    ],
)
def test_a_failure_is_one_sentence_and_an_exit_code(run: Run, portal: FakePortal, answer, code: int, said: str) -> None:
    with_issuer(portal).on("POST", f"{ISSUER}/token", TOKENS).on("POST", "/v1/specs/s-1/activate", answer)
    portal.on("GET", "/v1/commands/c-1", pending(code=200))
    result = run("specs", "activate", "s-1")
    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr.startswith("fedpact: ")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_debug_shows_where_it_comes_from(run: Run, portal: FakePortal) -> None:
    portal.on("GET", "/v1/specs/s-1", problem(404, "not_found", "there is no spec"))
    assert "Traceback" not in run("specs", "get", "s-1").stderr
    for words in (("--debug", "specs", "get", "s-1"), ("specs", "get", "s-1", "--debug")):
        assert "Traceback" in run(*words).stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("specs", "list", "--status", "sleeping"), "sleeping"),
        (("specs", "list", "--model", "a", "--spec", "b"), "search by one of"),
        (("specs", "create"), "give `--dataset` and `--model`, or `--file`"),
        (("specs", "create", "--dataset", "a_b_c", "--model", "logreg"), "ID@VERSION"),
        (("specs", "create", "--dataset", "a", "--model", "m@1.0.0"), "wrong at `datasets.0`"),
        (("specs", "get", "s-1", "--url", "ftp://x"), "not the URL of a portal"),
        (("jobs", "submit", "s-1", "--payload", "[1]"), "has to hold members"),
        (("jobs", "submit", "NOT AN ID"), "`spec_id` is wrong: use 1 to 40 of a-z, 0-9 and `-`"),
        (("datasets", "unregister", "heart"), "--socket"),
        (("nonsense",), "nonsense"),
    ],
)
def test_a_wrong_use_is_told_before_anything_is_sent(run: Run, portal: FakePortal, words, said: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert portal.requests == []


def test_nobody_logged_in_is_told_how(run: Run) -> None:
    result = run("specs", "list", "--as", "mia")
    assert result.exit_code == 3
    assert "`fedpact --as mia login`" in result.stderr


def test_a_login_by_name_keeps_who_it_is(run: Run, portal: FakePortal, profiles: Profiles) -> None:
    with_issuer(portal, DEV_USER).on("POST", f"{ISSUER}/token", TOKENS).on("GET", "/v1/me", ME)
    result = run("login", "--user", "ada", "--as", "ada")
    assert result.stderr == f"logged in as ada (northlab) at {PORTAL}\n"
    kept = profiles.find("ada")
    assert kept is not None
    assert (kept.access_token, kept.issuer) == ("a1", ISSUER)


def test_a_login_in_the_browser_shows_address_and_code(run: Run, portal: FakePortal) -> None:
    device = {"device_code": "d", "user_code": "AB-CD", "verification_uri": f"{ISSUER}/device", "expires_in": 60}
    with_issuer(portal, DEVICE).on("POST", f"{ISSUER}/device_authorization", device)
    portal.on("POST", f"{ISSUER}/token", TOKENS).on("GET", "/v1/me", ME)
    result = run("login")
    assert result.exit_code == 0
    assert f"{ISSUER}/device" in result.stderr
    assert "AB-CD" in result.stderr
    assert result.stdout == ""


def test_logging_out_ends_the_login_at_the_hub_too(run: Run, portal: FakePortal, profiles: Profiles) -> None:
    with_issuer(portal).on("POST", f"{ISSUER}/revoke", httpx.Response(200))
    assert run("logout").exit_code == 0
    assert form_of(portal.last)["token"] == "r0"
    assert profiles.find("default") is None
    assert "nobody is logged in" in run("logout").stderr


def test_logging_out_works_without_a_hub(run: Run, portal: FakePortal, profiles: Profiles) -> None:
    portal.on("GET", f"{ISSUER}/.well-known/openid-configuration", httpx.ConnectError("refused"))
    result = run("logout")
    assert result.exit_code == 0
    assert "forgotten here" in result.stderr
    assert profiles.find("default") is None


def test_a_token_is_printed_for_those_who_ask(run: Run) -> None:
    assert run("token").stdout == "a0\n"


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


def test_waiting_for_what_will_not_be_ends_with_one(run: Run, portal: FakePortal) -> None:
    portal.on("GET", "/v1/specs/s-1", spec(status="failed.failed", outcome="failed", generation=1, cause="no image"))
    result = run("specs", "wait", "s-1")
    assert result.exit_code == 1
    assert "no image" in result.stderr


def test_a_job_is_submitted_with_a_payload_of_a_file(run: Run, portal: FakePortal, tmp_path: Path) -> None:
    (tmp_path / "payload.yaml").write_text("rounds: 5\n")
    portal.on("POST", "/v1/jobs", job()).on("GET", "/v1/jobs/j-1", job(status="completed"))
    result = run("jobs", "submit", "s-1", "--payload", f"@{tmp_path / 'payload.yaml'}", "--activate", "--wait")
    assert result.exit_code == 0
    assert body_of(portal.requests[0]) == {"spec_id": "s-1", "payload": {"rounds": 5}, "activate": True}


def test_a_job_that_fails_ends_with_one(run: Run, portal: FakePortal) -> None:
    portal.on("GET", "/v1/jobs/j-1", job(status="failed", reason="exit code 3"))
    result = run("jobs", "wait", "j-1")
    assert result.exit_code == 1
    assert "exit code 3" in result.stderr


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


@pytest.mark.parametrize(
    ("words", "method", "path", "body"),
    [
        (
            ("gateways", "register", "gateway-1", "--organization", "lakeside", "--orchestrator"),
            "POST",
            "/v1/gateways",
            {"gateway": "gateway-1", "organization": "lakeside", "role": "orchestrator"},
        ),
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
    assert "authorization" not in portal.last.headers
    offered = run("datasets", "offered", FEDPACT_GATEWAY_SOCKET="/run/gw.sock")
    assert rows(offered)[1][:2] == ["heart_gateway-1_lakeside", "/data/heart.csv"]
    assert run("datasets", "unregister", "heart", "--socket", "/run/gw.sock").exit_code == 0


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


POLICY = {
    "id": "p-1",
    "name": "Heart study",
    "organization": "lakeside",
    "datasets": [{"id": "heart_gateway-1_lakeside"}],
    "beneficiaries": {"organizations": ["northlab"]},
    "rules": [{"model": "logreg"}],
}
SHOWN = {"policy": "p-1", "revision": 1, "name": "x", "organization": "lakeside", "datasets": [], "rules": []}


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump(POLICY))
    return tmp_path / "policy.yaml"


def test_a_policy_is_signed_and_verified_offline(run: Run, portal: FakePortal, policy: Path, tmp_path: Path) -> None:
    key, other, signed = tmp_path / "owner.pem", tmp_path / "other.pem", tmp_path / "signed.json"
    assert len(run("policies", "keygen", str(key)).stdout.strip()) == 64
    run("policies", "keygen", str(other))
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert run("policies", "sign", str(policy), "--key", str(key), "--out", str(signed)).exit_code == 0
    verified = run("policies", "verify", str(signed), "--key", str(tmp_path / "owner.pub.pem"), "-o", "json")
    assert json.loads(verified.stdout)["id"] == "p-1"
    assert "owner.pub.pem" in verified.stderr
    strange = run("policies", "verify", str(signed), "--key", str(tmp_path / "other.pub.pem"))
    assert (strange.exit_code, "not among the trusted keys" in strange.stderr) == (1, True)
    assert portal.requests == []


def test_two_keys_can_sign_one_after_the_other(run: Run, policy: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        run("policies", "keygen", str(tmp_path / f"{name}.pem"))
    signed = tmp_path / "signed.json"
    run("policies", "sign", str(policy), "--key", str(tmp_path / "a.pem"), "--out", str(signed))
    public = [word for name in ("a", "b") for word in ("--key", str(tmp_path / f"{name}.pub.pem"))]
    assert run("policies", "verify", str(signed), *public, "--threshold", "2").exit_code == 1
    run("policies", "sign", str(signed), "--key", str(tmp_path / "b.pem"), "--out", str(signed))
    assert run("policies", "verify", str(signed), *public, "--threshold", "2").exit_code == 0


def test_a_key_is_never_written_over_and_never_shared(run: Run, policy: Path, tmp_path: Path) -> None:
    key = tmp_path / "owner.pem"
    run("policies", "keygen", str(key))
    before = key.read_bytes()
    assert run("policies", "keygen", str(key)).exit_code == 2
    assert key.read_bytes() == before
    key.chmod(0o644)
    result = run("policies", "sign", str(policy), "--key", str(key))
    assert (result.exit_code, "chmod 600" in result.stderr) == (2, True)


def test_the_wrong_half_of_a_key_pair_is_called_so(run: Run, policy: Path, tmp_path: Path) -> None:
    key, public, signed = tmp_path / "owner.pem", tmp_path / "owner.pub.pem", tmp_path / "signed.json"
    run("policies", "keygen", str(key))
    wrong = run("policies", "sign", str(policy), "--key", str(public))
    assert (wrong.exit_code, "owner.pub.pem` is a public key: sign with the private one" in wrong.stderr) == (2, True)
    run("policies", "sign", str(policy), "--key", str(key), "--out", str(signed))
    wrong = run("policies", "verify", str(signed), "--key", str(key))
    assert (wrong.exit_code, f"is a private key: others need its public half, `{public}`" in wrong.stderr) == (2, True)


@pytest.mark.parametrize(
    ("window", "shown"),
    [
        ({}, "always"),
        ({"not_before": "2027-01-01T00:00:00Z"}, "from 2027-01-01"),
        (
            {"not_before": "2027-01-01T00:00:00Z", "not_after": "2028-01-01T00:00:00Z"},
            "from 2027-01-01 until 2028-01-01",
        ),
        ({"not_after": "2028-01-01T00:00:00Z", "withdrawn": True}, "withdrawn"),
    ],
)
def test_a_policy_is_listed_with_its_window(run: Run, portal: FakePortal, window, shown: str) -> None:
    portal.on("GET", "/v1/policies", {"page": 0, "page_size": 50, "total": 1, "items": [SHOWN | window]})
    assert run("policies", "list").stdout.splitlines()[1].endswith(f"  {shown}")


def test_an_unsigned_policy_is_published_with_a_warning(run: Run, portal: FakePortal, policy: Path) -> None:
    portal.on("POST", "/v1/policies", SHOWN)
    result = run("policies", "publish", str(policy))
    assert (result.exit_code, "not signed" in result.stderr) == (0, True)
    assert body_of(portal.last)["document"]["id"] == "p-1"


def test_a_policy_is_signed_as_it_is_published(run: Run, portal: FakePortal, policy: Path, tmp_path: Path) -> None:
    run("policies", "keygen", str(tmp_path / "owner.pem"))
    portal.on("POST", "/v1/policies", SHOWN)
    result = run("policies", "publish", str(policy), "--key", str(tmp_path / "owner.pem"))
    assert "not signed" not in result.stderr
    assert len(body_of(portal.last)["envelope"]["signatures"]) == 1


def test_verifying_what_nobody_signed_says_how_to_sign(run: Run, policy: Path, tmp_path: Path) -> None:
    run("policies", "keygen", str(tmp_path / "owner.pem"))
    result = run("policies", "verify", str(policy), "--key", str(tmp_path / "owner.pub.pem"))
    assert (result.exit_code, "`fedpact policies sign" in result.stderr) == (2, True)


@pytest.mark.parametrize("value", ["no.such.module:up", "os:no_such_name", "os:sep"])
def test_a_broken_plugin_breaks_itself_only(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = loaded(EntryPoint(name="up", value=value, group="fedpact.commands"))
    assert command.main([], standalone_mode=False) == 1
    assert "the command `up` is broken" in capsys.readouterr().err


def test_a_plugin_is_a_function_or_a_group(capsys: pytest.CaptureFixture[str]) -> None:
    function = loaded(EntryPoint(name="cwd", value="os:getcwd", group="fedpact.commands"))
    assert function.main([], standalone_mode=False) == str(Path.cwd())
    group = loaded(EntryPoint(name="more", value="fedpact.client.cli.specs:app", group="fedpact.commands"))
    group.main(["--help"], standalone_mode=False)
    assert "activate" in capsys.readouterr().out


def test_help_names_every_noun(run: Run) -> None:
    told = run("--help").stdout
    nouns = "specs jobs datasets models policies gateways orgs users events commands login logout whoami"
    assert all(noun in told for noun in nouns.split())
    assert "3 not logged in" in " ".join(told.split())

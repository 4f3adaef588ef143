"""A gateway's place on the bus at the command line: tokens and keys stay where they belong."""

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from cli_runs import Run
from client_portal import ISSUER, FakePortal, body_of, problem

from fedpact.contracts.access import Enrolled, EnrolmentRequest
from fedpact.decision import enrolment, nats_jwt
from fedpact.decision.enrolment import token_hash
from fedpact.decision.nkeys import Kind, NKey

INVITE = "/v1/gateways/gateway-1/invite"
ENROLL = f"{ISSUER}/gateways/enroll"
TOKEN = "gateway-1." + "s" * 43
SIGNER, ACCOUNT = NKey.generate(Kind.ACCOUNT), NKey.generate(Kind.ACCOUNT)
NOW, END = datetime(2026, 5, 4, tzinfo=UTC), datetime(2026, 8, 2, tzinfo=UTC)


def given(request: httpx.Request) -> httpx.Response:
    asked = EnrolmentRequest.model_validate_json(request.content)
    assert enrolment.is_proved(asked.member_key, asked.token, asked.proof)
    jwt = nats_jwt.user(SIGNER, "gateway-1", asked.member_key, account=ACCOUNT.public, now=NOW, expires=END)
    answer = Enrolled(
        jwt=jwt,
        expires_at=END,
        gateway="gateway-1",
        organization="lakeside",
        bus_url="tls://hub.example:4222",
        bus_domain="hub",
        bus_ca="the CA",
        policy_key="the key",
    )
    return httpx.Response(200, json=json.loads(answer.model_dump_json()))


@pytest.fixture
def hub(portal: FakePortal) -> FakePortal:
    portal.on("GET", "/v1/config", {"issuer": ISSUER, "channel": "main", "version": "0.1.0"})
    return portal.on("POST", ENROLL, given)


@pytest.fixture
def token_file(tmp_path: Path) -> str:
    path = tmp_path / "token"
    path.write_text(TOKEN + "\n")
    return str(path)


def test_an_invitation_prints_a_token_of_which_the_hub_gets_the_hash(run: Run, portal: FakePortal) -> None:
    view = {"gateway": "gateway-1", "organization": "lakeside", "role": "gateway"}
    portal.on("POST", INVITE, view | {"access": {"status": "invited", "invited_until": "2026-05-05T00:00:00Z"}})
    result = run("gateways", "invite", "gateway-1", "--hours", "48")
    token = result.stdout.strip()
    assert result.exit_code == 0
    assert token.startswith("gateway-1.")
    assert body_of(portal.last) == {"token_hash": token_hash(token), "hours": 48}
    assert token.partition(".")[2] not in portal.last.content.decode()


def test_a_token_can_go_to_a_file_and_nowhere_else(run: Run, portal: FakePortal, tmp_path: Path) -> None:
    portal.on("POST", INVITE, {"gateway": "gateway-1", "organization": "lakeside", "role": "gateway"})
    file = tmp_path / "invitation"
    result = run("gateways", "invite", "gateway-1", "--token-file", str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().strip() not in result.output
    assert body_of(portal.last)["token_hash"] == token_hash(file.read_text().strip())


def test_an_enrolled_gateway_has_all_its_agent_needs(
    run: Run, hub: FakePortal, token_file: str, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    result = run(
        "gateways", "enroll", "--hub", "http://127.0.0.1:7070", "--token-file", token_file, "--folder", str(site)
    )
    assert result.exit_code == 0, result.output
    jwt, key = nats_jwt.parts((site / "agent" / "bus.creds").read_text())
    assert nats_jwt.read(jwt)["sub"] == key.public
    assert key.seed not in hub.last.content.decode()
    assert (site / "agent" / "bus-ca.pem").read_text() == "the CA"
    assert (site / "trust" / "policy-service.pub.pem").read_text() == "the key"
    stack = dict(line.split("=", 1) for line in (site / "gateway.env").read_text().splitlines())
    assert (stack["FEDPACT_GATEWAY"], stack["FEDPACT_ORGANIZATION"]) == ("gateway-1", "lakeside")
    assert stack["FEDPACT_NATS_URL"] == "tls://hub.example:4222"
    assert all((site / name).is_dir() for name in ("data/inbox", "sockets"))
    files = [path for path in site.rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert [path.name for path in files if "seed" in path.name] == []


def test_a_gateway_that_is_enrolled_is_left_alone(run: Run, hub: FakePortal, token_file: str, tmp_path: Path) -> None:
    words = ("gateways", "enroll", "--hub", "http://127.0.0.1:7070", "--token-file", token_file, "--folder")
    assert run(*words, str(tmp_path / "site")).exit_code == 0
    again = run(*words, str(tmp_path / "site"))
    assert (again.exit_code, len(hub.asked("/gateways/enroll"))) == (2, 1)
    assert "is enrolled" in again.stderr


def test_after_a_lost_answer_the_same_key_asks_again(
    run: Run, hub: FakePortal, token_file: str, tmp_path: Path
) -> None:
    hub.on("POST", ENROLL, httpx.ReadTimeout("lost"), given)
    words = ("gateways", "enroll", "--hub", "http://127.0.0.1:7070", "--token-file", token_file)
    lost = run(*words, "--folder", str(tmp_path / "site"))
    assert (lost.exit_code, "still good" in lost.stderr) == (4, True)
    assert run(*words, "--folder", str(tmp_path / "site")).exit_code == 0
    keys = {body_of(request)["member_key"] for request in hub.asked("/gateways/enroll")}
    assert len(keys) == 1


def test_a_refusal_is_told_in_the_hubs_words(run: Run, hub: FakePortal, token_file: str, tmp_path: Path) -> None:
    hub.on("POST", ENROLL, problem(403, "invalid_invitation", "this token was used already: ask the admin for another"))
    result = run(
        *("gateways", "enroll", "--hub", "http://127.0.0.1:7070", "--token-file", token_file),
        *("--folder", str(tmp_path / "site")),
    )
    assert (result.exit_code, "ask the admin for another" in result.stderr) == (1, True)
    assert TOKEN not in result.output


def test_a_token_comes_from_the_environment_too_and_is_checked_before_it_is_sent(
    run: Run, hub: FakePortal, tmp_path: Path
) -> None:
    words = ("gateways", "enroll", "--hub", "http://127.0.0.1:7070", "--folder", str(tmp_path / "site"))
    assert run(*words).exit_code == 2
    wrong = run(*words, FEDPACT_ENROLMENT_TOKEN="not-a-token")
    assert (wrong.exit_code, "not-a-token" in wrong.output) == (2, False)
    assert hub.asked("/gateways/enroll") == []
    assert run(*words, FEDPACT_ENROLMENT_TOKEN=TOKEN).exit_code == 0


def test_an_unencrypted_hub_gets_no_token(run: Run, hub: FakePortal, token_file: str, tmp_path: Path) -> None:
    words = ("gateways", "enroll", "--token-file", token_file, "--folder", str(tmp_path / "site"))
    result = run(*words, "--hub", "http://hub.example")
    assert (result.exit_code, hub.requests) == (2, [])

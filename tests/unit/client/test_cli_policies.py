"""Policies at the command line: keys, signatures, windows."""

import json
import stat
from pathlib import Path

import httpx
import pytest
import yaml
from cli_runs import SHOWN, Run
from client_portal import (
    FakePortal,
    body_of,
)

POLICY = {
    "id": "p-1",
    "name": "Heart study",
    "organization": "lakeside",
    "datasets": [{"id": "heart_gateway-1_lakeside"}],
    "beneficiaries": {"organizations": ["northlab"]},
    "rules": [{"model": "logreg"}],
}


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


PREVIEW = {
    "policy": "p-1",
    "at": "2026-01-01T00:00:00Z",
    "needs_signature": True,
    "allowed": 1,
    "allows": [
        {
            "dataset": "heart_gateway-1_lakeside",
            "beneficiaries": {"organizations": ["northlab"]},
            "rule": 0,
            "model": "logreg",
            "versions": ["1.0.0"],
            "text": "everybody of northlab may run logreg",
        }
    ],
    "flips": [
        {
            "spec_id": "s-1",
            "creator": {"user": "ada", "organization": "northlab"},
            "model": "logreg 1.0.0",
            "datasets": ["heart_gateway-1_lakeside"],
            "before": True,
            "after": False,
            "text": "s-1 of ada (northlab) would be rejected",
            "reasons": [{"code": "parameter_out_of_bounds", "text": "at most 5 rounds"}],
        }
    ],
    "flipped": 1,
    "unchanged": 2,
    "notes": ["nothing changes before tomorrow"],
}


def test_a_preview_says_what_would_change(run: Run, portal: FakePortal, policy: Path) -> None:
    portal.on("POST", "/v1/policies/preview", httpx.Response(200, json=PREVIEW))
    shown = run("policies", "preview", str(policy))
    assert shown.stdout.splitlines() == [
        "everybody of northlab may run logreg",
        "s-1 of ada (northlab) would be rejected",
        "  at most 5 rounds",
        "decided otherwise: 1; on other terms: 0; as before: 2",
        "nothing changes before tomorrow",
        "this hub takes it with your signature only: `fedpact policies sign`",
    ]
    assert body_of(portal.last)["document"]["id"] == "p-1"
    assert json.loads(run("policies", "preview", str(policy), "-o", "json").stdout)["flipped"] == 1


def test_what_a_withdrawal_would_do_is_asked_by_its_name(run: Run, portal: FakePortal) -> None:
    portal.on("POST", "/v1/policies/preview", httpx.Response(200, json=PREVIEW | {"allows": [], "allowed": 0}))
    assert run("policies", "preview", "--withdraw", "p-1").stdout.startswith("nothing would be allowed")
    assert body_of(portal.last) == {"withdraw": "p-1"}
    assert run("policies", "preview").exit_code == 2


def test_a_preview_that_would_be_refused_is_a_failure_with_its_place(
    run: Run, portal: FakePortal, policy: Path
) -> None:
    obstacle = {"slug": "stale_revision", "reason": "publish it as revision 2", "path": "document.revision"}
    refused = {"policy": "p-1", "at": "2026-01-01T00:00:00Z", "obstacle": obstacle}
    portal.on("POST", "/v1/policies/preview", httpx.Response(200, json=refused))
    result = run("policies", "preview", str(policy))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "publish it as revision 2 (at `document.revision`)" in result.stderr

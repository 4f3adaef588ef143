"""Logging in and out at the command line."""

import httpx
from cli_runs import ME, TOKENS, Run
from client_portal import (
    ISSUER,
    PORTAL,
    FakePortal,
    form_of,
    with_issuer,
)

from fedpact.client.oauth import DEV_USER, DEVICE
from fedpact.client.profiles import Profiles


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

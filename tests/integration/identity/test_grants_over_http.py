"""The issuer as programs meet it: discovery, service accounts, and every malformed request."""

from base64 import b64encode
from urllib.parse import quote_plus

import pytest
from identity_lab import SECRET, actor_of, answer

from fedpact.contracts.envelope import Actor
from fedpact.identity.entrypoints.http import CODE, DEV_USER, DEVICE


async def test_discovery_names_only_what_answers(lab):
    found = (await lab.get("/.well-known/openid-configuration")).body
    assert found["issuer"] == "fedpact"
    assert (await lab.get(found["jwks_uri"].removeprefix(lab.base))).status == 200
    for name in ("token_endpoint", "device_authorization_endpoint", "revocation_endpoint"):
        assert (await lab.post(found[name].removeprefix(lab.base))).error == "invalid_request"
    assert (await lab.get(found["userinfo_endpoint"].removeprefix(lab.base))).status == 401
    assert found["grant_types_supported"] == [CODE, "client_credentials", "refresh_token", DEV_USER, DEVICE]


async def test_a_service_account_gets_a_token_that_every_service_reads(strict_lab):
    issued = await strict_lab.service()
    assert issued.status == 200
    assert issued.headers["Cache-Control"] == "no-store"
    assert (issued.body["token_type"], issued.body["expires_in"]) == ("Bearer", 900)
    assert "refresh_token" not in issued.body
    assert await actor_of(strict_lab, issued) == Actor(user="robot", organization="clinic")


async def test_client_credentials_come_by_http_basic_too(strict_lab):
    encoded = b64encode(f"robot:{quote_plus(SECRET)}".encode()).decode()
    issued = await strict_lab.token("client_credentials", {"Authorization": f"Basic {encoded}"})
    assert (await actor_of(strict_lab, issued)).user == "robot"


@pytest.mark.parametrize(("client", "secret"), [("robot", "wrong"), ("nobody", SECRET), ("ada", SECRET), ("ada", "x")])
async def test_wrong_credentials_are_refused_without_saying_what_is_wrong(strict_lab, client, secret):
    refused = await strict_lab.service(client, secret)
    assert (refused.status, refused.error) == (401, "invalid_client")
    assert refused.headers["WWW-Authenticate"].startswith("Basic")
    assert refused.body == (await strict_lab.service("robot", "also wrong")).body


@pytest.mark.parametrize(
    ("headers", "form", "error"),
    [
        ({}, {}, "invalid_client"),
        ({}, {"client_id": "robot"}, "invalid_client"),
        ({}, {"client_id": "robot", "client_secret": ""}, "invalid_client"),
        ({"Authorization": "Basic !"}, {}, "invalid_client"),
        ({"Authorization": "Bearer x"}, {}, "invalid_client"),
        ({"Authorization": "Basic cm9ib3Q6eA=="}, {"client_id": "robot", "client_secret": "x"}, "invalid_request"),
    ],
)
async def test_incomplete_credentials_are_refused(strict_lab, headers, form, error):
    assert (await strict_lab.token("client_credentials", headers, **form)).error == error


@pytest.mark.parametrize("grant", ["password", "authorization_code", DEVICE, DEV_USER])
async def test_grants_that_are_not_offered_are_refused(strict_lab, grant):
    refused = await strict_lab.token(grant, user="ada", client_id="fedpact-cli", device_code="x")
    assert (refused.status, refused.error) == (400, "unsupported_grant_type")


async def test_a_request_without_a_grant_or_not_a_form_is_refused(strict_lab):
    assert (await strict_lab.post("/token")).error == "invalid_request"
    async with strict_lab.http.post(strict_lab.base + "/token", json={"grant_type": "refresh_token"}) as response:
        assert (await answer(response)).error == "invalid_request"


@pytest.mark.parametrize("body", [b"grant_type=a&grant_type=b", b"grant_type=%ff", b"grant_type=\xff"])
async def test_a_form_that_is_ambiguous_or_unreadable_is_refused(strict_lab, body):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with strict_lab.http.post(strict_lab.base + "/token", data=body, headers=headers) as response:
        assert (await answer(response)).error in {"invalid_request", "unsupported_grant_type"}

"""Logins of people: begun, renewed, revoked, ended, and nowhere to be read."""

import pytest
from identity_lab import SECRET, actor_of

from fedpact.contracts.envelope import Actor
from fedpact.identity.entrypoints.http import DEV_USER


async def test_a_person_logs_in_for_development(lab):
    issued = await lab.login()
    assert await actor_of(lab, issued) == Actor(
        user="ada",
        organization="clinic",
        roles=("data_scientist",),
        groups=("research",),
        email="ada@clinic.example",
    )


@pytest.mark.parametrize("user", ["nobody", "robot"])
async def test_only_known_people_log_in(lab, user):
    assert (await lab.login(user)).error == "invalid_grant"
    assert (await lab.token(DEV_USER)).error == "invalid_request"


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Host": "evil.example"}])
async def test_another_sites_page_cannot_use_the_development_login(lab, headers):
    assert (await lab.token(DEV_USER, headers, user="ada")).error == "access_denied"


async def test_refresh_tokens_rotate_and_a_spent_one_ends_the_login(lab):
    first = (await lab.login()).body["refresh_token"]
    second = await lab.token("refresh_token", refresh_token=first, client_id="fedpact-cli")
    assert (await actor_of(lab, second)).user == "ada"
    third = await lab.token("refresh_token", refresh_token=second.body["refresh_token"])
    assert third.status == 200
    reused = await lab.token("refresh_token", refresh_token=first)
    assert (reused.status, reused.error) == (400, "invalid_grant")
    assert (await lab.token("refresh_token", refresh_token=third.body["refresh_token"])).error == "invalid_grant"


async def test_a_refresh_token_belongs_to_its_client_and_to_its_time(lab):
    token = (await lab.login()).body["refresh_token"]
    assert (await lab.token("refresh_token", refresh_token=token, client_id="x")).error == "invalid_grant"
    lab.clock.pass_(14 * 86400)
    assert (await lab.token("refresh_token", refresh_token=token)).error == "invalid_grant"


@pytest.mark.parametrize("token", ["x", "x.y", ".", "a.b.c"])
async def test_what_is_no_refresh_token_is_refused(lab, token):
    assert (await lab.token("refresh_token", refresh_token=token)).error == "invalid_grant"


async def test_a_revoked_login_is_over(lab):
    token = (await lab.login()).body["refresh_token"]
    assert (await lab.post("/revoke", token=token)).status == 200
    assert (await lab.token("refresh_token", refresh_token=token)).error == "invalid_grant"


async def test_revoking_what_does_not_exist_is_no_error_but_access_tokens_cannot_be(lab):
    assert (await lab.post("/revoke", token="x.y")).status == 200
    assert (await lab.post("/revoke", token="x")).status == 200
    access = (await lab.login()).body["access_token"]
    assert (await lab.post("/revoke", token=access)).error == "unsupported_token_type"


async def test_a_disabled_user_gets_no_token_and_no_answer(lab):
    issued, device = await lab.login(), await lab.device()
    await lab.post("/device", user_code=device["user_code"], user="ada", decision="approve")
    await lab.disable("ada")
    await lab.disable("robot")
    assert (await lab.login()).error == "invalid_grant"
    assert (await lab.service()).error == "invalid_client"
    assert (await lab.poll(device)).error == "invalid_grant"
    assert (await lab.token("refresh_token", refresh_token=issued.body["refresh_token"])).error == "invalid_grant"
    refused = await lab.get("/userinfo", Authorization=f"Bearer {issued.body['access_token']}")
    assert (refused.status, refused.error) == (401, "invalid_token")


async def test_userinfo_says_who_the_bearer_is_now(lab):
    access = (await lab.login()).body["access_token"]
    assert (await lab.get("/userinfo", Authorization=f"bearer {access}")).body == {
        "sub": "ada",
        "name": "Ada <b>",
        "email": "ada@clinic.example",
        "org": "clinic",
        "org_name": "The Clinic",
        "roles": ["data_scientist"],
        "groups": ["research"],
        "service_account": False,
    }


async def test_userinfo_refuses_what_is_no_valid_token(lab):
    access = (await lab.login()).body["access_token"]
    forged = access[:-8] + "AAAAAAAA"
    for header in ("", "Basic eDp5", "Bearer", "Bearer x", f"Bearer {forged}"):
        refused = await lab.get("/userinfo", Authorization=header)
        assert (refused.status, refused.error) == (401, "invalid_token")
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    lab.clock.pass_(900 + 30)
    assert (await lab.get("/userinfo", Authorization=f"Bearer {access}")).error == "invalid_token"


async def test_neither_codes_nor_tokens_are_kept_or_logged(lab, caplog):
    caplog.set_level("DEBUG")
    device, issued = await lab.device(), await lab.login()
    await lab.poll(device)
    secrets = [device["device_code"], device["user_code"], issued.body["access_token"]]
    secrets += [issued.body["refresh_token"], issued.body["refresh_token"].split(".")[1], SECRET]
    await lab.service()
    kept = await lab.kept()
    assert not [secret for secret in secrets if secret in kept or secret in caplog.text]

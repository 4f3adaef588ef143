"""Authorization codes: a browser logs somebody in for the portal, as OIDC clients know it."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from identity_lab import CALLBACK, PORTAL, actor_of

VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
ASKED = {
    "response_type": "code",
    "client_id": PORTAL,
    "redirect_uri": CALLBACK,
    "state": "a state & more",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def told(answer):
    """What the browser takes back to the program."""
    assert answer.status == 303
    place, _, query = answer.headers["Location"].partition("?")
    assert place == CALLBACK
    return {name: values[0] for name, values in parse_qs(query).items()}


async def ask(lab, **changed):
    return await lab.get("/authorize?" + urlencode({**ASKED, **changed}))


async def code_of(lab, user="ada", decision="approve", **changed):
    return told(await lab.post("/authorize", **{**ASKED, **changed}, user=user, decision=decision))


async def redeem(lab, code, **changed):
    form = {"code": code, "client_id": PORTAL, "redirect_uri": CALLBACK, "code_verifier": VERIFIER, **changed}
    return await lab.token("authorization_code", **form)


async def test_a_browser_logs_in_the_person_who_is_chosen(lab):
    page = await ask(lab)
    assert page.status == 200
    assert "Ada &lt;b&gt;" in page.text
    assert 'value="a state &amp; more"' in page.text
    assert "form-action 'self' http://127.0.0.1:7070;" in page.headers["Content-Security-Policy"]
    back = await code_of(lab, "olga")
    assert back["state"] == "a state & more"
    issued = await redeem(lab, back["code"])
    assert (await actor_of(lab, issued)).user == "olga"
    assert (await lab.token("refresh_token", refresh_token=issued.body["refresh_token"])).status == 200
    assert back["code"] not in await lab.kept()


async def test_discovery_names_the_flow(lab, strict_lab):
    found = (await lab.get("/.well-known/openid-configuration")).body
    assert found["authorization_endpoint"] == f"{lab.base}/authorize"
    assert found["response_types_supported"] == ["code"]
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert "authorization_code" in found["grant_types_supported"]
    strict = (await strict_lab.get("/.well-known/openid-configuration")).body
    assert "authorization_code" not in strict["grant_types_supported"]


async def test_a_code_that_comes_back_ends_the_login_it_began(lab):
    code = (await code_of(lab))["code"]
    first = await redeem(lab, code)
    assert (await redeem(lab, code)).error == "invalid_grant"
    assert (await lab.token("refresh_token", refresh_token=first.body["refresh_token"])).error == "invalid_grant"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": CHALLENGE}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_request"),
        ({"redirect_uri": CALLBACK + "/"}, "invalid_grant"),
        ({"client_id": "fedpact-cli"}, "invalid_grant"),
        ({"client_id": "other"}, "invalid_client"),
        ({"code": "guess"}, "invalid_grant"),
    ],
)
async def test_a_code_is_worth_nothing_to_anybody_else(lab, changed, error):
    code = (await code_of(lab))["code"]
    assert (await redeem(lab, changed.pop("code", code), **changed)).error == error
    assert (await redeem(lab, code)).status == 200


async def test_a_code_lives_a_minute(lab):
    code = (await code_of(lab))["code"]
    lab.clock.pass_(60)
    assert (await redeem(lab, code)).error == "invalid_grant"


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "other"},
        {"client_id": "fedpact-cli"},
        {"redirect_uri": "http://evil.example/login/callback"},
        {"redirect_uri": CALLBACK + "?x=1"},
        {"redirect_uri": ""},
    ],
)
async def test_nobody_is_sent_to_an_address_that_is_not_registered(lab, changed):
    asked = await ask(lab, **changed)
    decided = await lab.post("/authorize", **{**ASKED, **changed}, user="ada", decision="approve")
    for answer in (asked, decided):
        assert answer.status == 400
        assert "Location" not in answer.headers


@pytest.mark.parametrize(
    "changed",
    [
        {"response_type": "token"},
        {"code_challenge_method": "plain"},
        {"code_challenge": ""},
        {"code_challenge": "short"},
        {"state": ""},
        {"state": "s" * 501},
    ],
)
async def test_what_the_program_got_wrong_is_told_to_the_program(lab, changed):
    back = told(await ask(lab, **changed))
    assert back["error"] == "invalid_request"
    assert back.get("state", "") == changed.get("state", ASKED["state"])
    assert (await lab.post("/authorize", **{**ASKED, **changed}, user="ada", decision="approve")).status == 400


async def test_who_cancels_is_told_to_the_program_too(lab):
    assert (await code_of(lab, decision="deny"))["error"] == "access_denied"


@pytest.mark.parametrize("user", ["robot", "nobody", ""])
async def test_only_people_log_in(lab, user):
    assert (await lab.post("/authorize", **ASKED, user=user, decision="approve")).status == 400


async def test_a_disabled_person_gets_nothing_for_a_code(lab):
    code = (await code_of(lab))["code"]
    await lab.disable("ada")
    assert (await redeem(lab, code)).error == "invalid_grant"


async def test_no_other_sites_page_logs_anybody_in(lab):
    sent = await lab.post("/authorize", {"Origin": "http://evil.example"}, **ASKED, user="ada", decision="approve")
    assert sent.status == 400
    assert "Location" not in sent.headers


async def test_without_a_login_of_people_the_page_says_so(strict_lab):
    assert (await ask(strict_lab)).status == 403
    assert (await strict_lab.post("/authorize", **ASKED, user="ada", decision="approve")).status == 403
    assert (await redeem(strict_lab, "guess")).error == "unsupported_grant_type"


async def test_what_is_sent_is_shown_as_text(lab):
    hostile = await ask(lab, client_id='"><script>alert(1)</script>')
    assert "<script>" not in hostile.text
    kept = await ask(lab, state='"><script>alert(1)</script>')
    assert "<script>" not in kept.text
    assert urlsplit(CALLBACK).netloc in kept.headers["Content-Security-Policy"]

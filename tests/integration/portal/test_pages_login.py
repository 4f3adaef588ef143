"""Logging in and out with a browser, and who may send which form."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from portal_browser import Browser, browser_of
from portal_memory import Stage, stage

from fedpact.portal.settings import Settings


@pytest.fixture
def there(tmp_path: Path) -> Stage:
    return stage(tmp_path)


@pytest.fixture
async def nobody(there: Stage) -> AsyncIterator[Browser]:
    async with browser_of(there, None) as found:
        yield found


@pytest.fixture
async def ada(there: Stage) -> AsyncIterator[Browser]:
    async with browser_of(there) as found:
        yield found


async def test_who_is_not_logged_in_is_sent_to_log_in_and_back(nobody: Browser) -> None:
    away = await nobody.get("/specs?status=failed")
    assert (away.status, away.place) == (303, "/login?next=/specs%3Fstatus%3Dfailed")
    page = await nobody.get(away.place)
    assert page.status == 200
    assert "/login/start?next=/specs%3Fstatus%3Dfailed" in page.text
    start = await nobody.get("/login/start?next=/specs%3Fstatus%3Dfailed")
    assert start.place.startswith("http://issuer.test/authorize")
    ask = nobody.stage.issuer.asked[-1]
    back = await nobody.get(f"/login/callback?code=ada.{ask.challenge}&state={ask.state}")
    assert (back.status, back.place) == (303, "/specs?status=failed")
    assert (await nobody.get("/specs")).status == 200


async def test_the_cookie_is_for_this_site_and_no_script_and_holds_no_token(nobody: Browser) -> None:
    await nobody.get("/login/start")
    ask = nobody.stage.issuer.asked[-1]
    back = await nobody.get(f"/login/callback?code=ada.{ask.challenge}&state={ask.state}")
    cookies = [text for name, text in back.headers.items() if name == "Set-Cookie" and "session" in text]
    assert cookies
    for text in cookies:
        assert "HttpOnly" in text
        assert "SameSite=Lax" in text
        assert "ada" not in text
    kept = repr(await nobody.stage.model.logins.documents.every())
    assert "ada" not in kept


async def test_behind_https_the_cookie_is_secure_and_bound_to_the_host(tmp_path: Path) -> None:
    there = stage(tmp_path, public_url="https://hub.example")
    async with browser_of(there, None) as browser:
        elsewhere = await browser.get("/login/start?next=/specs")
        assert elsewhere.place == "https://hub.example/login/start?next=/specs"
        start = await browser.get("/login/start", Host="hub.example")
        assert there.issuer.asked[-1].redirect_uri == "https://hub.example/login/callback"
        assert "__Host-fedpact-away=" in start.headers["Set-Cookie"]
        assert "Secure" in start.headers["Set-Cookie"]


@pytest.mark.parametrize("query", ["code=ada.x&state=made-up", "state=&code=ada.x", "error=access_denied", ""])
async def test_a_code_with_another_browsers_state_is_worth_nothing(nobody: Browser, query: str) -> None:
    await nobody.get("/login/start")
    answer = await nobody.get(f"/login/callback?{query}")
    assert answer.status == 401
    assert "Log in" in answer.text
    assert (await nobody.get("/specs")).status == 303


async def test_a_code_for_another_verifier_is_refused_with_a_page(nobody: Browser) -> None:
    await nobody.get("/login/start")
    state = nobody.stage.issuer.asked[-1].state
    answer = await nobody.get(f"/login/callback?code=ada.other&state={state}")
    assert answer.status == 401
    assert "worth nothing" in answer.text


@pytest.mark.parametrize("place", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
async def test_nobody_is_sent_elsewhere_after_the_login(nobody: Browser, place: str) -> None:
    await nobody.get(f"/login/start?next={place}")
    ask = nobody.stage.issuer.asked[-1]
    back = await nobody.get(f"/login/callback?code=ada.{ask.challenge}&state={ask.state}")
    assert back.place == "/"


async def test_logging_out_ends_the_login_here_and_at_the_issuer(ada: Browser) -> None:
    out = await ada.post("/logout")
    assert (out.status, out.place) == (303, "/login?done=1")
    assert (await ada.get("/specs")).status == 303
    assert ada.stage.issuer.ended == ["ada.0"]


async def test_an_old_token_is_renewed_once_and_nobody_notices(ada: Browser, there: Stage) -> None:
    there.clock.pass_(20 * 60)
    assert (await ada.get("/specs")).status == 200
    assert (await ada.get("/specs")).status == 200
    assert there.issuer.renewed == ["ada.0"]
    there.clock.pass_(20 * 60)
    assert (await ada.get("/specs")).status == 200
    assert there.issuer.renewed == ["ada.0", "ada.1"]


async def test_many_requests_at_once_renew_a_token_once(ada: Browser, there: Stage) -> None:
    there.clock.pass_(20 * 60)
    there.issuer.slow = 0.05
    answers = await asyncio.gather(*(ada.get("/specs") for _ in range(8)))
    assert [answer.status for answer in answers] == [200] * 8
    assert there.issuer.renewed == ["ada.0"]


async def test_an_issuer_that_is_down_is_told_and_ends_no_login(ada: Browser, there: Stage) -> None:
    there.clock.pass_(20 * 60)
    there.issuer.down = True
    assert (await ada.get("/specs")).status == 503
    there.issuer.down = False
    assert (await ada.get("/specs")).status == 200


async def test_a_refresh_token_the_issuer_refuses_ends_the_login(ada: Browser, there: Stage) -> None:
    there.issuer.renewed.append("ada.0")
    there.clock.pass_(20 * 60)
    assert (await ada.get("/specs")).status == 303


async def test_a_login_ends_by_itself(ada: Browser, there: Stage) -> None:
    there.clock.pass_(Settings.model_fields["login_seconds"].default + 1)
    assert (await ada.get("/specs")).status == 303
    assert there.issuer.renewed == []


async def test_the_api_takes_no_cookie(ada: Browser) -> None:
    assert (await ada.get("/v1/specs")).status == 401
    assert (await ada.get("/v1/events")).status == 401


@pytest.mark.parametrize("mark", ["", "other", "\u00e9"])
async def test_a_form_without_this_logins_mark_is_refused(ada: Browser, mark: str) -> None:
    answer = await ada.post("/new/spec", {"csrf": mark})
    assert answer.status == 403
    assert "foreign_form" in answer.text
    assert (await ada.post("/logout", {"csrf": mark})).status == 403
    assert (await ada.get("/specs")).status == 200


async def test_a_form_from_another_site_is_refused_whatever_it_holds(ada: Browser) -> None:
    assert (await ada.post("/new/spec", Origin="http://evil.example")).status == 403
    assert (await ada.post("/new/spec", Origin="null")).status == 403


async def test_another_logins_mark_is_no_good_here(tmp_path: Path, ada: Browser) -> None:
    async with browser_of(ada.stage, "bob") as bob:
        assert (await bob.post("/logout", {"csrf": ada.csrf})).status == 403


async def test_a_part_asked_for_without_a_login_sends_the_whole_page_to_log_in(nobody: Browser) -> None:
    answer = await nobody.get("/specs", HX_Request="true")
    assert (answer.status, answer.headers["HX-Redirect"]) == (204, "/login")
    live = await nobody.get("/live/specs", Accept="text/event-stream")
    assert live.status == 401

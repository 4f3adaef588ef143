"""How one logs in, stays logged in, and which portal sees a token."""

import json
import stat
import threading
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from client_portal import ISSUER, PORTAL, FakePortal, FakeTime, form_of, options, with_issuer

from fedpact.client import InputError, LoginExpiredError, NotLoggedInError, TimedOutError, UnreachableError
from fedpact.client.addresses import checked
from fedpact.client.browser_login import BrowserLogin
from fedpact.client.connecting import Connecting
from fedpact.client.oauth import CODE, DEV_USER, DEVICE, EXCHANGE, Issuer
from fedpact.client.profiles import Login, Profiles

ME = {"user": "ada", "organization": "northlab", "roles": [], "groups": [], "channel": "main"}
TOKENS = {"access_token": "a1", "expires_in": 900, "refresh_token": "r1", "token_type": "Bearer"}
LOGIN = Login(url=PORTAL, issuer=ISSUER, access_token="a0", expires_at=2_000_000.0, refresh_token="r0")
OLD = LOGIN.model_copy(update={"expires_at": 1_000_010.0})
DEVICE_CODE = {
    "device_code": "d1",
    "user_code": "ABCD-EFGH",
    "verification_uri": f"{ISSUER}/device",
    "expires_in": 600,
    "interval": 5,
}


def oauth_error(code: str, text: str = "") -> httpx.Response:
    return httpx.Response(400, json={"error": code, "error_description": text})


def connecting(tmp_path: Path, portal: FakePortal, time: FakeTime | None = None, **environ: str) -> Connecting:
    found = {"FEDPACT_CONFIG_DIR": str(tmp_path / "config"), "FEDPACT_HOME": str(tmp_path / "home")} | environ
    return Connecting(environ=found, options=options(portal, time))


def issuer(portal: FakePortal, time: FakeTime | None = None) -> Issuer:
    return Issuer.at(ISSUER, {}, (time or FakeTime()).clock, portal)


def test_a_name_is_enough_where_the_issuer_offers_it(tmp_path: Path) -> None:
    portal = with_issuer(FakePortal(), DEV_USER).on("POST", f"{ISSUER}/token", TOKENS)
    tokens = connecting(tmp_path, portal).issuer().by_name("ada")
    assert tokens.access_token == "a1"
    assert form_of(portal.last) == {"grant_type": DEV_USER, "user": "ada", "client_id": "fedpact-cli"}


def test_nobody_logs_in_by_name_elsewhere() -> None:
    with pytest.raises(NotLoggedInError, match="without `--user`"):
        issuer(with_issuer(FakePortal(), DEVICE)).by_name("ada")


def test_a_device_polls_until_the_person_approved() -> None:
    time, portal = FakeTime(), with_issuer(FakePortal(), DEVICE)
    portal.on("POST", f"{ISSUER}/device_authorization", DEVICE_CODE)
    portal.on("POST", f"{ISSUER}/token", oauth_error("authorization_pending"), oauth_error("slow_down"), TOKENS)
    at = issuer(portal, time)
    assert at.approved(at.device()).refresh_token == "r1"
    assert time.slept == [5.0, 5.0, 10.0]
    assert form_of(portal.last)["device_code"] == "d1"


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (oauth_error("access_denied"), NotLoggedInError, "denied"),
        (oauth_error("expired_token"), TimedOutError, "in time"),
        (oauth_error("authorization_pending"), TimedOutError, "in time"),
        (oauth_error("invalid_grant", "the code is unknown"), NotLoggedInError, "the code is unknown"),
    ],
)
def test_a_login_that_is_not_approved_says_why(answer: httpx.Response, error: type[Exception], said: str) -> None:
    portal = with_issuer(FakePortal(), DEVICE).on("POST", f"{ISSUER}/device_authorization", DEVICE_CODE)
    at = issuer(portal.on("POST", f"{ISSUER}/token", answer))
    with pytest.raises(error, match=said):
        at.approved(at.device())


def test_an_issuer_without_people_says_so() -> None:
    refusal = oauth_error("unauthorized_client", "no login of people is connected here")
    portal = with_issuer(FakePortal(), "client_credentials").on("POST", f"{ISSUER}/device_authorization", refusal)
    with pytest.raises(NotLoggedInError, match="FEDPACT_CLIENT_ID"):
        issuer(portal).device()


def test_a_login_is_kept_for_its_owner_only(tmp_path: Path) -> None:
    profiles = Profiles(tmp_path / "config")
    profiles.keep("ada", LOGIN)
    assert profiles.find("ada") == LOGIN
    assert stat.S_IMODE(profiles.path("ada").stat().st_mode) == 0o600
    assert stat.S_IMODE(profiles.folder.stat().st_mode) == 0o700
    assert [path.name for path in profiles.folder.iterdir()] == ["ada.json"]


def test_secrets_are_not_in_what_is_printed_of_a_login() -> None:
    assert "a0" not in repr(LOGIN)
    assert "r0" not in repr(LOGIN)


@pytest.mark.parametrize("name", ["../ada", "", ".hidden", "a/b", "a" * 65])
def test_a_profile_is_a_name_and_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="no name of a profile"):
        Profiles(tmp_path).find(name)


def test_a_login_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "ada.json").write_text("{")
    with pytest.raises(InputError, match="remove it and log in again"):
        Profiles(tmp_path).find("ada")


def test_a_token_that_holds_is_used_as_it_is(tmp_path: Path) -> None:
    portal = FakePortal().on("GET", "/v1/me", ME)
    here = connecting(tmp_path, portal)
    here.profiles.keep("default", LOGIN)
    here.fedpact().me()
    assert portal.last.headers["authorization"] == "Bearer a0"


def test_a_token_about_to_end_is_renewed_and_kept(tmp_path: Path) -> None:
    portal = with_issuer(FakePortal()).on("POST", f"{ISSUER}/token", TOKENS).on("GET", "/v1/me", ME)
    here = connecting(tmp_path, portal)
    here.profiles.keep("default", OLD)
    here.fedpact().me()
    assert portal.last.headers["authorization"] == "Bearer a1"
    assert form_of(portal.requests[1]) == {
        "grant_type": "refresh_token",
        "refresh_token": "r0",
        "client_id": "fedpact-cli",
    }
    kept = here.profiles.find("default")
    assert kept is not None
    assert (kept.refresh_token, kept.expires_at) == ("r1", 1_000_900.0)


def test_a_token_that_somebody_else_renewed_meanwhile_is_taken_from_them(tmp_path: Path) -> None:
    """Two would spend the same refresh token, and the second use ends the login."""
    renewed = LOGIN.model_copy(update={"access_token": "a2"})
    profiles, portal = Profiles(tmp_path / "config"), FakePortal()

    class SlowTime(FakeTime):
        def read(self) -> float:
            profiles.keep("default", renewed)
            return super().read()

    profiles.keep("default", OLD)
    assert connecting(tmp_path, portal, SlowTime()).tokens().token() == "a2"
    assert portal.requests == []


def test_a_login_that_ended_says_what_to_do(tmp_path: Path) -> None:
    portal = with_issuer(FakePortal()).on(
        "POST", f"{ISSUER}/token", oauth_error("invalid_grant", "the login has ended")
    )
    here = connecting(tmp_path, portal)
    here.profiles.keep("default", OLD)
    with pytest.raises(LoginExpiredError, match=r"the login has ended: `fedpact login`"):
        here.fedpact().me()


def test_a_refresh_token_is_never_sent_twice(tmp_path: Path) -> None:
    portal = with_issuer(FakePortal()).on("POST", f"{ISSUER}/token", httpx.ReadTimeout("slow"))
    here = connecting(tmp_path, portal)
    here.profiles.keep("default", OLD)
    with pytest.raises(UnreachableError, match="did not answer in time"):
        here.fedpact().me()
    assert len(portal.asked("/token")) == 1


def test_nobody_is_logged_in_at_first(tmp_path: Path) -> None:
    with pytest.raises(NotLoggedInError, match=r"`fedpact --as ada login`"):
        connecting(tmp_path, FakePortal(), FEDPACT_PROFILE="ada").fedpact().me()


def test_a_token_is_shown_to_its_own_portal_only(tmp_path: Path) -> None:
    portal = FakePortal()
    here = connecting(tmp_path, portal, FEDPACT_URL="https://elsewhere.example")
    here.profiles.keep("default", LOGIN)
    with pytest.raises(NotLoggedInError, match=r"logged in at http://127.0.0.1:7070, not at https://elsewhere.example"):
        here.fedpact().me()
    assert portal.requests == []


def test_a_service_account_logs_in_with_its_secret(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    portal = with_issuer(FakePortal()).on("POST", f"{ISSUER}/token", TOKENS).on("GET", "/v1/me", ME)
    fp = connecting(tmp_path, portal, FEDPACT_CLIENT_ID="bot", FEDPACT_CLIENT_SECRET_FILE=str(tmp_path / "secret"))
    client = fp.fedpact()
    client.me()
    client.me()
    (asked,) = portal.asked("/token")
    assert form_of(asked) == {"grant_type": "client_credentials", "client_id": "bot", "client_secret": "s3cret"}


def test_a_service_account_with_a_wrong_secret_is_told(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("wrong")
    refusal = httpx.Response(401, json={"error": "invalid_client", "error_description": "client id or secret is wrong"})
    portal = with_issuer(FakePortal()).on("POST", f"{ISSUER}/token", refusal)
    here = connecting(tmp_path, portal, FEDPACT_CLIENT_ID="bot", FEDPACT_CLIENT_SECRET_FILE=str(tmp_path / "secret"))
    with pytest.raises(NotLoggedInError, match="client id or secret is wrong"):
        here.fedpact().me()


def test_a_portal_whose_login_is_away_says_to_try_again() -> None:
    portal = with_issuer(FakePortal()).on("POST", f"{ISSUER}/token", httpx.Response(503, json={"slug": "unavailable"}))
    with pytest.raises(UnreachableError, match="does not answer just now: try again in a moment"):
        issuer(portal).by_secret("bot", "s3cret")


def test_a_service_account_without_a_secret_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="FEDPACT_CLIENT_SECRET_FILE is not"):
        connecting(tmp_path, FakePortal(), FEDPACT_CLIENT_ID="bot").fedpact()


def test_a_token_of_the_provider_is_exchanged_for_one_of_the_federation(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("of-the-provider")
    portal = with_issuer(FakePortal(), EXCHANGE).on("POST", f"{ISSUER}/token", TOKENS).on("GET", "/v1/me", ME)
    client = connecting(tmp_path, portal, FEDPACT_PROVIDER_TOKEN_FILE=str(tmp_path / "token")).fedpact()
    client.me()
    client.me()
    (asked,) = portal.asked("/token")
    assert form_of(asked) == {
        "grant_type": EXCHANGE,
        "subject_token": "of-the-provider",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    }
    assert portal.last.headers["authorization"] == "Bearer a1"


def test_where_no_provider_is_connected_none_of_its_tokens_is_sent(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("of-the-provider")
    portal = with_issuer(FakePortal(), DEVICE)
    with pytest.raises(NotLoggedInError, match="no identity provider is connected"):
        connecting(tmp_path, portal, FEDPACT_PROVIDER_TOKEN_FILE=str(tmp_path / "token")).fedpact().me()
    assert portal.asked("/token") == []


def test_a_browser_brings_the_code_and_nobody_else_does(tmp_path: Path) -> None:
    portal = with_issuer(FakePortal(), CODE).on("POST", f"{ISSUER}/token", TOKENS)
    visits: list[threading.Thread] = []
    seen: list[int] = []

    def show(page: str) -> bool:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(page).query).items()}
        back, state = asked["redirect_uri"], asked["state"]
        origin = back.removesuffix("/callback")
        places = (f"{back}?code=forged", f"{back}?code=forged&state=x", f"{origin}/?code=forged&state={state}")
        visits.append(threading.Thread(target=visit, args=[*places, f"{back}?code=c1&state={state}"]))
        visits[0].start()
        return True

    def visit(*places: str) -> None:
        seen.extend(httpx.get(place, trust_env=False).status_code for place in places)

    login = BrowserLogin(issuer=issuer(portal), tell=lambda _: None, show=show, patience=20)
    assert login.tokens().refresh_token == "r1"
    visits[0].join()
    assert seen == [404, 404, 404, 200]
    form = form_of(portal.last)
    assert (form["code"], len(form["code_verifier"])) == ("c1", 43)
    assert form["redirect_uri"].startswith("http://127.0.0.1:")


def test_a_browser_that_never_comes_back_is_told() -> None:
    portal, time, said = with_issuer(FakePortal(), CODE), FakeTime(), []
    login = BrowserLogin(
        issuer=issuer(portal, time), tell=said.append, show=lambda _: False, clock=time.clock, patience=0
    )
    with pytest.raises(TimedOutError, match="login --browser"):
        login.tokens()
    assert said[0].startswith("no browser can be opened here")
    assert said[1].startswith(f"{ISSUER}/authorize?")


def test_a_profile_that_is_named_goes_before_the_environment(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file")
    portal = FakePortal().on("GET", "/v1/me", ME)
    here = connecting(tmp_path, portal, FEDPACT_TOKEN_FILE=str(tmp_path / "token"))
    here.profiles.keep("ada", LOGIN)
    here.fedpact().me()
    assert portal.last.headers["authorization"] == "Bearer from-file"
    Connecting(environ=here.environ, profile="ada", options=here.options).fedpact().me()
    assert portal.last.headers["authorization"] == "Bearer a0"


def running(tmp_path: Path, url: str) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "running.json").write_text(json.dumps({"url": url, "pid": 1}))


def test_the_embedded_federation_is_found_where_it_runs(tmp_path: Path) -> None:
    assert connecting(tmp_path, FakePortal()).portal() == "http://127.0.0.1:7070"
    running(tmp_path, "http://127.0.0.1:9999/")
    here = connecting(tmp_path, FakePortal())
    assert here.portal() == "http://127.0.0.1:9999"
    here.profiles.keep("default", LOGIN)
    assert here.portal() == "http://127.0.0.1:9999"
    here.profiles.keep("default", LOGIN.model_copy(update={"url": "https://portal.example"}))
    assert here.portal() == "https://portal.example"


def test_a_folder_cannot_point_elsewhere(tmp_path: Path) -> None:
    running(tmp_path, "https://thief.example")
    assert connecting(tmp_path, FakePortal()).portal() == "http://127.0.0.1:7070"


@pytest.mark.parametrize(
    "url", ["ftp://a", "portal", "http://", "https://user:pw@a.example", "http://a:b", "https://a?b=c"]
)
def test_what_is_no_address_of_a_portal_is_told(url: str) -> None:
    with pytest.raises(InputError, match="is not"):
        checked(url, {})


def test_a_token_goes_over_an_open_wire_on_purpose_only() -> None:
    with pytest.raises(InputError, match="unencrypted: use https"):
        checked("http://portal.example", {})
    assert checked("http://portal.example/", {"FEDPACT_ALLOW_HTTP": "1"}) == "http://portal.example"
    assert checked("http://localhost:7070", {}) == "http://localhost:7070"


def test_a_portal_cannot_send_secrets_to_an_open_wire(tmp_path: Path) -> None:
    portal = FakePortal().on("GET", "/v1/config", {"issuer": "http://thief.example", "channel": "main", "version": "1"})
    with pytest.raises(InputError, match="unencrypted"):
        connecting(tmp_path, portal).issuer()


def test_a_secret_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("two\nlines")
    here = connecting(tmp_path, FakePortal(), FEDPACT_TOKEN_FILE=str(tmp_path / "secret"))
    with pytest.raises(InputError, match="one line"):
        here.fedpact().me()

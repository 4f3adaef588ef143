"""What of identity is seen below the portal: its public paths, and of a request what they need."""

from pathlib import Path

import pytest
from aiohttp.test_utils import make_mocked_request
from pydantic import ValidationError

from fedpact.identity import main as identity
from fedpact.identity.entrypoints.away import Away
from fedpact.identity.settings import Settings as IdentitySettings
from fedpact.portal.app.ports import Answered
from fedpact.portal.entrypoints.forwarding import COOKIES, PUBLIC, headers_back, headers_of
from fedpact.portal.settings import Settings

PROVIDER = {"issuer": "https://login.example", "client_id": "fedpact"}
WATCHED = {("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics")}


def portal(folder: Path, **given: str) -> Settings:
    return Settings(mongo_url_file=folder, **given)  # type: ignore[arg-type]


def test_all_that_identity_serves_is_public_but_what_only_its_operator_asks(tmp_path: Path) -> None:
    url = tmp_path / "url"
    url.write_text("mongodb://127.0.0.1:1/")
    settings = IdentitySettings.model_validate(
        {"mongo_url_file": url, "key_file": tmp_path / "k.pem", "public_url": "https://hub.example/identity"}
        | {"provider": PROVIDER}
    )
    served = identity.compose(settings).app.router.routes()
    known = {(route.method, route.resource.canonical) for route in served if route.resource}
    assert {(method, path) for method, path in known if method != "HEAD"} == {*PUBLIC, *WATCHED}


def test_of_a_request_only_what_identity_needs_goes_on() -> None:
    sent = {
        "Host": "portal.example",
        "Origin": "https://portal.example",
        "Authorization": "Bearer t",
        "Content-Type": "application/x-www-form-urlencoded",
        "Connection": "keep-alive, X-Secret",
        "X-Secret": "s",
        "Te": "trailers",
        "Upgrade": "websocket",
        "Accept-Encoding": "gzip",
        "Content-Length": "7",
        "X-Forwarded-Host": "elsewhere.example",
    }
    told = headers_of(make_mocked_request("POST", "/identity/token", headers=sent))
    assert told == {name: sent[name] for name in ("Host", "Origin", "Authorization", "Content-Type")}


@pytest.mark.parametrize("public_url", ["https://portal.example/identity", "http://127.0.0.1:7070/identity"])
def test_no_cookie_goes_on_but_identitys_own(public_url: str) -> None:
    own = Away(arrivals=None, chance=None, public_url=public_url)._cookie("abcdefgh")  # type: ignore[arg-type]
    assert own.startswith(COOKIES)
    held = f'fedpact-session=secret; {own}="a.b="; __Host-fedpact-session=secret; fedpact-away=other; x={own}'
    told = headers_of(make_mocked_request("GET", "/identity/login/callback", headers={"Host": "p", "Cookie": held}))
    assert told == {"Host": "p", "Cookie": f'{own}="a.b="'}


def test_of_an_answer_everything_comes_back_but_what_is_of_the_connection() -> None:
    kept = [
        ("Location", "https://login.example/auth?x=1"),
        ("Set-Cookie", "fedpact-away-1=a; Path=/identity/login/callback"),
        ("Set-Cookie", "fedpact-away-2=b; Path=/identity/login/callback"),
        ("Content-Security-Policy", "default-src 'none'"),
        ("Content-Type", "text/html"),
    ]
    dropped = [
        ("Connection", "close, X-Hop"),
        ("X-Hop", "1"),
        ("Keep-Alive", "timeout=5"),
        ("Transfer-Encoding", "chunked"),
        ("Server", "other"),
        ("Date", "today"),
    ]
    assert list(headers_back(Answered(status=303, headers=(*dropped, *kept))).items()) == kept


def test_nothing_is_forwarded_unless_it_is_asked_for(tmp_path: Path) -> None:
    assert portal(tmp_path, issuer_url="https://login.example").identity_url is None


@pytest.mark.parametrize("inside", ["http://identity:8080", "unix:/sockets/identity.sock"])
def test_identity_has_an_address_inside_and_one_below_the_portal(tmp_path: Path, inside: str) -> None:
    found = portal(
        tmp_path,
        identity_url=inside,
        public_url="https://portal.example",
        issuer_url="https://portal.example/identity",
    )
    assert found.identity_url == inside


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"issuer_url": "https://login.example"}, "`issuer_url` has to be"),
        ({"issuer_url": "https://login.example/identity", "public_url": "https://portal.example"}, "has to be"),
        ({"issuer_url": "https://p.example/identity", "identity_url": "identity:8080"}, "match pattern"),
        ({"issuer_url": "https://p.example/identity", "identity_url": "http://identity:8080/path"}, "match pattern"),
    ],
)
def test_addresses_that_do_not_fit_each_other_are_refused_at_the_start(
    tmp_path: Path, given: dict[str, str], told: str
) -> None:
    with pytest.raises(ValidationError, match=told):
        portal(tmp_path, **{"identity_url": "http://identity:8080", **given})

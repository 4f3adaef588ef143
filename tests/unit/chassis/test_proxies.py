"""What is said to an HTTP proxy, and what its answers mean."""

from base64 import b64decode

import pytest

from fedpact.chassis.proxies import Proxy, ProxyRefusedError

PROXY = Proxy(host="proxy.site", port=3128)
WITH_LOGIN = Proxy(host="proxy.site", port=3128, login="fed pact:p@ss:word/1")


def test_a_way_is_asked_for_by_name_and_port() -> None:
    assert PROXY.request("hub.example.org", 4222) == (
        b"CONNECT hub.example.org:4222 HTTP/1.1\r\nHost: hub.example.org:4222\r\n\r\n"
    )


def test_a_login_goes_along_and_is_shown_nowhere() -> None:
    login = WITH_LOGIN.request("h", 1).split(b"Basic ")[1].split(b"\r\n")[0]
    assert b64decode(login) == b"fed pact:p@ss:word/1"
    assert "word" not in repr(WITH_LOGIN)


def test_grpc_gets_the_login_as_a_url_has_it() -> None:
    assert PROXY.url == "http://proxy.site:3128"
    assert WITH_LOGIN.url == "http://fed%20pact:p%40ss%3Aword%2F1@proxy.site:3128"


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 Connection established\r\n\r\n", b"HTTP/1.0 200\r\n\r\n"])
def test_an_open_way_is_taken(answer: bytes) -> None:
    PROXY.check(answer)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "answers 403"),
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "give it a login in a file"),
        (b"SSH-2.0-x\r\n\r\n", "no HTTP proxy"),
        (b"HTTP/1.1 \r\n\r\n", "no HTTP proxy"),
        (b"\r\n\r\n", "no HTTP proxy"),
    ],
)
def test_any_other_answer_says_what_to_do(answer: bytes, told: str) -> None:
    with pytest.raises(ProxyRefusedError, match=told):
        PROXY.check(answer)

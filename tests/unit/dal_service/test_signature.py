"""Requests to a bucket are signed as AWS publishes it, and the secret is nowhere but in the signature."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedpact.dal_service.domain.signature import NO_BODY, Credentials, Request, signed

KEYS = Credentials(key_id="AKIAIOSFODNN7EXAMPLE", secret="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
NOW = datetime(2013, 5, 24, tzinfo=UTC)
HOST = "examplebucket.s3.amazonaws.com"


def signature(request: Request) -> str:
    return signed(request, KEYS, "us-east-1", NOW)["authorization"].rpartition("Signature=")[2]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (
            Request(method="GET", host=HOST, path="/test.txt", headers={"Range": "bytes=0-9"}),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            Request(method="GET", host=HOST, path="/", query={"lifecycle": ""}),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            Request(method="GET", host=HOST, path="/", query={"prefix": "J", "max-keys": "2"}),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
    ids=["an object", "a bucket's lifecycle", "a bucket's keys"],
)
def test_the_examples_that_aws_publishes_are_signed_as_published(request_: Request, expected: str) -> None:
    assert signature(request_) == expected


def test_what_is_sent_says_who_signed_what() -> None:
    headers = signed(Request(method="GET", host=HOST, path="/test.txt"), KEYS, "us-east-1", NOW)
    assert headers["authorization"].startswith(
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        "SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature="
    )
    assert headers["x-amz-date"] == "20130524T000000Z"
    assert headers["x-amz-content-sha256"] == NO_BODY
    assert KEYS.secret not in repr(headers)
    assert KEYS.secret not in repr(KEYS)


def test_a_session_token_is_sent_and_signed() -> None:
    keys = Credentials(key_id="A", secret="s", session="token")
    headers = signed(Request(method="GET", host=HOST, path="/"), keys, "us-east-1", NOW)
    assert headers["x-amz-security-token"] == "token"
    assert "host;x-amz-content-sha256;x-amz-date;x-amz-security-token" in headers["authorization"]
    assert "token" not in repr(keys)


def test_a_key_is_encoded_once_and_the_same_on_the_wire() -> None:
    request = Request(method="GET", host=HOST, path="/b/a b+%2e?#é~.csv", query={"prefix": "a/ +&"})
    assert request.target == "/b/a%20b%2B%252e%3F%23%C3%A9~.csv?prefix=a%2F%20%2B%26"


def test_parameters_are_in_the_order_of_their_names() -> None:
    query = {"a-b": "2", "a": "3", "Z": "1"}
    assert Request(method="GET", host=HOST, path="/", query=query).target == "/?Z=1&a=3&a-b=2"


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30), st.text(st.characters(exclude_categories=["Cs"]))
)
def test_whatever_the_key_is_nothing_of_it_becomes_another_part_of_the_request(key: str, prefix: str) -> None:
    target = Request(method="GET", host=HOST, path=f"/{key}", query={"prefix": prefix}).target
    assert target.isascii()
    assert target.count("?") == 1
    assert not {"#", "&", " ", "\r", "\n"} & set(target)
    assert target.partition("?")[2].count("=") == 1

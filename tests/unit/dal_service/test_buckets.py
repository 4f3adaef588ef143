"""What a bucket's server says is believed as far as it answers what was asked."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from fedpact.contracts.pact import Person, PinnedModel
from fedpact.dal_service.domain.access import default_address, locate
from fedpact.dal_service.domain.buckets import Bucket, Refusal, advice, names, objects, page, split
from fedpact.dal_service.domain.errors import BadPathError, BucketSilentError, OutOfScopeError
from fedpact.dal_service.domain.model import Activation, Bearer, Dataset
from fedpact.dal_service.domain.paths import absolute, address, parse
from fedpact.dal_service.settings import AllowedBucket

AWKWARD = st.lists(
    st.sampled_from([*"ab/.%", "..", "//", "\0", "\x07", "é", "data", "-secret", "\udcff"]), max_size=8
).map("".join)


def listing(*keys: tuple[str, int], more: str = "", encoding: str = "") -> bytes:
    rows = "".join(f"<Contents><Key>{key}</Key><Size>{size}</Size><ETag>x</ETag></Contents>" for key, size in keys)
    token = f"<NextContinuationToken>{more}</NextContinuationToken>" if more else ""
    kind = f"<EncodingType>{encoding}</EncodingType>" if encoding else ""
    end = f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>"
    return f"<?xml version='1.0'?><ListBucketResult xmlns='x'><Name>b</Name>{end}{kind}{token}{rows}</ListBucketResult>".encode()


def test_a_page_is_its_keys_their_sizes_and_where_to_go_on() -> None:
    found = page(listing(("d/a", 1), ("d/b", 20), more="t/+="), "d/")
    assert (found.sizes, found.more) == ({"d/a": 1, "d/b": 20}, "t/+=")
    assert page(listing(), "d/") == page(listing(("other", 3)), "d/")


def test_keys_are_decoded_if_the_server_says_that_it_encoded_them() -> None:
    assert page(listing(("d/a+b%2Bc%C3%A9", 1), encoding="url"), "d/").sizes == {"d/a b+cé": 1}
    assert page(listing(("d/a+b%2Bc", 1)), "d/").sizes == {"d/a+b%2Bc": 1}


@pytest.mark.parametrize("key", ["data-secret/x", "dat", "data", "DATA/x", "/data/x", "../data/x"])
def test_a_key_outside_the_prefix_that_was_asked_for_does_not_count(key: str) -> None:
    assert page(listing((key, 1)), "data/").sizes == {}


@pytest.mark.parametrize(
    "body",
    [
        b"", b"no", b"<a>", b"<html/>", listing(("a", 1))[:-10], listing(("a", 1)).replace(b"false", b"true"),
        listing(("a", 1)).replace(b"<Size>1</Size>", b""), listing(("a", 1)).replace(b"<Size>1", b"<Size>-1"),
        b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + listing(("a", 1)).partition(b"?>")[2],
        listing(("a", 1)).replace(b"<Size>1", "<Size>\u0661".encode()),
    ],
)  # fmt: skip
def test_what_is_no_listing_is_not_taken_for_an_empty_one(body: bytes) -> None:
    with pytest.raises(BucketSilentError):
        page(body, "")


def test_folders_are_what_keys_imply_and_every_level_is_named() -> None:
    keys = ["d/", "d/a.csv", "d/in/deep/x.csv", "d/marked/", "d/both", "d/both/x"]
    assert sorted(names(keys, "d/")) == [
        "a.csv", "both", "both/", "both/x", "in/", "in/deep/", "in/deep/x.csv", "marked/",
    ]  # fmt: skip


@pytest.mark.parametrize("key", ["d//x", "d/../x", "d/./x", "d/a//b", "d/a/..", "d/\0", "d/a\nb", "d/\udcff", "d/x//"])
def test_a_key_that_could_never_be_asked_for_is_no_entry(key: str) -> None:
    assert names([key, "d/ok"], "d/") == {"ok"}
    assert objects({key: 5, "d/ok": 1, "d/in/": 0}, "d/") == {"d/ok": 1}


@given(st.lists(AWKWARD), st.sampled_from(["", "data/", "a/b/"]))
def test_every_entry_can_be_asked_for_and_lies_below(keys: list[str], prefix: str) -> None:
    below = [f"{prefix}{key}" for key in keys]
    for name in names(below, prefix):
        asked = address(f"s3://bucket/{prefix}{name}")
        assert split(asked) == ("bucket", f"{prefix}{name}")
        assert any(key.startswith(f"{prefix}{name}") for key in below)


FOLDER, FILE = "data_gw_org", "file_gw_org"
MAPPED = {
    name: Dataset(id=name, path=path, address=default_address(name, absolute(path)))
    for name, path in {FOLDER: "s3://bucket/data/", FILE: "s3://bucket/one.csv"}.items()
}
NOW = datetime(2026, 3, 1, tzinfo=UTC)
ROOTS = {FOLDER: ("",), FILE: ("",)}
ACTIVATION = Activation(
    id="s-1-gw-1",
    roots=ROOTS,
    permissions={},
    privacy={},
    valid_until=NOW + timedelta(minutes=10),
    requester=Person(user="u", organization="o"),
    model=PinnedModel(id="m", version="1.0.0", digest="sha256:" + "0" * 64),
)
BEARER = Bearer(token_id="t", activation="s-1-gw-1", roots=ROOTS, not_before=NOW, expires=NOW + timedelta(days=1))
TARGETS = st.lists(
    st.sampled_from([
        "s3://bucket/", "s3:/bucket/", "s3%3A%2F%2Fbucket%2F", "s3://other/", "data", "data/", "data-secret", "data%2f", "one.csv",
        "/", "//", "..", "../", "%2e%2e", "%2f..%2f", "%252e%252e/", ".", "x", "%00", "%0a", "%", "?", "#", "é", "%c3%a9", "\\",
    ]),
    max_size=7,
).map("".join)  # fmt: skip


@given(TARGETS, st.booleans())
@example("s3://bucket/data/x", False)
@example("s3://bucket/one.csv", True)
def test_whatever_is_asked_for_the_server_is_asked_for_nothing_beside_the_dataset(target: str, virtual: bool) -> None:
    with suppress(BadPathError, OutOfScopeError):
        place = locate(parse(f"/d/{target}", "/d/"), BEARER, ACTIVATION, MAPPED.get)
        name, key = split(place.path)
        assert name == "bucket"
        assert key == "one.csv" if place.dataset == FILE else key.startswith("data/")
        asked = bucket(bucket="bucket", style="virtual" if virtual else "path").of_object("GET", key, {})
        assert unquote(asked.target) == asked.path
        assert asked.path.removeprefix("/bucket") == f"/{key}"
        assert not {"", ".", ".."} & set(key.removesuffix("/").split("/"))


def bucket(**changes: object) -> Bucket:
    given = {"bucket": "scans", "endpoint": "https://s3.example.org:9000", "credentials": Path("/c")}
    return AllowedBucket.model_validate(given | changes).place


def test_a_bucket_is_in_the_path_or_in_the_servers_name() -> None:
    assert bucket().of_object("GET", "a/b", {}).target == "/scans/a/b"
    assert bucket().origin == "https://s3.example.org:9000"
    virtual = bucket(style="virtual")
    assert (virtual.of_object("GET", "a/b", {}).target, virtual.host) == ("/a/b", "scans.s3.example.org:9000")
    assert virtual.listing("a/", "t").path == "/"
    assert bucket().listing("a/", None).path == "/scans"


def test_without_an_endpoint_it_is_aws_in_its_region() -> None:
    assert bucket(endpoint="", region="eu-central-1").origin == "https://s3.eu-central-1.amazonaws.com"


@pytest.mark.parametrize(
    "changes",
    [
        {"bucket": "Scans"}, {"bucket": "a/b"}, {"bucket": ".."}, {"endpoint": "https://u:p@h"}, {"endpoint": "https://h/x"},
        {"endpoint": "ftp://h"}, {"endpoint": "https://h?x"}, {"region": "eu/x"}, {"style": "other"}, {"secret": "x"},
    ],
)  # fmt: skip
def test_what_no_bucket_can_be_is_refused_at_the_start(changes: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        bucket(**changes)


def refused(status: int, code: str, region: str = "") -> str:
    body = f"<Error><Code>{code}</Code><Message>KEY-AND-SECRET</Message></Error>".encode() if code else b""
    return advice(Refusal.read(status, body, region)).reason


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (403, "InvalidAccessKeyId", "key id"),
        (403, "SignatureDoesNotMatch", "secret key"),
        (403, "RequestTimeTooSkewed", "clock"),
        (400, "ExpiredToken", "session token"),
        (404, "NoSuchBucket", "no bucket of that name"),
        (400, "AuthorizationHeaderMalformed", "check endpoint, region and style"),
        (307, "TemporaryRedirect", "points elsewhere (307 TemporaryRedirect)"),
        (403, "<script>", "refuses (403)"),
        (418, "", "refuses (418)"),
    ],
)
def test_a_refusal_says_what_to_do_and_repeats_nothing_that_was_sent(status: int, code: str, words: str) -> None:
    assert words in refused(status, code)
    assert "KEY-AND-SECRET" not in refused(status, code)


def test_a_bucket_in_another_region_is_told_with_its_region() -> None:
    malformed = b"<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>"
    assert "`eu-west-1`" in advice(Refusal.read(400, malformed, "")).reason
    assert "session token" in refused(400, "ExpiredToken", "us-east-1"), "a region is told with other refusals too"
    assert "`eu-west-1`" in refused(301, "PermanentRedirect", "eu-west-1")
    assert "\n" not in refused(301, "PermanentRedirect", "eu\nwest")


@pytest.mark.parametrize(("status", "code"), [(503, "SlowDown"), (500, ""), (429, ""), (400, "RequestTimeout")])
def test_what_passes_is_worth_another_try(status: int, code: str) -> None:
    assert Refusal(status=status, code=code).passing

"""Deny by default: token, activation and mapping have to agree, now."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fedpact.contracts.pact import Person, PinnedModel
from fedpact.dal_service.domain.access import admit, default_address, ensure_free, locate
from fedpact.dal_service.domain.errors import AddressTakenError, OutOfScopeError, UnauthenticatedError
from fedpact.dal_service.domain.model import Activation, Bearer, Dataset
from fedpact.dal_service.domain.paths import Address

NOW = datetime(2026, 3, 1, tzinfo=UTC)
A, B = "a_gw_org", "b_gw_org"
DATASETS = {
    A: Dataset(id=A, path="/data/a/", address=Address(f"{A}/")),
    B: Dataset(id=B, path="/data/b.zip", address=Address(f"{B}/b.zip")),
}
ACTIVATION = Activation(
    id="s-1-gw-1",
    roots={A: ("",), B: ("",)},
    permissions={},
    privacy={},
    valid_until=NOW + timedelta(minutes=10),
    requester=Person(user="u", organization="o"),
    model=PinnedModel(id="m", version="1.0.0", digest="sha256:" + "0" * 64),
)
BEARER = Bearer(
    token_id="t", activation="s-1-gw-1", roots={A: ("",), B: ("",)}, not_before=NOW, expires=NOW + timedelta(days=1)
)


def _path(address: str, bearer: Bearer = BEARER, activation: Activation = ACTIVATION) -> str:
    return locate(Address(address), bearer, activation, DATASETS.get).path


def test_a_live_token_of_a_live_activation_is_admitted() -> None:
    assert admit(BEARER, ACTIVATION, NOW) is ACTIVATION


@pytest.mark.parametrize(
    ("activation", "at"),
    [
        (None, NOW),
        (replace(ACTIVATION, id="s-2-gw-1"), NOW),
        (replace(ACTIVATION, valid_until=NOW), NOW),
        (replace(ACTIVATION, valid_until=NOW + timedelta(days=9)), NOW + timedelta(days=1, seconds=5)),
        (ACTIVATION, NOW - timedelta(seconds=6)),
    ],
    ids=["not open", "another's", "lapsed to the second", "token expired", "token not yet valid"],
)
def test_nobody_else_is_admitted(activation: Activation | None, at: datetime) -> None:
    with pytest.raises(UnauthenticatedError):
        admit(BEARER, activation, at)


def test_an_address_becomes_the_mapped_place() -> None:
    assert _path(f"{A}/x/y.csv") == "/data/a/x/y.csv"
    assert _path(f"{A}/") == "/data/a/"
    assert _path(f"{B}/b.zip") == "/data/b.zip"


@pytest.mark.parametrize(
    "address", [A, f"{A}x/y", f"{B}/", f"{B}/b.zi", f"{B}/b.zip/", f"{B}/b.zip/x", "c_gw_org/", "x"]
)
def test_what_is_not_below_a_named_dataset_is_out_of_scope(address: str) -> None:
    with pytest.raises(OutOfScopeError):
        _path(address)


@pytest.mark.parametrize("side", ["token", "activation"])
def test_the_narrower_of_token_and_activation_counts(side: str) -> None:
    narrow = {A: ("in/", "one.csv")}
    bearer = replace(BEARER, roots=narrow) if side == "token" else BEARER
    activation = replace(ACTIVATION, roots=narrow) if side == "activation" else ACTIVATION
    assert _path(f"{A}/in/x", bearer, activation) == "/data/a/in/x"
    assert _path(f"{A}/one.csv", bearer, activation) == "/data/a/one.csv"
    for outside in (f"{A}/", f"{A}/inn", f"{A}/in", f"{A}/one.csv2", f"{B}/b.zip"):
        with pytest.raises(OutOfScopeError):
            _path(outside, bearer, activation)


def test_no_root_means_nothing() -> None:
    with pytest.raises(OutOfScopeError):
        _path(f"{A}/x", replace(BEARER, roots={A: ()}))


def test_a_dataset_that_is_no_longer_mapped_is_out_of_scope() -> None:
    with pytest.raises(OutOfScopeError):
        locate(Address(f"{A}/x"), BEARER, ACTIVATION, {}.get)


def test_an_address_tells_nothing_of_the_server() -> None:
    assert default_address(A, "/mnt/secret-project/a/") == f"{A}/"
    assert default_address(A, "/mnt/secret-project/scan.zip") == f"{A}/scan.zip"


@pytest.mark.parametrize("address", ["s3://bucket/x/", "s3://bucket/x/y.csv", "s3://bucket/"])
def test_two_datasets_never_answer_to_one_address(address: str) -> None:
    taken = Dataset(id=A, path="/data/a/", address=Address("s3://bucket/x/"))
    with pytest.raises(AddressTakenError):
        ensure_free(Address(address), B, [taken])
    ensure_free(Address(address), A, [taken])
    ensure_free(Address("s3://bucket/xy/"), B, [taken])

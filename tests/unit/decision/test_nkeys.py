"""NKeys as NATS itself writes them, compared with the package that NATS keeps for Python."""

import nkeys as theirs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedpact.decision.errors import KeyFormatError
from fedpact.decision.nkeys import Kind, NKey, verifies

PREFIXES = {
    Kind.OPERATOR: theirs.PREFIX_BYTE_OPERATOR,
    Kind.ACCOUNT: theirs.PREFIX_BYTE_ACCOUNT,
    Kind.USER: theirs.PREFIX_BYTE_USER,
}
kinds = st.sampled_from(Kind)
raws = st.binary(min_size=32, max_size=32)


@given(kinds, raws, st.binary(max_size=64))
def test_a_key_is_what_nats_takes_it_for(kind: Kind, raw: bytes, message: bytes) -> None:
    seed = theirs.encode_seed(raw, PREFIXES[kind]).decode()
    ours, known = NKey.from_seed(seed), theirs.from_seed(bytearray(seed.encode()))
    assert (ours.kind, ours.seed, ours.public) == (kind, seed, known.public_key.decode())
    assert ours.sign(message) == known.sign(message)
    assert verifies(ours.public, kind, message, ours.sign(message))


@given(kinds, raws, st.integers(0, 57), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
def test_a_seed_with_a_wrong_letter_is_refused(kind: Kind, raw: bytes, place: int, letter: str) -> None:
    seed = theirs.encode_seed(raw, PREFIXES[kind]).decode()
    wrong = seed[:place] + letter + seed[place + 1 :]
    if wrong != seed:
        with pytest.raises(KeyFormatError):
            NKey.from_seed(wrong)


def test_a_key_counts_only_as_what_it_is_for() -> None:
    user = NKey.generate(Kind.USER)
    assert verifies(user.public, Kind.USER, b"one", user.sign(b"one"))
    assert not verifies(user.seed, Kind.USER, b"one", user.sign(b"one"))
    assert not verifies(user.public, Kind.ACCOUNT, b"", user.sign(b""))
    assert not verifies(user.public, Kind.USER, b"another", user.sign(b"one"))


def test_a_secret_does_not_show() -> None:
    user = NKey.generate(Kind.USER)
    assert user.seed not in repr(user)


@pytest.mark.parametrize("text", ["", "S", "UAAA", "not base32!", "ü", theirs.encode_seed(b"1" * 32, 13 << 3).decode()])
def test_what_is_no_seed_is_refused(text: str) -> None:
    with pytest.raises(KeyFormatError):
        NKey.from_seed(text)

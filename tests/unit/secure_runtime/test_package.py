"""What pins a model folder, and what its card says."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedpact.decision.package import digest_of
from fedpact.secure_runtime.adapters.package import package_digest, read_model_card
from fedpact.secure_runtime.domain.errors import PackageError

ENTRIES = st.dictionaries(st.text(min_size=1), st.binary())


@given(ENTRIES, st.randoms())
def test_the_digest_does_not_depend_on_the_order(entries: dict[str, bytes], random) -> None:
    shuffled = list(entries.items())
    random.shuffle(shuffled)
    assert digest_of(shuffled) == digest_of(entries.items())


@given(ENTRIES, ENTRIES)
def test_other_files_have_another_digest(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    assert (digest_of(one.items()) == digest_of(other.items())) == (one == other)


def test_a_name_cannot_pass_for_content() -> None:
    assert digest_of([("ab", b"c")]) != digest_of([("a", b"bc")])


def test_a_changed_file_changes_the_digest_and_byte_code_does_not(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "code.py").write_text("a = 1")
    before = package_digest(tmp_path)
    for made in ("src/__pycache__/code.pyc", "model.egg-info/PKG-INFO"):
        (tmp_path / made).parent.mkdir()
        (tmp_path / made).write_text("made here")
    assert package_digest(tmp_path) == before
    (tmp_path / "src" / "code.py").write_text("a = 2")
    assert package_digest(tmp_path) != before


def test_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link.py").symlink_to("/etc/hostname")
    with pytest.raises(PackageError, match=r"`link\.py` is a link"):
        package_digest(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "holds no `model.yaml`"),
        ("a: [", "not YAML"),
        ("id: Not An Id\n", "wrong at `id`"),
        ("id: m\nversion: 1.0.0\nname: M\ncomponents: []\npayload_schema: {}\n", "wrong at `components`"),
    ],
)
def test_a_card_that_cannot_be_read_says_where(tmp_path: Path, text: str | None, said: str) -> None:
    if text is not None:
        (tmp_path / "model.yaml").write_text(text)
    with pytest.raises(PackageError, match=said):
        read_model_card(tmp_path)

"""Files under the digest of their content, whole or not there."""

import hashlib
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fedpact.jobs.adapters.folder import Folder
from fedpact.jobs.domain.errors import TooLargeError

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SOON = datetime(2100, 1, 1, tzinfo=UTC)


async def arriving(*chunks: bytes, then: Exception | None = None) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk
    if then is not None:
        raise then


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
async def folder(tmp_path: Path) -> Folder:
    kept = Folder(tmp_path)
    await kept.prepare()
    return kept


async def test_content_is_found_under_its_digest(folder: Folder) -> None:
    received = await folder.receive(arriving(b"hello ", b"world"), 100)
    assert (received.digest, received.size) == (f"sha256:{hashlib.sha256(b'hello world').hexdigest()}", 11)
    assert folder.find(received.digest).read_bytes() == b"hello world"


async def test_the_same_content_twice_is_one_object(folder: Folder, tmp_path: Path) -> None:
    assert await folder.receive(arriving(b"x"), 1) == await folder.receive(arriving(b"x"), 1)
    assert len(files(tmp_path)) == 1


async def test_nothing_is_left_of_a_file_that_is_too_large(folder: Folder, tmp_path: Path) -> None:
    with pytest.raises(TooLargeError):
        await folder.receive(arriving(b"12345", b"6"), 5)
    assert not files(tmp_path)


async def test_nothing_is_left_of_a_file_whose_sender_went_away(folder: Folder, tmp_path: Path) -> None:
    with pytest.raises(ConnectionResetError):
        await folder.receive(arriving(b"12345", then=ConnectionResetError()), 5)
    assert not files(tmp_path)


@pytest.mark.parametrize("digest", ["", "sha256:", "sha256:../../etc/passwd", "md5:" + "a" * 64, "sha256:" + "A" * 64])
async def test_what_is_no_digest_is_nowhere(folder: Folder, digest: str) -> None:
    assert folder.find(digest) is None
    assert not folder.discard(digest, SOON)


async def test_an_object_that_was_stored_again_is_not_discarded(folder: Folder) -> None:
    digest = (await folder.receive(arriving(b"x"), 1)).digest
    assert list(folder.untouched_since(LONG_AGO)) == []
    assert list(folder.untouched_since(SOON)) == [digest]
    assert not folder.discard(digest, LONG_AGO)
    assert folder.discard(digest, SOON)
    assert folder.find(digest) is None
    assert not folder.discard(digest, SOON)


async def test_leftovers_of_a_crash_are_swept(folder: Folder, tmp_path: Path) -> None:
    leftover = tmp_path / "incoming" / "tmpabc"
    leftover.write_bytes(b"half")
    os.utime(leftover, (0, 0))
    fresh = tmp_path / "incoming" / "tmpdef"
    fresh.write_bytes(b"half")
    assert list(folder.untouched_since(LONG_AGO + timedelta(days=1))) == []
    assert not leftover.exists()
    assert fresh.exists()

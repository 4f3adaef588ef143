"""Both ways of opening below a root keep the same promise."""

import errno
import os
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fedpact.dal_service.adapters.openat2 import Opener, best, openat2, walk

Open = Callable[..., bytes]


@pytest.fixture(params=[openat2, walk], ids=["openat2", "walk"])
def opener(request: pytest.FixtureRequest) -> Opener:
    if request.param is openat2 and best() is not openat2:
        pytest.skip("this kernel or container has no openat2")
    return request.param


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "file").write_bytes(b"inside")
    (tmp_path / "secret").write_bytes(b"secret")
    return root


@pytest.fixture
def read(opener: Opener, root: Path) -> Iterator[Open]:
    """Open a path below the root and read it."""
    descriptor = os.open(root, os.O_PATH | os.O_DIRECTORY)

    def opened(path: str, flags: int = 0) -> bytes:
        found = opener(descriptor, path, flags)
        try:
            return os.read(found, 100) if stat.S_ISREG(os.fstat(found).st_mode) else b""
        finally:
            os.close(found)

    yield opened
    os.close(descriptor)


def test_a_file_below_is_opened(read: Open) -> None:
    assert read("a/b/file") == b"inside"


@pytest.mark.parametrize("path", ["", "a", "a/", "a/b/"])
def test_a_folder_below_is_opened(read: Open, path: str) -> None:
    assert read(path, os.O_DIRECTORY) == b""


@pytest.mark.parametrize("path", ["none", "a/none", "a/b/file/", "a/b/file/x", "x" * 300, "a/b/\0"])
def test_what_is_not_there_is_an_error(read: Open, path: str) -> None:
    with pytest.raises(OSError, match=r".+"):
        read(path)


@pytest.mark.parametrize(
    "path", ["../secret", "a/../../secret", "/etc/passwd", "..", "a/b/../../../secret", "./../secret"]
)
def test_no_string_leads_out(read: Open, path: str) -> None:
    with pytest.raises(OSError, match=r".+"):
        read(path)


@pytest.mark.parametrize(
    ("link", "target", "path"),
    [
        ("out", "../secret", "out"),
        ("out", "..", "out/secret"),
        ("out", "/etc", "out/passwd"),
        ("inner", "a/b", "inner/file"),
        ("a/loop", "loop", "a/loop"),
        ("a/self", ".", "a/self/b/file"),
        ("gone", "nowhere", "gone"),
        ("proc", "/proc/self/root", "proc/etc/passwd"),
    ],
)
def test_no_link_is_followed_not_even_one_that_stays_inside(
    read: Open, root: Path, link: str, target: str, path: str
) -> None:
    (root / link).symlink_to(target)
    with pytest.raises(OSError, match=r".+") as refused:
        read(path)
    assert refused.value.errno in {errno.ELOOP, errno.ENOTDIR}


def test_a_pipe_without_a_writer_does_not_block(read: Open, root: Path) -> None:
    os.mkfifo(root / "pipe")
    assert read("pipe") == b""


def test_a_socket_is_an_error(read: Open, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("sock")
        with pytest.raises(OSError, match=r".+"):
            read("sock")


def test_no_descriptor_is_left_behind(read: Open) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for path in ("a/b/file", "a/none", "../secret", "a/b/file/x"):
        try:
            read(path)
        except OSError:
            continue
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_swapping_a_folder_for_a_link_while_opening_never_leads_out(read: Open, root: Path, tmp_path: Path) -> None:
    """A bounded race: one side swaps, the other opens, and only `inside` or an error may be seen."""
    outside = tmp_path / "outside" / "b"
    outside.mkdir(parents=True)
    (outside / "file").write_bytes(b"secret")
    (root / "swap").symlink_to(tmp_path / "outside")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            for one, other in (("a", "aside"), ("swap", "a"), ("a", "swap"), ("aside", "a")):
                (root / one).rename(root / other)

    racing = threading.Thread(target=swap)
    racing.start()
    seen: dict[bytes, int] = {}
    try:
        for _ in range(4000):
            try:
                found = read("a/b/file")
            except OSError:
                found = b"refused"
            seen[found] = seen.get(found, 0) + 1
    finally:
        stop.set()
        racing.join()
    assert seen.keys() <= {b"inside", b"refused"}, seen
    assert seen.get(b"refused"), "the race never happened"

"""
A machine of its own for a stranger's code: no files but those it needs, no process but its own, no network, no rights.

Whoever wants something done `inside` waits outside. What is done inside sees the folders that are named and nothing
else, and all of it only to read: its root is an empty one into which these are mounted. It is the first process of a
process namespace, so that whatever it starts ends with it, and its own end is brought about from outside alone. It
holds no capability, not even where the one who waits is root. Nothing has to be installed for it and no right is
needed; a machine without the means (as most containers are) is told by `JailError`, before anything was done.
"""

import contextlib
import ctypes
import os
import select
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

NEW_NAMESPACES = 0x10000000 | 0x00020000 | 0x08000000 | 0x20000000 | 0x40000000
"""User, mounts, System V and POSIX queues, processes, network."""
PRIVATE, RECURSIVE, BIND, DETACHED = 1 << 18, 1 << 14, 1 << 12, 2
SAFE = 2 | 4
"""No set-user-id, no devices."""
MOUNT_SETATTR, HERE, TREE, LOCKED = 442, -100, 0x8000, 1 | 2
"""Locked: read only, no set-user-id."""
END_WITH_PARENT, NO_NEW_PRIVILEGES = 1, 38
CAPABILITIES = 0x20080522
USER = 3333
"""Who the code is in its own eyes where the one who waits is root."""
ROOT = "/tmp"  # noqa: S108 - covered inside, and nothing is written to it
LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/nix/store", "/etc/alternatives")
FILES = ("/etc/ld.so.cache", "/usr/share/zoneinfo", "/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
KILLED = 128
LIBC = ctypes.CDLL(None, use_errno=True)


class JailError(Exception):
    """A machine without the means; the text says what it refused."""


def seen(*folders: Path) -> tuple[str, ...]:
    """What code sees that needs `folders`, the interpreter's library and what it imports: none inside another."""
    code = [*sys.path, f"{sys.base_prefix}/lib", *LIBRARIES, *FILES]
    wanted = {os.path.normpath(path) for path in (*map(str, folders), *code) if os.path.isabs(path)}  # noqa: PTH117
    there = sorted(path for path in wanted if path != "/" and os.path.exists(path))  # noqa: PTH110
    return tuple(path for path in there if not any(path.startswith(f"{other}/") for other in there))


def inside(paths: Sequence[str], work: Callable[[], int], *, keep: Sequence[int] = ()) -> int:
    """
    What `work` returned, done where only `paths` are seen, with the descriptors `keep` and the standard ones.

    Raises `JailError` when this machine does not allow it; then nothing of `work` was done.
    """
    told, status = os.pipe()
    outside = os.getpid()
    warden = os.fork()
    if not warden:
        _begin(paths, work, keep, status, outside)
    try:
        os.close(status)
        with open(told, "rb") as heard:  # noqa: PTH123 - a pipe
            refusal = heard.read().decode(errors="replace")
        if refusal:
            raise JailError(refusal)
        return _exit_code(os.waitpid(warden, 0)[1])
    finally:
        _finish(warden)


def trial() -> None:
    """Told on standard output why this machine has no jail; nothing when it has one."""
    try:
        inside(seen(), lambda: 0)
    except JailError as refused:
        sys.stdout.write(str(refused))


def _begin(paths: Sequence[str], work: Callable[[], int], keep: Sequence[int], status: int, outside: int) -> NoReturn:
    try:
        _enter(paths, (0, 1, 2, status, *keep), outside)
    except Exception as error:  # noqa: BLE001 - a C library without a call is a machine without the means as well
        os.write(status, f"{getattr(error, 'strerror', None) or error or type(error).__name__}".encode())
        os._exit(1)
    os.close(status)
    _work(work)


def _enter(paths: Sequence[str], keep: Sequence[int], outside: int) -> None:
    """Returns in the jail, in a child; the process that called waits beside its process namespace until that ends."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    _leave(paths, keep)
    _end_with_parent(lambda: os.getppid() == outside)
    warden = os.pidfd_open(os.getpid())
    worker = os.fork()
    if worker:
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        os._exit(_exit_code(os.waitpid(worker, 0)[1]))
    _end_with_parent(lambda: not select.select([warden], [], [], 0)[0])
    os.close(warden)
    _give_up_rights()


def _work(work: Callable[[], int]) -> NoReturn:
    code = 1
    try:
        code = work()
    except BaseException:  # noqa: BLE001 - the process ends here, whatever it is
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _leave(paths: Sequence[str], keep: Iterable[int]) -> None:
    """Out of the machine: only what is open stays, and that is what `keep` says."""
    ends = sorted({*keep, os.sysconf("SC_OPEN_MAX")})
    for below, above in pairwise(ends):
        if below + 1 < above:
            os.closerange(below + 1, above)
    user, group = os.getuid(), os.getgid()
    _call("unshare", NEW_NAMESPACES)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{user or USER} {user} 1")
    _write("/proc/self/gid_map", f"{group or USER} {group} 1")
    _furnish(paths)


def _furnish(paths: Sequence[str]) -> None:
    """A root that holds `paths` and nothing else, and that nobody can write to."""
    opened = [(path, os.open(path, os.O_PATH)) for path in paths]
    _mount(None, "/", None, PRIVATE | RECURSIVE)
    _mount("tmpfs", ROOT, "tmpfs", SAFE, "mode=0755,size=1m")
    for path, descriptor in opened:
        source = f"/proc/self/fd/{descriptor}"
        _place(source, f"{ROOT}{path}")
        _mount(source, f"{ROOT}{path}", None, BIND | RECURSIVE)
        os.close(descriptor)
    os.chdir(ROOT)
    _call("pivot_root", b".", b".")
    _call("umount2", b".", DETACHED)
    os.chdir("/")
    attributes = (ctypes.c_uint64 * 4)(LOCKED, 0, 0, 0)
    _call("syscall", *map(ctypes.c_long, (MOUNT_SETATTR, HERE)), b"/", ctypes.c_long(TREE), attributes, 32)


def _place(source: str, target: str) -> None:
    """Something of the same kind, to mount it on."""
    if os.path.isdir(source):  # noqa: PTH112
        os.makedirs(target, exist_ok=True)  # noqa: PTH103
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)  # noqa: PTH103, PTH120
    _write(target, "")


def _give_up_rights() -> None:
    """The first of its processes, with no capability and no way to one; from inside nothing asks it to end."""
    if os.getpid() != 1:
        raise OSError("unshare: no process namespace")
    _call("prctl", NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    _call("capset", (ctypes.c_uint32 * 2)(CAPABILITIES, 0), (ctypes.c_uint32 * 6)())


def _end_with_parent(lives: Callable[[], bool]) -> None:
    _call("prctl", END_WITH_PARENT, signal.SIGKILL)
    if not lives():
        os._exit(1)


def _finish(warden: int) -> None:
    """Nothing of it lives on, whatever interrupted the one who waits."""
    with contextlib.suppress(ChildProcessError):
        if os.waitpid(warden, os.WNOHANG)[0] == 0:
            os.kill(warden, signal.SIGKILL)
            os.waitpid(warden, 0)


def _exit_code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else KILLED - code


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    texts = [None if text is None else text.encode() for text in (source, target, kind)]
    _call("mount", *texts, ctypes.c_ulong(flags), options.encode() if options else None, what=target)


def _call(name: str, *arguments: object, what: str = "") -> None:
    if getattr(LIBC, name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}", what or None)


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:  # noqa: PTH123
        file.write(text)

"""
Opening below a folder, without ever leaving it: `openat2(2)` where the kernel has it, else a walk by descriptors.

Neither follows a link of any kind, and no name is resolved twice, so there is no moment in which somebody can
swap a folder for a link. Both take a path that was checked (`domain.paths`), yet do not rely on it. What they
cannot tell apart is a hard link or a bind mount inside the root: who can write there decides what is served.
"""

import ctypes
import errno
import os
from collections.abc import Callable

Opener = Callable[[int, str, int], int]
"""(descriptor of the root, path below it, flags) -> a new descriptor. `OSError` when it cannot be."""

ALWAYS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW
_STEP = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NUMBER = 437
"""The same on every architecture but alpha."""
_BENEATH, _NO_SYMLINKS, _NO_MAGICLINKS = 0x08, 0x04, 0x02
_RACES = 8
"""A rename elsewhere can make the kernel unsure that `..` was not crossed: it says EAGAIN, we ask again."""


class _How(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


_syscall = ctypes.CDLL(None, use_errno=True).syscall
_syscall.restype = ctypes.c_long
_syscall.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.POINTER(_How), ctypes.c_size_t)


def openat2(root: int, path: str, flags: int = 0) -> int:
    """Let the kernel keep it below `root`."""
    name = path.encode()
    if b"\0" in name:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    how = _How(ALWAYS | flags, 0, _BENEATH | _NO_SYMLINKS | _NO_MAGICLINKS)
    for _ in range(_RACES):
        found = int(_syscall(_NUMBER, root, name or b".", ctypes.byref(how), ctypes.sizeof(how)))
        if found >= 0:
            return found
        if ctypes.get_errno() not in {errno.EAGAIN, errno.EINTR}:
            break
    number = ctypes.get_errno()
    raise OSError(number, os.strerror(number))


def walk(root: int, path: str, flags: int = 0) -> int:
    """One descriptor after the other, for kernels before 5.6 and containers that forbid the call."""
    *folders, last = path.removesuffix("/").split("/")
    if {".", ".."} & {*folders, last} or "" in folders or (path and not last) or "\0" in path:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
    if path.endswith("/"):
        flags |= os.O_DIRECTORY
    here = os.dup(root)
    try:
        for folder in folders:
            below = os.open(folder, _STEP, dir_fd=here)
            os.close(here)
            here = below
        return os.open(last or ".", ALWAYS | flags, dir_fd=here)
    finally:
        os.close(here)


def best() -> Opener:
    """`openat2` if it works on this machine."""
    here = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.close(openat2(here, ".", os.O_DIRECTORY))
    except OSError:
        return walk
    else:
        return openat2
    finally:
        os.close(here)

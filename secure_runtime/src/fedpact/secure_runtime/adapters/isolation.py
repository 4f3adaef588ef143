"""
What the kernel is asked to keep from a model's rendering code.

Each forked child keeps no file descriptor and no environment, and gets hard limits. Where the server cannot be jailed
(`jail.py`), it gives up at least its network at start (a new, empty network namespace; Unix sockets with a path go on
working). What the machine does not allow is reported, never assumed.
"""

import contextlib
import ctypes
import os
import resource
import signal
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_OPEN_FILES = 32


class Network(StrEnum):
    """Whether the rendering code can reach a network."""

    NONE = "none"
    """It is in an empty network namespace."""
    MACHINE = "machine"
    """The machine refused a namespace; only whatever surrounds the process keeps it away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one rendering may take: seconds of processor time and of wall clock, bytes of address space."""

    cpu: int = 5
    wall: float = 10.0
    memory: int = 768 * 1024 * 1024


def leave_network() -> Network:
    """Move this process into an empty network namespace, if the machine allows it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET) == 0:
        return Network.NONE
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0:
        with contextlib.suppress(OSError):
            Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
        return Network.NONE
    return Network.MACHINE


def confine_child(limits: Limits, *, keep: int) -> None:
    """
    Take from this freshly forked process all it does not need; `keep` becomes descriptor 3, the only one it writes to.

    Standard input is empty, standard output and error have to be set by the caller before.
    """
    os.setsid()
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if keep != 3:  # noqa: PLR2004 - the first descriptor after the standard ones
        os.dup2(keep, 3, inheritable=False)
    os.closerange(4, os.sysconf("SC_OPEN_MAX"))
    os.environ.clear()
    for what, most in (
        (resource.RLIMIT_CPU, limits.cpu),
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(what, (most, most))

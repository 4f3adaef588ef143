"""
Namespaces of a workload's own, and who serves it there. Loaded by `cell.py`, under the same rules.

A jailed workload has no network but a loopback, no right over anything of the machine even where the agent is root, and
of the file system what is left when `hidden` is taken away. Beside it stays the *porter*, in the machine's network: it
listens at the doors inside (a socket stays in the network it was made in), hands every connection over to the one peer
behind the door, and ends as the workload ends. Both outlive the agent, and neither the other.
"""

import contextlib
import ctypes
import os
import signal
import socket
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from fcntl import ioctl
from typing import Any, NoReturn

NEW_NAMESPACES = 0x10000000 | 0x40000000 | 0x00020000
"""User, network, mounts."""
PRIVATE, RECURSIVE, BIND, REMOUNT = 1 << 18, 1 << 14, 1 << 12, 1 << 5
READ_ONLY, SAFE = 1, 2 | 4
"""Safe: no set-user-id, no devices."""
NO_NEW_PRIVILEGES, END_WITH_PARENT = 38, 1
GET_FLAGS, SET_FLAGS, SET_ADDRESS, SET_MASK = 0x8913, 0x8914, 0x8916, 0x891C
UP = 1
LOOPBACK, LOOPBACK_INDEX = b"lo", 1
CHUNK = 1 << 16
CONNECT_SECONDS = 15.0
CONNECTIONS = 256
"""How many a door hands over at once; more wait until one of them ends."""
STACK = 1 << 18
FAILED = 125
LIBC = ctypes.CDLL(None, use_errno=True)

Plan = Mapping[str, Any]
"""As `confinement.py` writes it."""


def enter(jail: Plan, status: int) -> None:
    """Returns inside the jail, in a child; the process that called is the porter until the child ends."""
    outside, inside = socket.socketpair()
    porter = os.getpid()
    child = os.fork()
    if child:
        inside.close()
        os.close(status)
        _attend(outside, jail["doors"], child)
    outside.close()
    _change(jail)
    doors = [_listening(address, port) for address, port, _ in jail["doors"]]
    socket.send_fds(inside, [b"."], [door.fileno() for door in doors])
    _call("prctl", END_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != porter:
        os._exit(FAILED)
    _call("prctl", NO_NEW_PRIVILEGES, 1, 0, 0, 0)


def _attend(outside: socket.socket, doors: Sequence[tuple[str, int, str]], child: int) -> NoReturn:
    """Serve the doors for as long as the workload lives, and end as it ends."""
    for asked in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):  # the workload decides when that is
        signal.signal(asked, signal.SIG_IGN)
    _, made, _, _ = socket.recv_fds(outside, 1, len(doors))
    for door, (_, port, host) in zip(made, doors, strict=False):  # none were made if the child failed
        _start(_serve, socket.socket(fileno=door), (host, port))
    _end_as(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _end_as(code: int) -> NoReturn:
    if code < 0:
        signal.signal(-code, signal.SIG_DFL) if -code != signal.SIGKILL else None
        os.kill(os.getpid(), -code)
    os._exit(code)


def _change(jail: Plan) -> None:
    """Into namespaces of its own."""
    user, group = os.getuid(), os.getgid()
    _call("unshare", NEW_NAMESPACES)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{jail['user']} {user} 1")
    _write("/proc/self/gid_map", f"{jail['group']} {group} 1")
    _furnish(jail)
    _raise_loopback(jail["addresses"])


def _furnish(jail: Plan) -> None:
    """Take `hidden` away, and what lies in it but `kept`; put private places where others are shared."""
    _mount(None, "/", None, PRIVATE | RECURSIVE)
    kept = [(path, os.open(path, os.O_PATH)) for path in jail["kept"]]
    for folder in jail["private"]:
        _mount("tmpfs", folder, "tmpfs", SAFE, "mode=0700")
    for folder in jail["hidden"]:
        _mount("tmpfs", folder, "tmpfs", SAFE, "mode=0755,size=1m")
    for path, opened in kept:
        os.makedirs(path, exist_ok=True)  # noqa: PTH103
        _mount(f"/proc/self/fd/{opened}", path, None, BIND | RECURSIVE)
        os.close(opened)
    for folder in jail["hidden"]:
        _mount(None, folder, None, REMOUNT | BIND | READ_ONLY | SAFE)
    _name(jail["hosts"], jail["private"][0])
    os.chdir(jail["folder"])


def _name(hosts: str, room: str) -> None:
    """Replace what the machine's own names lead to."""
    file = f"{room}/.hosts"
    _write(file, hosts)
    _mount(file, "/etc/hosts", None, BIND)
    os.unlink(file)  # noqa: PTH108


def _raise_loopback(addresses: Sequence[str]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        (flags,) = struct.unpack("16xh22x", ioctl(asked, GET_FLAGS, struct.pack("16s24x", LOOPBACK)))
        ioctl(asked, SET_FLAGS, struct.pack("16sh22x", LOOPBACK, flags | UP))
        for number, address in enumerate(address for address in addresses if ":" not in address):
            alias = b"%s:%d" % (LOOPBACK, number)
            for request, value in ((SET_ADDRESS, address), (SET_MASK, "255.255.255.255")):
                body = struct.pack("16sHH4s16x", alias, socket.AF_INET, 0, socket.inet_aton(value))
                ioctl(asked, request, body)
    for address in (address for address in addresses if ":" in address):
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as asked:
            packed = socket.inet_pton(socket.AF_INET6, address)
            ioctl(asked, SET_ADDRESS, struct.pack("16sIi", packed, 128, LOOPBACK_INDEX))


def _listening(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.create_server((address, port), family=family, backlog=128)


def _serve(door: socket.socket, peer: tuple[str, int]) -> None:
    room = threading.Semaphore(CONNECTIONS)
    while True:
        room.acquire()
        try:
            near, _ = door.accept()
        except OSError:
            room.release()
            continue
        _start(_hand_over, near, peer, room.release)


def _hand_over(near: socket.socket, peer: tuple[str, int], done: Callable[[], None]) -> None:
    """One connection, both ways, until both sides have said all."""
    with contextlib.suppress(OSError), near, socket.create_connection(peer, CONNECT_SECONDS) as far:
        far.settimeout(None)
        for one in (near, far):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        back = _start(_carry, far, near)
        _carry(near, far)
        back.join()
    done()


def _carry(source: socket.socket, sink: socket.socket) -> None:
    """Bytes never come into this process: the kernel moves them. An end is passed on as one, a break as a break."""
    inlet, outlet = os.pipe()
    try:
        while taken := os.splice(source.fileno(), outlet, CHUNK):
            while taken:
                taken -= os.splice(inlet, sink.fileno(), taken)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        for one in (source, sink):
            _break(one)
    finally:
        os.close(inlet)
        os.close(outlet)


def _break(one: socket.socket) -> None:
    """Wake who reads from it; when it is closed, the other end is told of a break and not of an end."""
    with contextlib.suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.shutdown(socket.SHUT_RD)


def _start(work: Callable[..., None], *arguments: object) -> threading.Thread:
    threading.stack_size(STACK)
    thread = threading.Thread(target=work, args=arguments, daemon=True)
    thread.start()
    return thread


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

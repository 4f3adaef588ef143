"""
What this machine can hold a workload to, found out by trying, and how a workload is started inside it.

Two means, each used where it works: control groups for memory, cores and processes, and a jail for the network. Which
of them work is not deduced from the system's name or this process's rights: when the agent starts, a group is made and
read again, and a jailed program tries to reach what it may and what it may not.
"""

import hashlib
import json
import logging
import os
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import JsonValue

from fedpact.contracts.pact import Limit
from fedpact.gateway_agent.adapters import cell
from fedpact.gateway_agent.adapters.cgroups import Cgroups
from fedpact.gateway_agent.domain import cells
from fedpact.gateway_agent.domain.controllers import MEGABYTE
from fedpact.gateway_agent.domain.errors import LaunchError
from fedpact.gateway_agent.domain.pods import Kind, Peer, Pod, PodName

BARE = ("-I", "-S", "-B", cell.__file__)
"""The interpreter's options: nothing of the environment, no packages."""
USER = 3333
"""Who a workload is in its own eyes where the agent is root."""
PRIVATE = (Path("/tmp"), Path("/dev/shm"))  # noqa: S108 - each workload gets its own
SHARED = (Path("/run"), Path("/sys/fs/cgroup"))
"""Sockets of the machine's services, and the way out of a control group."""
STACKS = 1000
"""Megabytes that a process of FLARE's asks for and never uses, above all for its threads."""
BEGIN_SECONDS = 30.0
TRIAL_SECONDS = 10.0
ALL = frozenset(Limit)
Json = dict[str, JsonValue]
log = logging.getLogger(__name__)

_TRIAL = """
import socket, sys
def reached(port):
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except OSError:
        return False
    return True
sys.exit(0 if reached(int(sys.argv[1])) and not reached(int(sys.argv[2])) else 1)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Jail:
    """`hidden` are folders that no workload sees anything of but its own."""

    hidden: tuple[Path, ...] = ()

    def plan(self, peers: Iterable[Peer], folder: Path, kept: Iterable[Path]) -> Json:
        """What `cell.py` is told of it; `kept` are folders that are needed wherever they lie."""
        made = cells.doors(peers)
        private = [path for path in PRIVATE if path.is_dir()]
        places = {path.resolve() for path in (*self.hidden, *SHARED) if path.is_dir()} - {Path("/")}
        hidden = _outermost(places, private)
        covered = (*private, *hidden)
        needed = {path.resolve() for path in kept if path.is_dir()}
        return {
            "user": os.getuid() or USER,
            "group": os.getgid() or USER,
            "doors": [[door.address, door.peer.port, door.peer.host] for door in made],
            "addresses": [*cells.strangers(made)],
            "hosts": cells.hosts(made),
            "private": [str(path) for path in private],
            "hidden": [str(path) for path in hidden],
            "kept": [str(path) for path in sorted(needed) if any(path.is_relative_to(one) for one in covered)],
            "folder": str(folder),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """What holds the workloads of one agent."""

    cgroups: Cgroups | None = None
    jail: Jail | None = None
    rlimits: bool = False
    """Whether each process has limits of its own, which are worth less than a limit for all of them."""

    @classmethod
    def found(cls, state: Path, wanted: Collection[Limit] = ALL, hidden: tuple[Path, ...] = ()) -> Self:
        """Of what is `wanted` all that works here. `state` tells this agent from others on the machine."""
        mark = hashlib.sha256(str(state).encode()).hexdigest()[:12]
        jail = Jail(hidden=hidden)
        return cls(
            cgroups=Cgroups.found(f"fedpact-{mark}", wanted),
            jail=jail if Limit.NETWORK in wanted and _holds(jail) else None,
            rlimits=True,
        )

    @property
    def limits(self) -> tuple[str, ...]:
        """What workloads are held to; of the network, clients."""
        held = self.cgroups.limits if self.cgroups else ()
        return tuple(sorted([*held, *((Limit.NETWORK,) if self.jail else ())]))

    def start(self, pod: Pod, env: Mapping[str, str], log: int) -> subprocess.Popen[bytes]:
        """The first process of `pod`, when the workload has begun in it. Raises `LaunchError`."""
        jailed = self.jail if pod.kind is Kind.CLIENT else None
        plan: Json = {
            "groups": [str(path) for path in self.cgroups.make(str(pod.name), pod.resources)] if self.cgroups else [],
            "rlimits": self._rlimits(pod),
            "jail": jailed.plan(pod.peers, pod.kit, _needed(pod)) if jailed else None,
        }
        return _begun(plan, pod.command, cwd=pod.kit, env=env, log=log)

    def settle(self, name: PodName, cpu: float) -> None:
        """The workload has begun its work: its share of the cores is all it gets from now on."""
        if self.cgroups:
            self.cgroups.settle(str(name), cpu)

    def groups(self, name: PodName) -> tuple[Path, ...]:
        """Where the workload's control groups are, or would be."""
        return self.cgroups.folders(str(name)) if self.cgroups else ()

    def _rlimits(self, pod: Pod) -> Json:
        """Of each process: no dumps of what it held, and where memory is not counted no more than all may hold."""
        if not self.rlimits:
            return {}
        counted = Limit.MEMORY in self.limits
        most: Json = {} if counted else {"RLIMIT_DATA": (pod.resources.memory + STACKS) * MEGABYTE}
        return {"RLIMIT_CORE": 0} | most


UNCONFINED = Confinement()


def _outermost(folders: Collection[Path], covered: Collection[Path]) -> list[Path]:
    """Those of `folders` that are in none of the others, nor in what is covered already."""
    others = {*folders, *covered}
    return [one for one in sorted(folders) if not any(one != other and one.is_relative_to(other) for other in others)]


def _needed(pod: Pod) -> list[Path]:
    """What a workload has to see: its own folders, the interpreter, and the code that both import."""
    own = [pod.kit, *([pod.scratch] if pod.scratch else [])]
    code = [Path(path) for path in (*pod.env.get("PYTHONPATH", "").split(":"), *sys.path) if path]
    program = Path(pod.command[0])
    interpreters = [one.parent.parent for one in (program, program.resolve()) if program.is_absolute()]
    return [*own, *code, *interpreters, Path(sys.prefix), Path(sys.base_prefix)]


def _begun(
    plan: Json, command: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: int
) -> subprocess.Popen[bytes]:
    told, status = os.pipe()
    try:
        try:
            words = [sys.executable, *BARE, json.dumps({**plan, "status": status})] if any(plan.values()) else []
            child = subprocess.Popen(  # noqa: S603 - our own program, and the command is a pod's
                [*words, *command],
                cwd=cwd,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(status,) if words else (),
            )
        finally:
            os.close(status)
        failure = _said(told)
    finally:
        os.close(told)
    if failure is None:
        return child
    child.kill()
    child.wait()
    raise LaunchError(f"`{command[0]}` cannot be started: {failure}")


def _said(told: int) -> str | None:
    """Why the workload did not begin; `None` when it did."""
    watch = select.poll()
    watch.register(told, select.POLLIN)
    if not watch.poll(BEGIN_SECONDS * 1000):
        return "it does not begin"
    return os.read(told, 4096).decode(errors="replace") or None


def _holds(jail: Jail) -> bool:
    """Tried: a program in the jail reaches what it may and does not reach what it may not."""
    with (
        tempfile.TemporaryDirectory(prefix="fedpact-trial-") as folder,
        socket.create_server(("127.0.0.1", 0)) as allowed,
        socket.create_server(("127.0.0.1", 0)) as forbidden,
        open(os.devnull, "wb") as nowhere,  # noqa: PTH123 - a descriptor is wanted
    ):
        ports = [one.getsockname()[1] for one in (allowed, forbidden)]
        room = Path(folder)
        plan: Json = {
            "groups": [],
            "rlimits": {},
            "jail": jail.plan([Peer(host="127.0.0.1", port=ports[0])], room, [room, Path(sys.prefix)]),
        }
        command = [sys.executable, "-I", "-S", "-c", _TRIAL, *map(str, ports)]
        try:
            child = _begun(plan, command, cwd=room, env={}, log=nowhere.fileno())
        except LaunchError as refused:
            log.info("workloads are not jailed: %s", refused.reason)
            return False
        try:
            return child.wait(TRIAL_SECONDS) == 0
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
            return False

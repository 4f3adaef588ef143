"""
What one participant's workload is, as a value: functions from facts to `Pod`, no I/O.

A launcher starts exactly what a pod says and adds nothing a model can see. The environment is built from
nothing, so that no secret of the agent is inherited; the data token is in it and never on the command line,
which every user of the machine may read. The server gets no `APH_*` at all: it has no business with data.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from fedpact.contracts.ids import SERVER
from fedpact.contracts.pact import Resources
from fedpact.gateway_agent.domain.errors import AgentError

ADMIN = "admin"
"""The pseudo-participant whose kit the orchestrator's agent itself uses. No `<gateway>-<index>` is called so."""

MODULES = {
    "server": "nvflare.private.fed.app.server.server_train",
    "client": "nvflare.private.fed.app.client.client_train",
}


_PART = re.compile(r"[a-z0-9-]{1,48}")

PATIENCE = {"NVFLARE_CLIENT_OUTCOME_WAIT_TIMEOUT": "60"}
"""Seconds the server waits for a client's last word about a job that has ended; FLARE's 900 look like a hang."""


class Kind(StrEnum):
    SERVER = "server"
    CLIENT = "client"


@dataclass(frozen=True, slots=True, kw_only=True)
class PodName:
    """
    One participant of one generation of a spec.

    Its parts become file names, so they hold neither a slash nor a dot, whoever says them.
    """

    spec_id: str
    generation: int
    participant: str

    def __post_init__(self) -> None:
        for part in (self.spec_id, self.participant):
            if not _PART.fullmatch(part):
                raise AgentError(f"`{part}` cannot be part of a workload's name; use a-z, 0-9 and -")

    def __str__(self) -> str:
        return f"{self.spec_id}.{self.generation}.{self.participant}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The name that `str` spelled."""
        spec_id, _, rest = text.partition(".")
        generation, _, participant = rest.partition(".")
        if not (spec_id and generation.isdecimal() and participant):
            raise AgentError(f"`{text}` is not the name of a workload")
        return cls(spec_id=spec_id, generation=int(generation), participant=participant)

    def sibling(self, participant: str) -> "PodName":
        """Another participant of the same activation."""
        return PodName(spec_id=self.spec_id, generation=self.generation, participant=participant)


def server_of(spec_id: str, generation: int) -> PodName:
    """The name of an activation's FLARE server."""
    return PodName(spec_id=spec_id, generation=generation, participant=SERVER)


def project_of(spec_id: str, generation: int) -> str:
    """The FLARE project of an activation: at most 64 characters, for it is its CA's common name."""
    return f"{spec_id}-{generation}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one participant's files are. Everything under `root` goes when the participant goes."""

    root: Path

    @property
    def kit(self) -> Path:
        return self.root / "kit"

    @property
    def scratch(self) -> Path:
        return self.root / "tmp"

    @property
    def log(self) -> Path:
        return self.root / "console.log"


def activation_folder(root: Path, name: PodName) -> Path:
    """Where everything of one activation is."""
    return root / name.spec_id / str(name.generation)


def place_of(root: Path, name: PodName) -> Place:
    """Where the participant's files are, under the agent's own folder `root`."""
    return Place(root=activation_folder(root, name) / name.participant)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """Something that listens elsewhere: a name or an address, and a port."""

    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A workload to run: the whole of what a launcher needs to know."""

    name: PodName
    kind: Kind
    kit: Path
    command: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    """Not shown: it may hold the data token."""
    resources: Resources
    log: Path
    image: str = ""
    """What a container of it is made from, pinned by digest; a process needs none."""
    port: int = 0
    """Where a server listens, so that a launcher can let others reach it; 0 of what is not reached."""
    peers: tuple[Peer, ...] = ()
    """All that it connects to elsewhere, so that a launcher can keep it from everything else."""

    @property
    def reaches(self) -> tuple[int, ...]:
        """The ports of its peers, for launchers whose means know no names."""
        return tuple(peer.port for peer in self.peers)

    @property
    def scratch(self) -> Path | None:
        """Where it keeps what may be lost, if its environment names a place."""
        return Path(self.env["TMPDIR"]) if "TMPDIR" in self.env else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """What the workloads of a site run on."""

    python: str
    search_path: str
    """The `PATH` a workload sees."""
    packages: tuple[Path, ...] = ()
    """Folders of pre-installed model code. No code ever travels in a job."""
    image: str = ""
    """The model's image, pinned by digest, where workloads are containers."""
    prelude: str = ""
    """A program that a server starts with, given FLARE's module and arguments, where the agent cannot see its files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataAccess:
    """How a client reaches its data: the door, the key to it, and dataset id -> what to ask for."""

    url: str
    token: str = field(repr=False)
    datasets: Mapping[str, str]

    @property
    def peer(self) -> Peer:
        address = urlsplit(self.url)
        return Peer(host=address.hostname or "", port=address.port or (443 if address.scheme == "https" else 80))

    def env(self) -> dict[str, str]:
        data = json.dumps(dict(sorted(self.datasets.items())), separators=(",", ":"))
        return {"APH_API_DAL_URL": self.url, "APH_DAL_TOKEN": self.token, "APH_DATA": data}


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One participant, with what both kinds of pod need of it."""

    name: PodName
    place: Place
    organization: str
    resources: Resources


def server_pod(member: Member, runtime: Runtime, *, port: int = 0) -> Pod:
    """The FLARE server of an activation; `port` is where others reach it."""
    return replace(_pod(Kind.SERVER, member, runtime, PATIENCE), port=port)


def client_pod(member: Member, runtime: Runtime, access: DataAccess, *, server: Peer | None = None) -> Pod:
    """A FLARE client, with the door to its data; `server` is what it connects to for its FLARE server."""
    peers = (access.peer, *((server,) if server else ()))
    return replace(_pod(Kind.CLIENT, member, runtime, access.env()), peers=peers)


def _pod(kind: Kind, member: Member, runtime: Runtime, extra: Mapping[str, str]) -> Pod:
    return Pod(
        name=member.name,
        kind=kind,
        kit=member.place.kit,
        command=_command(kind, member, runtime),
        env={**_environment(member.place, runtime), **extra},
        resources=member.resources,
        log=member.place.log,
        image=runtime.image,
    )


def _command(kind: Kind, member: Member, runtime: Runtime) -> tuple[str, ...]:
    site = (f"uid={member.name.participant}",) if kind is Kind.CLIENT else ()
    options = ("secure_train=true", *site, f"org={member.organization}", "config_folder=config")
    kit = str(member.place.kit)
    module = ("-c", runtime.prelude) if runtime.prelude and kind is Kind.SERVER else ("-m",)
    return (runtime.python, "-u", *module, MODULES[kind], "-m", kit, "-s", f"fed_{kind}.json", "--set", *options)


def _environment(place: Place, runtime: Runtime) -> dict[str, str]:
    env = {
        "PATH": runtime.search_path,
        "HOME": str(place.kit),
        "TMPDIR": str(place.scratch),
        "LANG": "C.UTF-8",
        # The kit is home and working directory, and jobs write there: nothing in it may be imported.
        "PYTHONNOUSERSITE": "1",
        "PYTHONSAFEPATH": "1",
        # glibc gives every thread an arena otherwise: the parents grow by hundreds of megabytes over some jobs.
        "MALLOC_ARENA_MAX": "4",
    }
    if runtime.packages:
        env["PYTHONPATH"] = ":".join(str(folder) for folder in runtime.packages)
    return env

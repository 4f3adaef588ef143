"""
What the agent needs of the world, and in what words.

Everything a port hands out can be asked for again after a crash of the agent: a launcher observes what an earlier
process launched, an authority answers a signed request with the same certificate, a job is submitted under a token.
So the reconciler may die at any await and start over from what is wanted and what is observed.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from fedpact.gateway_agent.domain.kits import Joint, Terms
from fedpact.gateway_agent.domain.pods import Kind, Pod, PodName
from fedpact.gateway_agent.domain.troubles import Trouble


class Stage(StrEnum):
    """How far a launch has come."""

    RESERVED = "reserved"
    """The name is taken and written down. Nothing runs yet: observed as exited."""
    RUNNING = "running"
    """It runs and would be found again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """What `stop` needs. The name alone would do; the handle is for people (a pid, a container id)."""

    name: PodName
    handle: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What exists of a launch so far: stopping `ref` leaves nothing of it."""

    ref: Ref
    stage: Stage


class Life(StrEnum):
    RUNNING = "running"
    EXITED = "exited"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One workload of ours, as the operating system sees it. An exited one is observed until it is stopped."""

    ref: Ref
    kind: Kind
    life: Life
    exit_code: int | None = None
    """Of an exited one; unknown when it ended while no agent watched. Negative: the signal that ended it."""
    out_of_memory: bool = False
    trouble: Trouble | None = None
    """What keeps a running one from its work, or what ended it, as far as the launcher knows more than its code."""

    @property
    def name(self) -> PodName:
        return self.ref.name


class Launcher(Protocol):
    """Starts, finds and ends workloads. One workload a name."""

    @property
    def limits_enforced(self) -> tuple[str, ...]:
        """What of a pod's resources it really holds a workload to (`cpu`, `memory`, `network`); honest, maybe empty."""
        ...

    def launch(self, pod: Pod) -> AsyncIterator[Checkpoint]:
        """
        Starts `pod` and yields what exists after each step.

        Whoever iterates keeps the last checkpoint and stops it when the iteration fails or is abandoned. A crash
        in between leaves something that `observe` shows. Raises `AlreadyThereError`, `LaunchError`.
        """
        ...

    async def observe(self) -> Sequence[Observed]:
        """Everything of ours, sorted by name, also what was launched before a crash or by half."""
        ...

    async def stop(self, ref: Ref) -> None:
        """Ends the whole process tree and forgets it; returns when nothing is left. Stopping nothing is fine."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom a certificate vouches for. `name` is what the caller expects, never what a request says of itself."""

    name: str
    organization: str
    role: str = ""
    hosts: tuple[str, ...] = ()
    """Names and addresses a server is reached by."""


class Keys(Protocol):
    """Private keys of participants. They are made where they are used and never leave."""

    async def request(self, name: PodName) -> str:
        """The PEM certificate request of `name`; its key is made when there is none, kept otherwise."""
        ...


class Authority(Protocol):
    """The CA of one activation: a client of another activation, even of the same spec, is a stranger."""

    async def create(self, server: PodName) -> str:
        """The root certificate (PEM) of the activation whose server this is. Made once, then the same."""
        ...

    async def sign(self, server: PodName, subject: Subject, request: str) -> str:
        """
        The certificate (PEM) for the request's public key in `subject`'s name; the same for the same key.

        Raises `CertificateError` when the request does not prove possession of a proper key, and
        `AuthoritySealedError` when it is too late.
        """
        ...

    async def seal(self, server: PodName) -> None:
        """Deletes the root key: nobody else can ever join. What was issued stays known."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a participant shows to the others; its key is in its place already."""

    certificate: str
    root_ca: str


class Kits(Protocol):
    """Startup kits on disk. Building again over a kit is fine while its process is down."""

    async def server(self, name: PodName, joint: Joint, terms: Terms, identity: Identity) -> Path:
        """The server's kit. Raises `KitError` when its key was never made."""
        ...

    async def admin(self, name: PodName, joint: Joint, identity: Identity) -> Path:
        """The kit for `Federation.open`, beside the server's."""
        ...

    async def client(self, name: PodName, joint: Joint, terms: Terms, identity: Identity) -> Path:
        """A client's kit. Raises `KitError` when its key was never made."""
        ...

    async def wipe(self, name: PodName) -> None:
        """Removes everything of one participant: kit, key, run folders, scratch, logs."""
        ...

    async def wipe_activation(self, name: PodName) -> None:
        """Removes everything of the activation `name` belongs to, the authority too."""
        ...


class Sockets(Protocol):
    """Ports of this machine."""

    def free_port(self) -> int:
        """A port nothing listens on now. Whoever loses the race for it asks again."""
        ...

    async def listening(self, host: str, port: int) -> bool:
        """Whether something accepts connections there now."""
        ...


class Roads(Protocol):
    """How gateways come to the FLARE servers of this orchestrator."""

    def named(self, joint: Joint) -> Joint:
        """`joint` with the name that the server's certificate needs on this road."""
        ...

    def outside(self, joint: Joint) -> Joint:
        """The server as gateways reach it."""
        ...

    async def open(self, joint: Joint) -> None:
        """Lets gateways through to the server; opening again replaces where it is."""
        ...

    async def close(self, project: str) -> None:
        """Nobody new comes through to that activation. Closing what is closed is fine."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemState:
    """What the FLARE server says of itself."""

    sites: Mapping[str, datetime]
    """Connected site -> when it was last heard."""
    running: frozenset[str]
    """Engine ids of the jobs that really run. A job's own status may say RUNNING for ever after a crash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineJob:
    """A job as FLARE sees it. `status` is FLARE's own word, see `domain.engine`."""

    id: str
    status: str
    reason: str = ""


class Session(Protocol):
    """The one connection to an activation's FLARE server. Any call may raise `FederationError` or a subclass."""

    async def system(self) -> SystemState: ...

    async def submit(self, folder: Path, token: str) -> str:
        """The engine's id of the job in `folder` (absolute). The same token and content again give the same id."""
        ...

    async def job(self, engine_job: str) -> EngineJob: ...

    async def abort(self, engine_job: str) -> None:
        """Asks FLARE to end the job, which takes some seconds more. Aborting an ended one is fine."""
        ...

    async def download(self, engine_job: str, into: Path) -> Path:
        """The folder under `into` (absolute) with the results of an ended job."""
        ...

    async def close(self) -> None: ...


class Federation(Protocol):
    """Opens sessions. One per activation: each costs tens of threads, so never one per call."""

    async def warm(self) -> None:
        """Prepares for an `open` that is about to come. Optional, it only saves time."""
        ...

    async def open(self, kit: Path) -> Session:
        """
        A session through an admin kit. Raises `UnreachableError` while the server is not up.

        Call it once the server listens: from a port nobody answers on, FLARE backs off for seconds.
        """
        ...

    async def close(self) -> None:
        """Closes every session and what carries them."""
        ...

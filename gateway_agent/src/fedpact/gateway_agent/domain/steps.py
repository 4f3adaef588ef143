"""
The steps a plan is made of, and what a plan looks at. Values only.

Each step may be done twice, and the agent may die in the middle of any: what is seen afterwards leads on from there.
"""

from dataclasses import dataclass
from datetime import datetime

from fedpact.contracts.policies import Dsse
from fedpact.contracts.workloads import Cause
from fedpact.gateway_agent.domain.pods import PodName
from fedpact.gateway_agent.domain.troubles import Trouble
from fedpact.gateway_agent.domain.workload import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """End workloads that nothing said here vouches for, and remove what they left."""

    names: tuple[PodName, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Leave nothing of a turn, then say that it is gone."""

    turn: Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Clear:
    """Leave nothing of a failed turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fail:
    """Leave nothing of the turn and say why it failed."""

    cause: Cause
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepare:
    """Decide on the grant; make a key and ask for its certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """Tell the DAL what the accepted grant allows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """Build the kit and start the process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SayStarting:
    """It runs, or runs on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SayTrouble:
    """It runs, or is to, and something keeps it from its work."""

    trouble: Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class SayReady:
    """The client is registered, or the server listens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Look at the activation from outside: sites, jobs, silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Nothing to do now; look again after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The process of a participant, as the operating system sees it."""

    runs: bool
    exit_code: int | None = None
    out_of_memory: bool = False
    trouble: Trouble | None = None
    """What the launcher knows of it beyond that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why something is not done at this site."""

    cause: Cause
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Renew:
    """Decide on a grant that replaces the accepted one."""

    objection: Refusal | None = None
    """Why the accepted one does not hold any more: then the decision is taken now, or the client ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """The grant this site accepted for one participant, and its part of the site's capacity."""

    turn: Turn
    grant: Dsse
    cpu: float
    gpu: int
    memory: int
    valid_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSight:
    """What is seen of a client beside what was said of it."""

    seen: Seen | None = None
    strays: tuple[PodName, ...] = ()
    permit: Permit | None = None
    objection: Refusal | None = None
    """Why the accepted grant does not hold any more."""
    declined: Dsse | None = None
    """The newest grant that was not accepted in place of the permit."""
    opened: bool = False
    """Whether the DAL knows the permit."""
    registered: bool = False
    port_taken: bool = False
    launches: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSight:
    """What is seen of a server beside what was said of it."""

    seen: Seen | None = None
    strays: tuple[PodName, ...] = ()
    launches: int = 0
    """By this process of the agent. After a restart nobody knows the port of one that was not ready yet."""
    listening: bool = False
    port_taken: bool = False
    overdue: bool = False
    """It was launched too long ago not to listen."""
    busy: bool = False
    """A job of it has not said its last word, and still has time to."""


ClientStep = Sweep | End | Clear | Fail | Prepare | Renew | Open | Launch | SayStarting | SayTrouble | SayReady | Wait
ServerStep = Sweep | End | Clear | Fail | Launch | SayStarting | SayTrouble | SayReady | Look | Wait

"""What outlives an agent in tests, and the ways to kill one."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from agent_directives import GATEWAY
from agent_values import NOON
from decision_values import HEARTS, OWNER, POLICY_SERVICE

from fedpact.chassis.clock import FakeClock
from fedpact.contracts.dal import OpenActivation
from fedpact.contracts.envelope import Message
from fedpact.contracts.pact import Resources
from fedpact.decision import keys
from fedpact.decision.grants import Trust, Veto
from fedpact.gateway_agent.adapters.scripted import ScriptedServer, World
from fedpact.gateway_agent.app.doors import Round
from fedpact.gateway_agent.domain.pods import PodName
from fedpact.gateway_agent.domain.runs import Outcome

ROOT = Path("/agent")
TOTALS = Resources(cpu=4, gpu=0, memory=8000)


class Crash(BaseException):
    """kill -9: nothing catches it."""


@dataclass
class Fuse:
    """Counts every effect on the world and burns through before or after the n-th."""

    left: int = -1

    def step(self) -> None:
        if self.left == 0:
            self.left = -1
            raise Crash
        self.left -= self.left > 0


@dataclass
class Site:
    """What outlives an agent: processes, files, the DAL, FLARE, the jobs service."""

    path: Path
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOON))
    world: World = field(default_factory=World)
    fuse: Fuse = field(default_factory=Fuse)
    keys_made: dict[PodName, str] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    kits: set[PodName] = field(default_factory=set)
    open: dict[str, OpenActivation] = field(default_factory=dict)
    mapped: set[str] = field(default_factory=lambda: {HEARTS})
    registered: set[PodName] = field(default_factory=set)
    taken: set[PodName] = field(default_factory=set)
    roots: dict[PodName, str] = field(default_factory=dict)
    sealed: set[PodName] = field(default_factory=set)
    listening: set[int] = field(default_factory=set)
    flare: ScriptedServer = field(default_factory=ScriptedServer)
    model_there: bool = True
    dal_up: bool = True
    trust: Trust = field(
        default_factory=lambda: Trust(
            gateway=GATEWAY,
            policy_service=keys.by_id([POLICY_SERVICE.public_key()]),
            owners={"clinic": keys.by_id([OWNER.public_key()])},
            datasets=frozenset(),
        )
    )
    trust_readable: bool = True
    veto_readable: bool = True
    rendered: dict[str, Path] = field(default_factory=dict)
    parcels: dict[str, Outcome] = field(default_factory=dict)
    sealed_at: dict[str, datetime] = field(default_factory=dict)
    stored: list[str] = field(default_factory=list)
    jobs_up: bool = True
    refusal: str = ""
    told: list[Message] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    last_rounds: list[Round] = field(default_factory=list)
    """Those that nobody read before FLARE removed the run."""
    most_alive: int = 0

    def veto(self, veto: Veto) -> None:
        self.trust = replace(self.trust, veto=veto)

    async def effect(self, change: Callable[[], object]) -> None:
        """`change`, with a chance to die on either side of it."""
        self.fuse.step()
        change()
        self.fuse.step()

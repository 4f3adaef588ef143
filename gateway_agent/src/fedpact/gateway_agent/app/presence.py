"""What the site says of itself: what it allots, and what is there."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from fedpact.chassis.aggregates import Aggregates, Cause
from fedpact.chassis.clock import Clock
from fedpact.chassis.guard import failure_of
from fedpact.contracts.pact import Resources
from fedpact.contracts.workloads import GatewaySpoke, InventoryTaken, Phase, Presence
from fedpact.gateway_agent.app.kinds import LIVE, YES
from fedpact.gateway_agent.app.lookout import Lookout
from fedpact.gateway_agent.domain.workload import Workload

Role = Literal["gateway", "orchestrator"]


@dataclass(slots=True, kw_only=True)
class Site:
    """The site, to the hub."""

    gateway: str
    role: Role
    totals: Resources
    version: str
    lookout: Lookout
    sites: Aggregates[GatewaySpoke]
    workloads: Aggregates[Workload]
    clock: Clock
    capabilities: tuple[str, ...] = field(default=())

    async def speak(self) -> None:
        """
        Say what the site allots.

        Looked at its workloads first: what a launcher enforces, it knows when it is connected.
        """
        await failure_of(self.lookout.see())
        spoke = GatewaySpoke(
            gateway=self.gateway,
            role=self.role,
            totals=self.totals,
            version=self.version,
            capabilities=self.capabilities,
            limits_enforced=self.lookout.launcher.limits_enforced,
        )
        await self.sites.change(self.gateway, lambda _: [spoke], Cause(now=self.clock.now()))

    async def count(self, applied: int, heard_at: datetime | None) -> None:
        """
        Say everything that is there: all that was not said to be gone, and all that runs.

        Both arguments are of before the look: they say which directives it takes account of.
        """
        said = {one.name: one.phase for one in await self.workloads.where(LIVE, YES)}
        there = dict.fromkeys(await self.lookout.see(), Phase.READY) | said
        present = tuple(
            Presence(spec_id=name.spec_id, generation=name.generation, participant=name.participant, phase=phase)
            for name, phase in sorted(there.items(), key=lambda item: str(item[0]))
        )
        now = self.clock.now()
        taken = InventoryTaken(gateway=self.gateway, present=present, applied=applied, heard_at=heard_at, taken_at=now)
        await self.sites.change(self.gateway, lambda before: [taken] if before else [], Cause(now=now))

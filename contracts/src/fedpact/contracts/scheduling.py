"""What the scheduler says about capacity."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from fedpact.contracts.envelope import Fact, Model, Quarantined
from fedpact.contracts.ids import Id
from fedpact.contracts.pact import Demand, Limit, Resources


class Shortfall(Model):
    """One thing that is missing, with the numbers. `resource` is cpu (cores), gpu (count) or memory (MB)."""

    site: str
    resource: str
    wanted: float
    available: float
    """The site's total when it can never fit, what is free when it waits."""

    def sentence(self) -> str:
        return f"{self.site} lacks {self.resource}: wanted {self.wanted:g}, available {self.available:g}"


class Unenforced(Model):
    """A limit that the spec requires and the site does not hold workloads to."""

    site: str
    limit: Limit

    def sentence(self) -> str:
        return f"{self.site} does not enforce the limit `{self.limit}`, which the spec requires"


class SpecAssessed(Fact):
    """Whether the spec could ever be placed at its sites as they announced themselves. Said again when that changes."""

    type: ClassVar[str] = "scheduling.spec.assessed"

    spec_id: Id
    fits: bool
    shortfalls: tuple[Shortfall, ...] = ()
    unenforced: tuple[Unenforced, ...] = ()

    @property
    def key(self) -> str:
        return self.spec_id


class SiteAllotted(Fact):
    """The ledger counts with these totals and limits of the site from now on."""

    type: ClassVar[str] = "scheduling.site.allotted"

    site: Id
    role: Literal["gateway", "orchestrator"]
    totals: Resources
    limits_enforced: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return self.site


class GangFact(Fact):
    """About all participants of one generation and attempt together."""

    spec_id: Id
    generation: int
    attempt: int

    @property
    def key(self) -> str:
        return self.spec_id


class GangEntered(GangFact):
    """The gang stands in line, with all it needs: one server, and clients at every site."""

    type: ClassVar[str] = "scheduling.gang.entered"

    organization: Id
    since: AwareDatetime
    sites: tuple[Id, ...]
    clients_per_gateway: int
    resources: Demand


class GangWithdrawn(GangFact):
    """Its activation ended while it stood in line."""

    type: ClassVar[str] = "scheduling.gang.withdrawn"


class SharesReleased(GangFact):
    """What these participants held is free again; the shares of fenced ones stay reserved."""

    type: ClassVar[str] = "scheduling.shares.released"

    participants: tuple[str, ...]
    """Nobody, when all are fenced."""
    ended: bool = False
    """Whether the activation is over, so that what stays reserved is what fenced participants hold."""


class GangPlaced(GangFact):
    """Every site has its share reserved. `leases`: site -> resources."""

    type: ClassVar[str] = "scheduling.gang.placed"

    leases: dict[str, Resources]


class GangQueued(GangFact):
    """Not everything is free; said once. The position is a query."""

    type: ClassVar[str] = "scheduling.gang.queued"

    shortfalls: tuple[Shortfall, ...]


class GangRefused(GangFact):
    """It can never be placed at its sites as they announced themselves."""

    type: ClassVar[str] = "scheduling.gang.refused"

    shortfalls: tuple[Shortfall, ...]
    unenforced: tuple[Unenforced, ...] = ()

    def sentences(self) -> tuple[str, ...]:
        return (*(one.sentence() for one in self.shortfalls), *(one.sentence() for one in self.unenforced))


class ActivationIdled(Fact):
    """
    The activation has had no job for as long as the operator allows, when the schedule looked.

    It ends if it is still the same rest since `since`: whoever ends it may know of a job that was not heard of here.
    """

    type: ClassVar[str] = "scheduling.activation.idled"

    spec_id: Id
    generation: int
    since: AwareDatetime

    @property
    def key(self) -> str:
        return self.spec_id


class MessageQuarantined(Quarantined):
    type: ClassVar[str] = "scheduling.message.quarantined"

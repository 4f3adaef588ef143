"""
The ledger: what every site allots, who holds what, who stands in line.

A lease is kept by participant, so that a fenced one keeps exactly its own share. Values only; `ledger.py` folds facts
into them and `admission.py` decides.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from fedpact.contracts.ids import SERVER, participant_id
from fedpact.contracts.pact import Demand
from fedpact.contracts.scheduling import Unenforced
from fedpact.scheduler.domain.amounts import NOTHING, Amount, Amounts

NO_ORCHESTRATOR = "the orchestrator"
"""Where a server stands as long as no orchestrator has spoken. Not a possible site id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allotment:
    """What one site gives to Fedpact in all, as it announced it."""

    role: Literal["gateway", "orchestrator"]
    totals: Amount
    limits: tuple[str, ...] = ()
    """What it holds workloads to."""


Sites = Mapping[str, Allotment]
"""Site id -> what it allots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one participant holds at its site."""

    site: str
    amount: Amount


Shares = Mapping[str, Share]
"""Participant -> share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gang:
    """All participants of one attempt of one generation, waiting for capacity."""

    spec_id: str
    generation: int
    attempt: int
    organization: str
    since: datetime
    sites: tuple[str, ...]
    clients_per_gateway: int
    demand: Demand
    bypasses: int = 0
    """How often a younger gang took what this one then lacked."""
    told: bool = False
    """That it waits has been said."""

    @property
    def turn(self) -> tuple[int, int]:
        """Generation and attempt: what is not newer is old news."""
        return self.generation, self.attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """What the participants of one generation hold. Fenced ones are left when the others are released."""

    spec_id: str
    generation: int
    attempt: int
    shares: Shares
    organization: str = ""
    over: bool = False
    """Whether its activation is, and what is left are the shares of fenced participants."""

    @property
    def turn(self) -> tuple[int, int]:
        return self.generation, self.attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Everything the scheduler knows of capacity, in one document: its compare-and-set is the single writer."""

    sites: Sites = field(default_factory=dict)
    line: Mapping[str, Gang] = field(default_factory=dict)
    """Spec id -> its waiting gang."""
    leases: Mapping[str, Lease] = field(default_factory=dict)
    """`lease_key` -> what is held."""

    def lease(self, spec_id: str, generation: int) -> Lease | None:
        return self.leases.get(lease_key(spec_id, generation))

    def turn(self, spec_id: str) -> tuple[int, int]:
        """The newest generation and attempt of the spec that waits or holds anything; (0, 0) when none does."""
        turns = [lease.turn for lease in self.leases.values() if lease.spec_id == spec_id]
        waiting = self.line.get(spec_id)
        return max([*turns, waiting.turn] if waiting else turns, default=(0, 0))


def lease_key(spec_id: str, generation: int) -> str:
    return f"{spec_id}/{generation}"


def totals(sites: Sites) -> Amounts:
    return {site: allotment.totals for site, allotment in sites.items()}


def used(ledger: Ledger) -> Amounts:
    """What is held at each site."""
    return _by_site(share for lease in ledger.leases.values() for share in lease.shares.values())


def free(ledger: Ledger) -> Amounts:
    """What nobody holds. A site that shrank below what is held has nothing."""
    held = used(ledger)
    return {site: amount.less(held.get(site, NOTHING)) for site, amount in totals(ledger.sites).items()}


def fenced(ledger: Ledger) -> Amounts:
    """What is held at each site though its activation is over."""
    return _by_site(share for lease in ledger.leases.values() if lease.over for share in lease.shares.values())


def shares(gateways: Iterable[str], clients: int, demand: Demand, sites: Sites) -> Shares:
    """What each participant will hold: clients at their gateways, the server at the orchestrator."""
    client, server = Amount.needed(demand.clients), Amount.needed(demand.server)
    held = {
        participant_id(gateway, index): Share(site=gateway, amount=client)
        for gateway in gateways
        for index in range(1, clients + 1)
    }
    return held | {SERVER: Share(site=_orchestrator(sites), amount=server)}


def needs(held: Shares) -> Amounts:
    """`held`, added up by site."""
    return _by_site(held.values())


def unenforced(gateways: Iterable[str], demand: Demand, sites: Sites) -> tuple[Unenforced, ...]:
    """The required limits that a gateway lacks. One that has not spoken yet enforces nothing."""
    return tuple(
        Unenforced(site=gateway, limit=limit)
        for gateway in sorted(gateways)
        for limit in sorted(set(demand.enforced))
        if gateway not in sites or limit not in sites[gateway].limits
    )


def _by_site(held: Iterable[Share]) -> Amounts:
    sums: dict[str, Amount] = {}
    for share in held:
        sums[share.site] = sums.get(share.site, NOTHING).plus(share.amount)
    return sums


def _orchestrator(sites: Sites) -> str:
    """The site that runs servers: the first orchestrator by id."""
    return min((site for site, its in sites.items() if its.role == "orchestrator"), default=NO_ORCHESTRATOR)

"""How facts are counted. `evolve` has no other input than the ledger and the fact."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import reduce

from fedpact.contracts.envelope import Fact
from fedpact.contracts.registry import GatewayAnnounced
from fedpact.contracts.scheduling import (
    GangEntered,
    GangPlaced,
    GangQueued,
    GangRefused,
    GangWithdrawn,
    SharesReleased,
    SiteAllotted,
)
from fedpact.scheduler.domain.amounts import Amount, Amounts, covers
from fedpact.scheduler.domain.errors import UnexpectedFactError
from fedpact.scheduler.domain.model import Allotment, Gang, Lease, Ledger, Shares, free, lease_key, needs, shares


def evolve(ledger: Ledger | None, fact: Fact) -> Ledger:
    """The ledger after `fact`."""
    ledger = ledger or Ledger()
    match fact:
        case SiteAllotted():
            return replace(ledger, sites={**ledger.sites, fact.site: allotment_of(fact)})
        case GangEntered():
            return replace(ledger, line={**ledger.line, fact.spec_id: _gang(fact)})
        case GangQueued():
            told = replace(ledger.line[fact.spec_id], told=True)
            return replace(ledger, line={**ledger.line, fact.spec_id: told})
        case GangRefused() | GangWithdrawn():
            return _out_of_line(ledger, fact.spec_id)
        case GangPlaced():
            return _placed(ledger, ledger.line[fact.spec_id])
        case SharesReleased():
            return _released(ledger, fact)
        case _:
            raise UnexpectedFactError(fact)


def allotment_of(said: SiteAllotted | GatewayAnnounced) -> Allotment:
    """What a site gives, and holds workloads to."""
    return Allotment(role=said.role, totals=Amount.allotted(said.totals), limits=tuple(sorted(said.limits_enforced)))


def fold(ledger: Ledger, facts: Iterable[Fact]) -> Ledger:
    """The ledger after all of `facts`."""
    return reduce(evolve, facts, ledger)


def seniority(gang: Gang) -> tuple[datetime, str]:
    """Who came first: the lower. Across organizations, whose turn it is comes before that (`fairness.py`)."""
    return gang.since, gang.spec_id


def older(one: Gang, other: Gang) -> bool:
    return seniority(one) < seniority(other)


def shares_of(ledger: Ledger, gang: Gang) -> Shares:
    """What the gang's participants would hold."""
    return shares(gang.sites, gang.clients_per_gateway, gang.demand, ledger.sites)


def needs_of(ledger: Ledger, gang: Gang) -> Amounts:
    """What the gang needs at each site."""
    return needs(shares_of(ledger, gang))


def lacks_of(ledger: Ledger, gang: Gang) -> Amounts:
    """
    What the gang needs at each site beside what a lost attempt of it still holds there.

    A site ends a participant before it begins the next attempt of it: the share goes from one to the other.
    """
    lost = ledger.lease(gang.spec_id, gang.generation)
    held = lost.shares if lost else {}
    return needs({name: share for name, share in shares_of(ledger, gang).items() if held.get(name) != share})


def _gang(fact: GangEntered) -> Gang:
    return Gang(
        spec_id=fact.spec_id,
        generation=fact.generation,
        attempt=fact.attempt,
        organization=fact.organization,
        since=fact.since,
        sites=fact.sites,
        clients_per_gateway=fact.clients_per_gateway,
        demand=fact.resources,
    )


def _out_of_line(ledger: Ledger, spec_id: str) -> Ledger:
    return replace(ledger, line={spec: gang for spec, gang in ledger.line.items() if spec != spec_id})


def _placed(ledger: Ledger, gang: Gang) -> Ledger:
    held, taken = shares_of(ledger, gang), lacks_of(ledger, gang)
    lease = Lease(
        spec_id=gang.spec_id,
        generation=gang.generation,
        attempt=gang.attempt,
        shares=held,
        organization=gang.organization,
    )
    leases = {**ledger.leases, lease_key(gang.spec_id, gang.generation): lease}
    after = _out_of_line(replace(ledger, leases=leases), gang.spec_id)
    return _bypassed(after, gang, taken.keys())


def _bypassed(ledger: Ledger, placed: Gang, sites: Iterable[str]) -> Ledger:
    """Everybody older who now lacks something at a site where `placed` took its share was bypassed."""
    left = {site: amount for site, amount in free(ledger).items() if site in set(sites)}

    def counted(gang: Gang) -> Gang:
        wanted = {site: need for site, need in lacks_of(ledger, gang).items() if site in left}
        passed = older(gang, placed) and not covers(left, wanted)
        return replace(gang, bypasses=gang.bypasses + 1) if passed else gang

    return replace(ledger, line={spec: counted(gang) for spec, gang in ledger.line.items()})


def _released(ledger: Ledger, fact: SharesReleased) -> Ledger:
    key = lease_key(fact.spec_id, fact.generation)
    lease = ledger.leases[key]
    kept = {name: share for name, share in lease.shares.items() if name not in fact.participants}
    rest = replace(lease, shares=kept, over=lease.over or fact.ended)
    others = {other: held for other, held in ledger.leases.items() if other != key}
    return replace(ledger, leases=others | {key: rest} if kept else others)

"""
Whose turn it is: the organization that holds the least, by what it holds most of (weighted dominant resource fairness).

An organization's share is the largest part of any resource of any site that its activations hold, divided by its
weight. The one with the smallest share goes first, and inside one who came first. So nobody gains by asking for more
or by asking often, and an organization alone in line has everything.
"""

from collections.abc import Mapping
from fractions import Fraction

from fedpact.scheduler.domain.amounts import NOTHING, Amount, Amounts
from fedpact.scheduler.domain.ledger import seniority
from fedpact.scheduler.domain.model import Gang, Ledger, totals

Weights = Mapping[str, float]
"""Organization -> weight; 1 for one that is not named."""


def in_turn(ledger: Ledger, weights: Weights) -> list[Gang]:
    """The waiting gangs in the order in which they are offered what is free."""
    shares = dominant_shares(ledger, weights)
    heads: dict[str, Gang] = {}
    for gang in sorted(ledger.line.values(), key=seniority):
        heads.setdefault(gang.organization, gang)

    def turn(gang: Gang) -> tuple[object, ...]:
        head = heads[gang.organization]
        return shares.get(gang.organization, Fraction(0)), seniority(head), seniority(gang)

    return sorted(ledger.line.values(), key=turn)


def dominant_shares(ledger: Ledger, weights: Weights) -> Mapping[str, Fraction]:
    """Organization -> its weighted share, for those that hold anything."""
    held: dict[str, dict[str, Amount]] = {}
    for lease in ledger.leases.values():
        sites = held.setdefault(lease.organization, {})
        for share in lease.shares.values():
            sites[share.site] = sites.get(share.site, NOTHING).plus(share.amount)
    allotted = totals(ledger.sites)
    return {name: _largest(sites, allotted) / Fraction(weights.get(name, 1)) for name, sites in held.items()}


def _largest(held: Amounts, allotted: Amounts) -> Fraction:
    """A site that allots nothing of a resource, or has shrunk, counts as held whole."""
    parts = [
        Fraction(has, of) if of > has else Fraction(bool(has))
        for site, amount in held.items()
        for has, of in _pairs(amount, allotted.get(site, NOTHING))
    ]
    return max(parts, default=Fraction(0))


def _pairs(held: Amount, allotted: Amount) -> tuple[tuple[int, int], ...]:
    return (held.cpu, allotted.cpu), (held.gpu, allotted.gpu), (held.memory, allotted.memory)

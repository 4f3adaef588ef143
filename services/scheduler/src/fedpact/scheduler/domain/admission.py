"""
Who gets capacity, when. A message in, facts out; nothing else is read, so the same log gives the same decisions.

A gang is placed everywhere or nowhere, in one step: nobody holds a part while it waits for the rest, so there is no
deadlock. The organization that holds the least goes first (`fairness.py`), and inside one who came first; a gang that
fits may pass those that do not, but once an older one was passed `bypasses` times, the oldest such one holds the
single claim: what it needs is not given to others, and as every activation ends, its turn comes. Shares of fenced
participants may never end: whom they leave no room for makes no claim, and others go on. What can never fit is refused
with the numbers, and so is what requires a limit that one of its gateways does not enforce.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

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
from fedpact.contracts.specs import ActivationEnded, ActivationRequested, ActivationSentBack, ParticipantReleased
from fedpact.scheduler.domain.amounts import Amounts, covers, less, shortfalls
from fedpact.scheduler.domain.fairness import Weights, in_turn
from fedpact.scheduler.domain.ledger import allotment_of, evolve, fold, lacks_of, needs_of, seniority
from fedpact.scheduler.domain.model import Gang, Lease, Ledger, fenced, free, totals, unenforced

News = GatewayAnnounced | ActivationRequested | ActivationSentBack | ActivationEnded | ParticipantReleased


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What an operator may choose."""

    bypasses: int = 8
    """How often younger gangs may take what an older one lacks."""
    weights: Weights = field(default_factory=dict)
    """How much of the whole an organization may hold beside others."""


def decide(ledger: Ledger | None, message: News, rules: Rules) -> Sequence[Fact]:
    """The facts `message` brings about. What is not news brings about none."""
    ledger = ledger or Ledger()
    match message:
        case GatewayAnnounced():
            news = _announced(ledger, message)
        case ActivationRequested():
            news = _requested(ledger, message)
        case ActivationSentBack():
            news = _sent_back(ledger, message)
        case ActivationEnded():
            news = _ended(ledger, message)
        case ParticipantReleased():
            news = _freed(ledger, message)
    return _admitted(ledger, news, rules)


def in_line(ledger: Ledger) -> list[Gang]:
    """The waiting gangs, by seniority."""
    return sorted(ledger.line.values(), key=seniority)


def claimant(ledger: Ledger, rules: Rules) -> Gang | None:
    """The oldest gang that was bypassed too often and has a turn to come: the only one that capacity is kept for."""
    starving = (gang for gang in in_line(ledger) if gang.bypasses >= rules.bypasses)
    in_the_end = less(totals(ledger.sites), fenced(ledger))
    return next((gang for gang in starving if covers(in_the_end, needs_of(ledger, gang))), None)


def within_reach(ledger: Ledger, gang: Gang, rules: Rules) -> Amounts:
    """What is free for `gang`: for all but the claimant, less what the claimant needs."""
    holder = claimant(ledger, rules)
    if holder is None or holder.spec_id == gang.spec_id:
        return free(ledger)
    return less(free(ledger), lacks_of(ledger, holder))


def _announced(ledger: Ledger, fact: GatewayAnnounced) -> list[Fact]:
    if ledger.sites.get(fact.gateway) == allotment_of(fact):
        return []
    allotted = SiteAllotted(site=fact.gateway, role=fact.role, totals=fact.totals, limits_enforced=fact.limits_enforced)
    return [allotted]


def _requested(ledger: Ledger, fact: ActivationRequested) -> list[Fact]:
    if (fact.generation, fact.attempt) <= ledger.turn(fact.spec_id):
        return []
    entered = GangEntered(
        spec_id=fact.spec_id,
        generation=fact.generation,
        attempt=fact.attempt,
        organization=fact.creator.organization,
        since=fact.since,
        sites=tuple(site.gateway for site in fact.sites),
        clients_per_gateway=fact.content.clients_per_gateway,
        resources=fact.content.resources,
    )
    return [entered]


def _sent_back(ledger: Ledger, fact: ActivationSentBack) -> list[Fact]:
    """Fenced shares stay: the next attempt takes them over."""
    lease = ledger.lease(fact.spec_id, fact.generation)
    return _given_back(lease, fact.fenced.keys()) if lease and lease.attempt <= fact.attempt else []


def _ended(ledger: Ledger, fact: ActivationEnded) -> list[Fact]:
    facts: list[Fact] = []
    waiting = ledger.line.get(fact.spec_id)
    if waiting and waiting.generation <= fact.generation:
        gone = GangWithdrawn(spec_id=waiting.spec_id, generation=waiting.generation, attempt=waiting.attempt)
        facts.append(gone)
    lease = ledger.lease(fact.spec_id, fact.generation)
    return [*facts, *(_given_back(lease, fact.fenced.keys(), ended=True) if lease else [])]


def _freed(ledger: Ledger, fact: ParticipantReleased) -> list[Fact]:
    lease = ledger.lease(fact.spec_id, fact.generation)
    if lease is None or 0 < fact.attempt < lease.attempt:
        return []
    share = lease.shares.get(fact.participant)
    return _given_back(lease, lease.shares.keys() - {fact.participant}) if share and share.site == fact.gateway else []


def _given_back(lease: Lease, kept: AbstractSet[str], *, ended: bool = False) -> list[Fact]:
    """That all but `kept` is free again, if that is news."""
    freed = tuple(name for name in lease.shares if name not in kept)
    over = lease.over or ended
    released = SharesReleased(
        spec_id=lease.spec_id, generation=lease.generation, attempt=lease.attempt, participants=freed, ended=over
    )
    return [released] if freed or over != lease.over else []


def _admitted(ledger: Ledger, news: Sequence[Fact], rules: Rules) -> Sequence[Fact]:
    """`news`, and what follows from it until nothing more does."""
    if not news:
        return ()
    after = fold(ledger, news)
    refused = list(_refused(after))
    after = fold(after, refused)
    placed: list[Fact] = []
    while (gang := _next(after, rules)) is not None:
        placed.append(_place(after, gang))
        after = evolve(after, placed[-1])
    return [*news, *refused, *placed, *_queued(after, rules)]


def _refused(ledger: Ledger) -> Iterator[Fact]:
    available = totals(ledger.sites)
    for gang in in_line(ledger):
        missing = shortfalls(available, needs_of(ledger, gang))
        lacking = unenforced(gang.sites, gang.demand, ledger.sites)
        if missing or lacking:
            yield GangRefused(
                spec_id=gang.spec_id,
                generation=gang.generation,
                attempt=gang.attempt,
                shortfalls=missing,
                unenforced=lacking,
            )


def _next(ledger: Ledger, rules: Rules) -> Gang | None:
    """Who is placed next: the claimant if it can be, else the first that fits beside the claim."""
    holder = claimant(ledger, rules)
    available = free(ledger)
    if holder is not None:
        claimed = lacks_of(ledger, holder)
        if covers(available, claimed):
            return holder
        available = less(available, claimed)
    waiting = (gang for gang in in_turn(ledger, rules.weights) if gang != holder)
    return next((gang for gang in waiting if _fits(ledger, gang, available)), None)


def _fits(ledger: Ledger, gang: Gang, available: Amounts) -> bool:
    return covers(available, lacks_of(ledger, gang))


def _place(ledger: Ledger, gang: Gang) -> Fact:
    leases = {site: need.resources() for site, need in sorted(needs_of(ledger, gang).items())}
    return GangPlaced(spec_id=gang.spec_id, generation=gang.generation, attempt=gang.attempt, leases=leases)


def _queued(ledger: Ledger, rules: Rules) -> Iterator[Fact]:
    for gang in in_line(ledger):
        if not gang.told:
            missing = shortfalls(within_reach(ledger, gang, rules), lacks_of(ledger, gang))
            yield GangQueued(spec_id=gang.spec_id, generation=gang.generation, attempt=gang.attempt, shortfalls=missing)

"""
The verdict on a spec and the grants that follow from it.

Three things happen to a case. It is reviewed (the spec is new, a policy changed, time passed): a verdict that
differs is told, and live grants are renewed when they are due or stand on something else than they would now. It is
placed: decided again, then grants or a denial. It ends: nothing is renewed any more. A denying verdict drops the
grants in the same step, so no case ever renews what its last verdict denies.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from fedpact.contracts.envelope import Fact
from fedpact.contracts.policies import GrantsDenied, GrantsEnded, GrantsIssued, GrantsRenewed, SpecDecided
from fedpact.contracts.specs import ActivationEnded, ActivationPlaced
from fedpact.decision.coverage import is_beneficiary
from fedpact.decision.decide import Decision, decide
from fedpact.policy.domain import granting
from fedpact.policy.domain.granting import Evidence
from fedpact.policy.domain.model import Case, Live, Turn


def review(case: Case | None, evidence: Evidence) -> Sequence[Fact]:
    """What the policies in force now say that they did not say before."""
    decision = _decision(evidence)
    facts: list[Fact] = [*_news(case, decision, evidence)]
    live = case.live if case else None
    if live is not None and decision.allowed:
        elsewhere = live.revisions != granting.revisions(decision, evidence)
        if facts or elsewhere or evidence.now >= live.renew_at:
            facts.append(granting.granted(decision, evidence, live.turn, GrantsRenewed))
    return facts


def place(case: Case | None, placed: ActivationPlaced, evidence: Evidence) -> Sequence[Fact]:
    """Grants for a placed activation, or why not. A placement that was answered brings about nothing."""
    turn = Turn(generation=placed.generation, attempt=placed.attempt)
    if case is not None and turn <= case.answered:
        return []
    decision = _decision(evidence)
    news = _news(case, decision, evidence)
    if decision.allowed:
        return [*news, granting.granted(decision, evidence, turn, GrantsIssued)]
    denied = GrantsDenied(
        spec_id=placed.spec_id,
        generation=placed.generation,
        attempt=placed.attempt,
        reasons=decision.reasons,
        custodian_reasons=dict(decision.custodian_reasons),
    )
    return [*news, denied]


def end(case: Case | None, ended: ActivationEnded) -> Sequence[Fact]:
    """The end of the generation's grants, if any are live."""
    if case is None or case.live is None or case.live.turn.generation > ended.generation:
        return []
    return [GrantsEnded(spec_id=ended.spec_id, generation=case.live.turn.generation)]


def evolve(case: Case | None, fact: Fact) -> Case:
    """The case after `fact`."""
    if isinstance(fact, SpecDecided):
        return _decided(case, fact)
    assert case is not None
    match fact:
        case GrantsIssued():
            return replace(case, live=_live(fact), answered=_turn(fact))
        case GrantsDenied():
            return replace(case, live=None, answered=_turn(fact))
        case GrantsEnded():
            return replace(case, live=None)
        case _:
            raise TypeError(f"`{fact.type}` is not about a case")


def stands_on(case: Case) -> Mapping[str, int]:
    """The policies whose change may change the verdict, also when they no longer name the spec's datasets."""
    return case.decided.revisions | (case.live.revisions if case.live else {})


def _decided(case: Case | None, fact: SpecDecided) -> Case:
    if case is None:
        return Case(decided=fact)
    return replace(case, decided=fact, live=case.live if fact.allowed else None)


def _turn(fact: GrantsIssued | GrantsDenied) -> Turn:
    return Turn(generation=fact.generation, attempt=fact.attempt)


def _live(fact: GrantsIssued) -> Live:
    return Live(
        turn=_turn(fact),
        revisions=fact.revisions,
        valid_until=fact.valid_until,
        renew_at=fact.renew_at or fact.valid_until,
    )


def _decision(evidence: Evidence) -> Decision:
    return decide(evidence.request, [policy.document for policy in evidence.policies])


def _news(case: Case | None, decision: Decision, evidence: Evidence) -> Sequence[SpecDecided]:
    """The verdict, unless it is the one that was told last."""
    verdict = SpecDecided(
        spec_id=evidence.pact.spec_id,
        allowed=decision.allowed,
        reasons=decision.reasons,
        custodian_reasons=dict(decision.custodian_reasons),
        revisions=decision.revisions,
        permissions=decision.permissions,
        privacy=decision.privacy,
        bounds=decision.bounds,
        stands_until=_stands_until(evidence),
    )
    return [] if case is not None and case.decided == verdict else [verdict]


def _stands_until(evidence: Evidence) -> datetime | None:
    """The next moment at which a policy for this requester comes into force or goes out of it."""
    documents = [policy.document for policy in evidence.policies]
    named = [document for document in documents if document.rules and is_beneficiary(evidence.pact.creator, document)]
    edges = [edge for document in named for edge in (document.not_before, document.not_after)]
    return min((edge for edge in edges if edge is not None and edge > evidence.now), default=None)

"""
Grants: what each gateway is told it may serve, and until when.

A grant holds what its own gateway needs to decide again and nothing of the others: its datasets, the policies that
cover them or the roots of the derived ones, and every policy that sets objects of these aside. Permissions and privacy
are the most restrictive across all custodians. It never outlives the window of a policy that covers.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from fedpact.contracts.pact import Site
from fedpact.contracts.policies import Dsse, Grant, GrantsIssued
from fedpact.contracts.specs import SpecCreated
from fedpact.decision.decide import Decision, Request
from fedpact.policy.domain.model import Policy, Turn

G = TypeVar("G", bound=GrantsIssued)
Sign = Callable[[Grant], Dsse]
"""Deterministic, so a step that signs is still a pure one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a case is decided on: the pact, the policies about its datasets, the moment, and how grants are made."""

    pact: SpecCreated
    policies: Sequence[Policy]
    now: datetime
    sign: Sign
    lifetime: timedelta

    @property
    def request(self) -> Request:
        """What the policies are asked."""
        return request_of(self.pact, self.now)


def request_of(pact: SpecCreated, now: datetime) -> Request:
    """What `pact` asks the policies at that moment."""
    content = pact.content
    return Request(
        requester=pact.creator,
        model=pact.model,
        datasets=content.datasets,
        resources=content.resources.clients,
        parameters=content.parameters,
        roots=pact.roots,
        now=now,
    )


def granted(decision: Decision, evidence: Evidence, turn: Turn, kind: type[G]) -> G:
    """A signed grant for every site, as one fact of `kind`."""
    until = _valid_until(decision, evidence)
    capped = until < evidence.now + evidence.lifetime
    grants = [_grant(site, decision, evidence, turn) for site in evidence.pact.sites if site.datasets]
    return kind(
        spec_id=evidence.pact.spec_id,
        generation=turn.generation,
        attempt=turn.attempt,
        grants={grant.gateway: evidence.sign(grant) for grant in grants},
        bounds=decision.bounds,
        permissions=decision.permissions,
        privacy=decision.privacy,
        revisions=revisions(decision, evidence),
        valid_until=until,
        renew_at=until if capped else evidence.now + evidence.lifetime / 2,
    )


def revisions(decision: Decision, evidence: Evidence) -> dict[str, int]:
    """Policy id -> revision that grants given now would hold."""
    sites = evidence.pact.sites
    return {policy.id: policy.document.revision for site in sites for policy in _policies(site, decision, evidence)}


def _grant(site: Site, decision: Decision, evidence: Evidence, turn: Turn) -> Grant:
    pact = evidence.pact
    covering = {source: decision.covering[source] for source in _sources(site, evidence)}
    return Grant(
        spec_id=pact.spec_id,
        generation=turn.generation,
        gateway=site.gateway,
        requester=pact.creator,
        model=pact.model,
        datasets=site.datasets,
        resources=pact.content.resources.clients,
        enforced=pact.content.resources.enforced,
        parameters=pact.content.parameters,
        permissions=decision.permissions,
        privacy=decision.privacy,
        bounds=tuple(found.rule.bounds for found in covering.values() if found.rule.bounds is not None),
        rules={dataset: found.name for dataset, found in covering.items()},
        policies=tuple(policy.envelope for policy in _policies(site, decision, evidence)),
        issued_at=evidence.now,
        valid_until=_valid_until(decision, evidence),
    )


def _policies(site: Site, decision: Decision, evidence: Evidence) -> Iterator[Policy]:
    """Those that cover, and those that override them for some objects."""
    sources = _sources(site, evidence)
    covering = {decision.covering[source].policy for source in sources}
    for policy in evidence.policies:
        if policy.id in covering or (policy.document.rules and _sets_aside(policy, sources)):
            yield policy


def _sources(site: Site, evidence: Evidence) -> tuple[str, ...]:
    """What the site's datasets hold data of."""
    return tuple(dict.fromkeys(s for dataset in site.datasets for s in evidence.pact.sources_of(dataset)))


def _sets_aside(policy: Policy, sources: Sequence[str]) -> bool:
    return any(scope.objects and scope.id in sources for scope in policy.document.datasets)


def _valid_until(decision: Decision, evidence: Evidence) -> datetime:
    covering = {found.policy for found in decision.covering.values()}
    ends = [policy.document.not_after for policy in evidence.policies if policy.id in covering]
    return min([evidence.now + evidence.lifetime, *(end for end in ends if end is not None)])

"""
What the custodians of a local run allow: the same policies, the same decision, the same check at each site.

Every site of a run is an organization of its own that signs a policy for this model and this dataset with a key of its
own; a policy service that lives as long as the run decides and signs the grants; each site checks its grant against
what it trusts. Nothing here is a shortcut, so terms that a federation would refuse are refused on the author's machine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fedpact.contracts.dal import OpenActivation
from fedpact.contracts.envelope import Strict
from fedpact.contracts.pact import Person, PinnedModel, Resources
from fedpact.contracts.policies import (
    Beneficiaries,
    Bounds,
    DatasetScope,
    Dsse,
    Grant,
    Permissions,
    PolicyDocument,
    Rule,
)
from fedpact.decision import keys
from fedpact.decision.decide import Decision, Request, decide
from fedpact.decision.grants import Trust, check_grant, sign_grant
from fedpact.decision.keys import PrivateKey
from fedpact.decision.policies import signed_policy
from fedpact.gateway_agent.domain.admission import access_of
from fedpact.model_tools.errors import TermsError

SPEC = "local"
GENERATION = 1
LIFETIME = timedelta(hours=12)
AUTHOR = Person(user="author", organization="author")


class Terms(Strict):
    """What a custodian says of the model, as in a rule of an asset policy."""

    permissions: Permissions = {}
    privacy: Permissions = {}
    bounds: Bounds | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One custodian's part in a run."""

    gateway: str
    organization: str
    dataset: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pact:
    """One model, the custodians' parts, and the keys of everybody in it."""

    model: PinnedModel
    resources: Resources
    parts: Sequence[Part]
    terms: Terms
    now: datetime
    service: PrivateKey = field(default_factory=keys.generate, repr=False)
    owners: Mapping[str, PrivateKey] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "owners", {part.organization: keys.generate() for part in self.parts})

    def decision(self) -> Decision:
        """The verdict over all sites. Raises `TermsError` with all reasons: the author is the custodian here."""
        request = Request(
            requester=AUTHOR,
            model=self.model,
            datasets=tuple(part.dataset for part in self.parts),
            resources=self.resources,
            now=self.now,
        )
        decision = decide(request, [self._document(part) for part in self.parts])
        if not decision.allowed:
            told = [reason.text for reasons in decision.custodian_reasons.values() for reason in reasons]
            raise TermsError("; ".join(dict.fromkeys(told)))
        return decision

    def access(self, part: Part, decision: Decision) -> OpenActivation:
        """What the site's data access layer is told, once the site itself has checked the grant."""
        service = self.service.public_key()
        owner = self.owners[part.organization].public_key()
        trust = Trust(
            gateway=part.gateway,
            policy_service={keys.keyid(service): service},
            owners={part.organization: {keys.keyid(owner): owner}},
            datasets=frozenset({part.dataset}),
        )
        return access_of(check_grant(self._grant(part, decision), trust, self.now))

    def _document(self, part: Part) -> PolicyDocument:
        rule = Rule(
            model=self.model.id,
            permissions=self.terms.permissions,
            privacy=self.terms.privacy,
            bounds=self.terms.bounds,
        )
        return PolicyDocument(
            id=f"{SPEC}-{part.gateway}",
            name="A local run",
            organization=part.organization,
            datasets=(DatasetScope(id=part.dataset),),
            beneficiaries=Beneficiaries(users=(AUTHOR.user,)),
            rules=(rule,),
        )

    def _grant(self, part: Part, decision: Decision) -> Dsse:
        covering = decision.covering[part.dataset]
        grant = Grant(
            spec_id=SPEC,
            generation=GENERATION,
            gateway=part.gateway,
            requester=AUTHOR,
            model=self.model,
            datasets=(part.dataset,),
            resources=self.resources,
            permissions=decision.permissions,
            privacy=decision.privacy,
            bounds=(covering.rule.bounds,) if covering.rule.bounds is not None else (),
            rules={part.dataset: covering.name},
            policies=(signed_policy(self._document(part), self.owners[part.organization]),),
            issued_at=self.now,
            valid_until=self.now + LIFETIME,
        )
        return sign_grant(grant, self.service)

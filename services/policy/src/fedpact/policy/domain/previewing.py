"""
What an edit of a policy would do: the same decision on the same specs, once without the edit and once with it.

Nothing here decides by itself. A draft takes the place of the policy with its id, and `decide` is asked twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fedpact.contracts.policies import DatasetScope, PolicyDocument, Rule
from fedpact.contracts.previews import Allowance, SpecEffect
from fedpact.contracts.registry import ModelChanged
from fedpact.contracts.specs import SpecCreated
from fedpact.decision.decide import Decision, decide
from fedpact.policy.domain import words
from fedpact.policy.domain.granting import request_of

ANY = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A policy's text as it would be; `None` is its withdrawal."""

    policy: str
    organization: str
    document: PolicyDocument | None

    def applied(self, documents: Sequence[PolicyDocument]) -> Sequence[PolicyDocument]:
        """The policies in force, had it been made."""
        others = [document for document in documents if document.id != self.policy]
        return [*others, self.document] if self.document else others


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """A spec the edit may matter to, with the policies in force on its datasets."""

    pact: SpecCreated
    documents: Sequence[PolicyDocument]
    running: bool


def moment(document: PolicyDocument | None, now: datetime) -> datetime:
    """When to ask: now, or when the policy's window begins, since nothing changes before."""
    begins = document.not_before if document else None
    return max(now, begins) if begins else now


def effect(touched: Touched, edit: Edit, at: datetime) -> SpecEffect | None:
    """What the edit would change for the spec, as its owner may see it; `None` is nothing."""
    request = request_of(touched.pact, at)
    before = decide(request, touched.documents)
    after = decide(request, edit.applied(touched.documents))
    if before.allowed == after.allowed and (not after.allowed or _terms(before) == _terms(after)):
        return None
    pact = touched.pact
    return SpecEffect(
        spec_id=pact.spec_id,
        creator=pact.creator,
        model=f"{pact.model.id} {pact.model.version}",
        datasets=pact.content.datasets,
        before=before.allowed,
        after=after.allowed,
        running=touched.running,
        text=_text(touched, before, after),
        reasons=after.reasons,
        custodian_reasons=after.custodian_reasons.get(edit.organization, ()),
    )


def allowances(document: PolicyDocument | None, models: Mapping[str, ModelChanged]) -> Iterator[Allowance]:
    """What each rule would allow on each dataset."""
    if document is None:
        return
    for index, rule in enumerate(document.rules):
        versions = _versions(rule, models)
        for scope in document.datasets:
            yield _allowance(document, scope, index, versions)


def notes(document: PolicyDocument | None, now: datetime) -> Iterator[str]:
    """What an owner may not expect."""
    if document is None:
        return
    if document.not_after is not None and document.not_after <= now:
        yield f"its window is over since {document.not_after:%Y-%m-%d %H:%M %Z}: it allows nothing"
    elif document.not_before is not None and document.not_before > now:
        yield f"nothing changes before {document.not_before:%Y-%m-%d %H:%M %Z}, when its window begins"
    if not document.rules:
        yield "a revision without rules allows nothing: it ends the policy, signed by you"
    for scope in document.datasets:
        if scope.objects:
            yield (
                f"objects of {scope.id} are set aside: the rest of it is not covered, and its gateway refuses whoever "
                "uses the whole of it without being named here"
            )


def _allowance(document: PolicyDocument, scope: DatasetScope, index: int, versions: tuple[str, ...]) -> Allowance:
    rule = document.rules[index]
    return Allowance(
        dataset=scope.id,
        objects=scope.objects,
        beneficiaries=document.beneficiaries,
        rule=index,
        model=rule.model,
        versions=versions,
        later_versions=ANY in rule.versions,
        permissions=rule.permissions,
        privacy=rule.privacy,
        bounds=rule.bounds,
        resources=rule.resources,
        text=words.allowance(document, scope, rule, versions),
    )


def _versions(rule: Rule, models: Mapping[str, ModelChanged]) -> tuple[str, ...]:
    model = models.get(rule.model)
    known = [record.version for record in model.versions] if model else []
    return tuple(version for version in known if ANY in rule.versions or version in rule.versions)


def _terms(decision: Decision) -> tuple[object, ...]:
    return decision.permissions, decision.privacy, decision.bounds


def _text(touched: Touched, before: Decision, after: Decision) -> str:
    pact = touched.pact
    about = f"{pact.spec_id} of {pact.creator.user} ({pact.creator.organization})"
    if before.allowed and after.allowed:
        return f"{about} stays approved, on other terms" + ("; they hold from its next job" if touched.running else "")
    if after.allowed:
        return f"{about} would be approved"
    return f"{about} would be rejected" + (", and what runs of it would stop" if touched.running else "")

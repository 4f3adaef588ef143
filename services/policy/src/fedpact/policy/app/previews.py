"""Previews: the state is read, the pure functions are asked, nothing is written."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from fedpact.chassis.aggregates import Aggregates
from fedpact.chassis.clock import Clock
from fedpact.chassis.copies import Copies
from fedpact.contracts.envelope import Actor
from fedpact.contracts.policies import PolicyDocument
from fedpact.contracts.previews import Obstacle, PolicyEdit, Preview, SpecEffect
from fedpact.contracts.queries import AskPreview
from fedpact.contracts.specs import SpecCreated
from fedpact.policy.domain import previewing, publishing
from fedpact.policy.domain.errors import PolicyError
from fedpact.policy.domain.model import Case, Policy
from fedpact.policy.domain.previewing import Edit, Touched
from fedpact.policy.domain.publishing import Known

LISTED = 200
"""Allowances and specs that are listed; more are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Previews:
    """`known` is what the service knows of an organization."""

    policies: Aggregates[Policy]
    cases: Aggregates[Case]
    pacts: Copies[SpecCreated]
    known: Callable[[str], Awaitable[Known]]
    clock: Clock

    async def preview(self, question: AskPreview) -> Preview:
        """What an edit would do. Only an owner may ask, and only about policies of the own organization."""
        now, actor, wanted = self.clock.now(), question.actor, question.edit
        publishing.check_owner(actor)
        name = wanted.document.id if wanted.document else str(wanted.withdraw)
        policy, known = await self.policies.find(name), await self.known(actor.organization)
        try:
            edit = _checked(policy, wanted, actor, known)
        except PolicyError as error:
            obstacle = Obstacle(slug=error.slug, reason=error.reason, path=error.path)
            return Preview(policy=name, at=now, obstacle=obstacle)
        at = previewing.moment(edit.document, now)
        touched = await self._touched(policy, edit)
        return _told(edit, known, now, [previewing.effect(one, edit, at) for one in touched])

    async def _touched(self, policy: Policy | None, edit: Edit) -> Sequence[Touched]:
        """The specs on the datasets the policy is about before or after, and those that stand on it."""
        datasets = {scope.id for scope in edit.document.datasets} if edit.document else set()
        datasets |= set(policy.in_force_on) if policy else set()
        pacts = {pact.spec_id: pact for dataset in datasets for pact in await self.pacts.where("dataset", dataset)}
        live = {case.decided.spec_id for case in await self.cases.where("policy", edit.policy)}
        for spec in live - pacts.keys():
            pact = await self.pacts.find(spec)
            pacts |= {spec: pact} if pact else {}
        involved = sorted({dataset for pact in pacts.values() for dataset in pact.sources})
        about = {dataset: await self.policies.where("dataset", dataset) for dataset in involved}
        return [await self._one(pact, about) for _, pact in sorted(pacts.items())]

    async def _one(self, pact: SpecCreated, about: dict[str, Sequence[Policy]]) -> Touched:
        case = await self.cases.find(pact.spec_id)
        documents: dict[str, PolicyDocument] = {
            policy.id: policy.document for dataset in pact.sources for policy in about[dataset]
        }
        return Touched(
            pact=pact, documents=tuple(documents.values()), running=case is not None and case.live is not None
        )


def _checked(policy: Policy | None, wanted: PolicyEdit, actor: Actor, known: Known) -> Edit:
    """The edit, if its owner could make it."""
    document = wanted.document
    if document is None:
        publishing.check_withdrawal(policy, str(wanted.withdraw), actor)
        return Edit(policy=str(wanted.withdraw), organization=actor.organization, document=None)
    publishing.check_draft(policy, document, actor, known)
    return Edit(policy=document.id, organization=actor.organization, document=document)


def _told(edit: Edit, known: Known, now: datetime, effects: Sequence[SpecEffect | None]) -> Preview:
    allows = tuple(previewing.allowances(edit.document, known.models))
    changed = [effect for effect in effects if effect is not None]
    flips = [effect for effect in changed if effect.before != effect.after]
    return Preview(
        policy=edit.policy,
        revision=edit.document.revision if edit.document else 0,
        at=previewing.moment(edit.document, now),
        needs_signature=known.require_signatures and edit.document is not None,
        allows=allows[:LISTED],
        allowed=len(allows),
        flips=tuple(flips[:LISTED]),
        flipped=len(flips),
        retermed=tuple(effect for effect in changed if effect.before == effect.after)[:LISTED],
        unchanged=len(effects) - len(changed),
        notes=tuple(previewing.notes(edit.document, now)),
    )

"""
Load, decide, save.

The policies a case stands on are other aggregates, loaded before the step. One of them may be saved between that
load and the save of the case, by another replica or by the command durable. Two rules close the gap, whatever the
interleaving. First, whoever saves a case loads the policies again afterwards and reviews it until they are those
it was decided on; that review carries no inbox mark, so a redelivery after a crash does it too. Second, every
policy's own published fact comes back on the durable of stream `policy` after the policy was saved, and reviews
each case it touches. So the last save of a case never stands on older policies than the last of these facts.

A policy may touch any number of cases: more than a few are reviewed in a round, those with live grants first. The
second rule holds for them too: nobody leaves the round before a review that began after the fact was heard.

A pact is kept before its case is decided: a policy fact either finds the pact, or was saved before the decision
loaded the policies.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fedpact.chassis.aggregates import Aggregates, Cause
from fedpact.chassis.copies import Copies
from fedpact.chassis.errors import NotFoundError
from fedpact.chassis.rounds import Rounds
from fedpact.contracts.envelope import Fact, Order
from fedpact.contracts.policies import PolicyPublished, PolicyWithdrawn, PublishPolicy, WithdrawPolicy
from fedpact.contracts.registry import DatasetRegistered, DatasetUnregistered, ModelChanged
from fedpact.contracts.specs import ActivationEnded, ActivationPlaced, SpecCreated
from fedpact.policy.app.ports import OwnerKeys
from fedpact.policy.domain import cases, publishing
from fedpact.policy.domain.granting import Evidence, Sign
from fedpact.policy.domain.model import Case, Dataset, Policy
from fedpact.policy.domain.publishing import Known

OnEvidence = Callable[[Case | None, Evidence], Sequence[Fact]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How this installation grants. `sign` holds the service's key."""

    sign: Sign
    lifetime: timedelta
    require_signatures: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Handlers:
    policies: Aggregates[Policy]
    cases: Aggregates[Case]
    datasets: Aggregates[Dataset]
    pacts: Copies[SpecCreated]
    models: Copies[ModelChanged]
    rounds: Rounds
    owner_keys: OwnerKeys
    terms: Terms

    async def publish(self, order: Order[PublishPolicy], cause: Cause) -> None:
        known = await self.known(order.actor.organization)
        await self.policies.change(order.command.key, lambda policy: publishing.publish(policy, order, known), cause)

    async def withdraw(self, order: Order[WithdrawPolicy], cause: Cause) -> None:
        await self.policies.change(order.command.key, lambda policy: publishing.withdraw(policy, order), cause)

    async def dataset_changed(self, fact: DatasetRegistered | DatasetUnregistered, cause: Cause) -> None:
        await self.datasets.change(fact.key, lambda _: [fact], cause)

    async def spec_created(self, fact: SpecCreated, cause: Cause) -> None:
        await self.pacts.keep(fact, cause)
        await self._settle(fact.key, cases.review, cause)

    async def policy_changed(self, fact: PolicyPublished | PolicyWithdrawn, cause: Cause) -> None:
        await self.rounds.begin(fact.policy, await self._touched(fact), self._review, cause)

    async def go_on(self, policy: str, cause: Cause) -> None:
        """Review the next of the many cases that a policy touches."""
        await self.rounds.go_on(policy, self._review, cause)

    async def activation_placed(self, fact: ActivationPlaced, cause: Cause) -> None:
        await self._settle(fact.key, lambda case, evidence: cases.place(case, fact, evidence), cause)

    async def activation_ended(self, fact: ActivationEnded, cause: Cause) -> None:
        await self.cases.change(fact.key, lambda case: cases.end(case, fact), cause)

    async def tick(self, key: str, cause: Cause) -> None:
        await self._settle(key, cases.review, cause)

    async def known(self, organization: str) -> Known:
        """What an edit of one of its policies is checked against."""
        datasets = await self.datasets.where("organization", organization)
        return Known(
            datasets={dataset.id: dataset for dataset in datasets},
            models={model.model: model for model in await self.models.every()},
            keys=await self.owner_keys.of(organization),
            require_signatures=self.terms.require_signatures,
        )

    async def _review(self, _: str, spec: str, cause: Cause) -> None:
        await self._settle(spec, cases.review, cause)

    async def _settle(self, spec: str, step: OnEvidence, cause: Cause) -> None:
        """Run `step` on the policies in force, then review until they have not changed meanwhile."""
        evidence = await self._evidence(spec, cause.now)
        await self.cases.change(spec, lambda case: step(case, evidence), cause)
        while (found := await self._reviewed(spec, cause.now)) != evidence:
            evidence = found

    async def _reviewed(self, spec: str, now: datetime) -> Evidence:
        evidence = await self._evidence(spec, now)
        await self.cases.change(spec, lambda case: cases.review(case, evidence), Cause(now=now))
        return evidence

    async def _evidence(self, spec: str, now: datetime) -> Evidence:
        pact = await self.pacts.find(spec)
        if pact is None:
            raise NotFoundError(f"spec `{spec}` was never announced to this service")
        found = {
            policy.id: policy for dataset in pact.sources for policy in await self.policies.where("dataset", dataset)
        }
        policies = tuple(found[policy] for policy in sorted(found))
        return Evidence(pact=pact, policies=policies, now=now, sign=self.terms.sign, lifetime=self.terms.lifetime)

    async def _touched(self, fact: PolicyPublished | PolicyWithdrawn) -> Sequence[str]:
        """
        The specs on the policy's datasets, and those that stand on it though it no longer names theirs.

        Those that run on it come first: what is taken back has to stop.
        """
        match fact:
            case PolicyPublished():
                datasets = {scope.id for scope in fact.document.datasets}
            case PolicyWithdrawn():
                datasets = set(fact.datasets)
        specs = {pact.spec_id for dataset in datasets for pact in await self.pacts.where("dataset", dataset)}
        standing = {case.decided.spec_id: case for case in await self.cases.where("policy", fact.policy)}
        running = {spec for spec, case in standing.items() if case.live}
        return [*sorted(running), *sorted((specs | standing.keys()) - running)]

"""
Whether this site runs a participant: its own decision on the grant, kept as a permit.

One decision at a time, for two that both fit alone may not fit together. A grant is compared with the highest policy
revisions seen only when it is new: one that was accepted stands until it lapses, while everything else the site
believes is asked again at every look.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from fedpact.chassis.aggregates import Aggregates, Cause
from fedpact.chassis.clock import Clock
from fedpact.contracts.directives import ParticipantDirective
from fedpact.contracts.pact import Resources
from fedpact.contracts.policies import Dsse, Grant
from fedpact.contracts.strict_json import MalformedError
from fedpact.contracts.workloads import Cause as Why
from fedpact.decision.errors import DecisionError, GrantRefusedError
from fedpact.decision.grants import check_grant, check_in_force, read_grant, revisions_of
from fedpact.decision.lineage import lineage
from fedpact.gateway_agent.app.doors import DataDoor, Models, TrustStore
from fedpact.gateway_agent.app.kinds import LIVE, YES, Offer, PermitKept, RevisionSeen
from fedpact.gateway_agent.domain.admission import check_limits, check_objects, check_room, check_turn, permit_of
from fedpact.gateway_agent.domain.errors import SiteRefusedError
from fedpact.gateway_agent.domain.steps import Permit, Refusal


@dataclass(slots=True, kw_only=True)
class Admission:
    """The site's own evidence, and what it accepted on it."""

    totals: Resources
    enforced: Callable[[], Collection[str]]
    """What this site holds workloads to now."""
    trust: TrustStore
    data: DataDoor
    models: Models
    offers: Aggregates[Offer]
    permits: Aggregates[PermitKept]
    revisions: Aggregates[RevisionSeen]
    clock: Clock
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def admit(self, key: str, wanted: ParticipantDirective) -> Permit:
        """The permit for a participant. Raises `SiteRefusedError` with cause and reason."""
        if wanted.grant is None:
            raise SiteRefusedError(Why.POLICY, "the directive brings no grant")
        async with self._one:
            grant = await self._decided(wanted.grant, wanted)
            check_limits(grant, self.enforced())
            await self.models.find(grant.model)
            check_room(grant.resources, self.totals, (await self._others(key)).values())
            permit = permit_of(grant, wanted.grant, wanted)
            await self._remember(grant)
            await self._keep(key, permit)
        return permit

    async def permit(self, key: str) -> Permit | None:
        """What is permitted to a participant."""
        kept = await self.permits.find(key)
        return kept.permit if kept else None

    async def objection(self, permit: Permit) -> Refusal | None:
        """Why a permit does not hold any more: vetoed, lapsed (to know that takes nothing else), or not trusted now."""
        try:
            grant = read_grant(permit.grant)
            check_in_force(grant, await self.trust.veto(), self.clock.now())
            trust = await self.trust.trust()
            mine = replace(trust, datasets=frozenset(grant.datasets), roots=await self._roots(grant.datasets))
            check_grant(permit.grant, mine, self.clock.now())
        except (DecisionError, MalformedError) as error:
            return Refusal(cause=_cause(error), reason=error.reason)
        except SiteRefusedError as error:
            return Refusal(cause=error.cause, reason=error.reason)
        return None

    async def drop(self, key: str) -> None:
        """Nothing is permitted to a participant any more."""
        if await self.permit(key):
            await self._keep(key, None)

    async def _decided(self, envelope: Dsse, wanted: ParticipantDirective) -> Grant:
        trust = await self.trust.trust()
        mapped = frozenset(one.dataset for one in await self.data.datasets())
        seen = {one.policy: one.revision for one in await self.revisions.every()}
        now = self.clock.now()
        try:
            mine = replace(trust, datasets=mapped, roots=await self._roots(mapped), revisions=seen)
            grant = check_grant(envelope, mine, now)
            check_turn(grant, wanted)
            check_objects(grant, now)
        except (DecisionError, MalformedError) as error:
            raise SiteRefusedError(_cause(error), error.reason) from error
        return grant

    async def _roots(self, datasets: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
        """What derived datasets hold data of, by what this site itself offered them as."""
        offered = [one.offered for one in await self.offers.every() if one.offered]
        return lineage(datasets, {one.dataset: one.derived_from for one in offered})

    async def _others(self, key: str) -> Mapping[str, Permit]:
        kept = await self.permits.where(LIVE, YES)
        return {one.about: one.permit for one in kept if one.permit and one.about != key}

    async def _remember(self, grant: Grant) -> None:
        for policy, revision in revisions_of(grant).items():
            seen = RevisionSeen(policy=policy, revision=revision)
            await self.revisions.change(
                policy,
                lambda before, seen=seen: [seen] if before is None or before.revision < seen.revision else [],  # type: ignore[misc]
                Cause(now=self.clock.now()),
            )

    async def _keep(self, key: str, permit: Permit | None) -> None:
        kept = PermitKept(about=key, permit=permit)
        await self.permits.change(key, lambda _: [kept], Cause(now=self.clock.now()))


def _cause(error: DecisionError | MalformedError) -> Why:
    return error.cause if isinstance(error, GrantRefusedError) else Why.POLICY

"""Artifacts: load, decide, save."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from fedpact.chassis.aggregates import Aggregates, Cause
from fedpact.contracts.artifacts import DeleteArtifact, GrantArtifact, Grantee, RevokeArtifact, artifact_id
from fedpact.contracts.envelope import Order
from fedpact.contracts.identity import OrganizationRegistered, UserChanged
from fedpact.contracts.jobs import ArtifactsStored
from fedpact.jobs.app.cleaning import Cleaning
from fedpact.jobs.app.ports import Organizations, Specs, Users
from fedpact.jobs.domain import artifacts
from fedpact.jobs.domain.artifacts import Artifact, Origin
from fedpact.jobs.domain.errors import UnknownSpecError
from fedpact.jobs.domain.model import Job
from fedpact.jobs.domain.terms import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Registering:
    """Makes artifacts of what jobs stored. `retention` is how long they are kept; `None` for ever."""

    jobs: Aggregates[Job]
    artifacts: Aggregates[Artifact]
    specs: Specs
    terms: Aggregates[Terms]
    retention: timedelta | None

    async def register(self, job_id: str, cause: Cause) -> None:
        """Doing it again changes nothing."""
        job = await self.jobs.get(job_id)
        spec = await self.specs.find(job.spec_id)
        if spec is None:
            raise UnknownSpecError(job.spec_id)
        terms = await self.terms.find(job.spec_id)
        origin = Origin(job=job, model=spec.content.model, terms=terms, retention=self.retention)
        at = cause.envelope.time if cause.envelope else cause.now
        for file in job.files:
            step = partial(artifacts.registered, file=file, origin=origin, at=at)
            await self.artifacts.change(artifact_id(job.id, file.name), step, cause)

    async def stored(self, fact: ArtifactsStored, cause: Cause) -> None:
        """Registered when they were stored, unless that was broken off."""
        await self.register(fact.job_id, cause)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """What becomes of artifacts after that."""

    artifacts: Aggregates[Artifact]
    terms: Aggregates[Terms]
    users: Users
    organizations: Organizations
    cleaning: Cleaning
    waits: Sequence[float] = (0.05, 0.1, 0.2)
    """Pauses, in seconds, for a grantee that was registered a moment ago and is still on its way here."""

    async def grant(self, order: Order[GrantArtifact], cause: Cause) -> None:
        """Somebody else may have it."""
        key = order.command.artifact_id
        known = await self.artifacts.find(key)
        terms = await self.terms.find(known.spec_id) if known else None
        organization = await self._organization(order.command.grantee)
        await self.artifacts.change(key, lambda one: artifacts.granted(one, order, organization, terms), cause)

    async def revoke(self, order: Order[RevokeArtifact], cause: Cause) -> None:
        """They may no longer."""
        await self.artifacts.change(order.command.artifact_id, lambda one: artifacts.revoked(one, order), cause)

    async def delete(self, order: Order[DeleteArtifact], cause: Cause) -> None:
        """Nobody may any more."""
        key = order.command.artifact_id
        await self.artifacts.change(key, lambda one: artifacts.deleted(one, order), cause)
        await self._sweep(key)

    async def tick(self, key: str, cause: Cause) -> None:
        """Its retention may be over."""
        if await self.artifacts.change(key, lambda one: artifacts.expired(one, cause.now), cause):
            await self._sweep(key)

    async def user(self, fact: UserChanged, cause: Cause) -> None:
        """Somebody artifacts can be granted to."""
        await self.users.keep(fact, cause)

    async def organization(self, fact: OrganizationRegistered, cause: Cause) -> None:
        """Somewhere artifacts can be granted to."""
        await self.organizations.keep(fact, cause)

    async def _sweep(self, key: str) -> None:
        """The content goes now if it can; what a crash leaves goes with the next round of cleaning."""
        artifact = await self.artifacts.get(key)
        if artifact.deleted is not None:
            await self.cleaning.consider(artifact.file.digest)

    async def _organization(self, grantee: Grantee) -> str | None:
        for pause in (*self.waits, 0.0):
            if found := await self._found(grantee):
                return found
            await asyncio.sleep(pause)
        return None

    async def _found(self, grantee: Grantee) -> str | None:
        if grantee.user is not None:
            user = await self.users.find(grantee.user)
            return user.organization if user else None
        organization = await self.organizations.find(grantee.organization or "")
        return organization.organization if organization else None

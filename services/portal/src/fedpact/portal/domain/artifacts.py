"""
Artifacts as the jobs service told of them, and who may see which.

The jobs service decides who may download; what is shown here follows the same rule, so that nobody learns of an
artifact that they could not have. Of a deleted one the tombstone is shown to those who could have shared it.
"""

from dataclasses import dataclass, replace

from fedpact.contracts.artifacts import (
    ArtifactDeleted,
    ArtifactGranted,
    ArtifactRegistered,
    ArtifactRevoked,
    Grantee,
)
from fedpact.contracts.envelope import Actor, Fact
from fedpact.contracts.pact import Person
from fedpact.portal.domain.sight import may_see_job


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactState:
    """An artifact. `registered` is absent only before its first fact was heard."""

    registered: ArtifactRegistered | None = None
    grants: tuple[Grantee, ...] = ()
    deleted: ArtifactDeleted | None = None


def artifact_after(state: ArtifactState | None, fact: Fact) -> ArtifactState:
    """The artifact after one more fact about it."""
    state = state or ArtifactState()
    match fact:
        case ArtifactRegistered():
            return replace(state, registered=fact)
        case ArtifactGranted():
            return replace(state, grants=(*(g for g in state.grants if g != fact.grantee), fact.grantee))
        case ArtifactRevoked():
            return replace(state, grants=tuple(g for g in state.grants if g != fact.grantee))
        case ArtifactDeleted():
            return replace(state, grants=(), deleted=fact)
        case _:
            return state


def may_share(viewer: Actor, creator: Person) -> bool:
    """Whoever sees the job decides over what it left."""
    return may_see_job(viewer, creator)


def may_have(viewer: Actor, state: ArtifactState) -> bool:
    """The same, and whom it was granted to."""
    if state.registered is None:
        return False
    granted = any(grantee.covers(viewer.user, viewer.organization) for grantee in state.grants)
    return granted or may_share(viewer, state.registered.creator)

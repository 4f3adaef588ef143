"""
What is wanted of this site, as last heard: the directive whole, and where it stood in its stream.

These facts are the agent's own memory and never published, hence without a type. A directive of an older turn
than the one kept changes nothing, however late it arrives.
"""

from collections.abc import Sequence
from typing import Generic, TypeVar

from pydantic import AwareDatetime

from fedpact.contracts.directives import Directive, JobDirective, ParticipantDirective, ServerDirective, Wanted
from fedpact.contracts.envelope import Fact
from fedpact.gateway_agent.domain.workload import Turn

D = TypeVar("D", bound=Directive)


class Wish(Fact, Generic[D]):
    """One directive. `sequence` is its number in the stream of directives, `at` when it was heard."""

    directive: D
    sequence: int
    at: AwareDatetime

    @property
    def key(self) -> str:
        return key_of(self.directive)


class ParticipantWish(Wish[ParticipantDirective]):
    """Of a FLARE client."""


class ServerWish(Wish[ServerDirective]):
    """Of a FLARE server."""


class JobWish(Wish[JobDirective]):
    """Of a job."""


W = TypeVar("W", ParticipantWish, ServerWish, JobWish)


def key_of(directive: Directive) -> str:
    """The key of what the directive is about: `<spec>/<participant or job>`."""
    return f"{directive.spec_id}/{directive.name}"


def kept(before: W | None, wish: W) -> Sequence[Fact]:
    """The wish, unless a later turn is wanted already; a stopped turn is not wanted again."""
    if before is None:
        return [wish]
    old, new = Turn.of(before.directive), Turn.of(wish.directive)
    if new < old or before.directive == wish.directive:
        return []
    ended = new == old and before.directive.wanted is Wanted.STOPPED
    return [] if ended else [wish]

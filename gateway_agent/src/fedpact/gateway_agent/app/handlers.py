"""A directive is remembered, nothing else; what follows from it is the reconciler's."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fedpact.chassis.aggregates import Aggregates, Cause
from fedpact.contracts.directives import Directive, JobDirective, ParticipantDirective, ServerDirective
from fedpact.gateway_agent.domain.wishes import JobWish, ParticipantWish, ServerWish, kept

CLIENTS, SERVERS, JOBS, PROPOSALS = "clients", "servers", "jobs", "proposals"
Call = Callable[[tuple[str, str]], None]


@dataclass(slots=True, kw_only=True)
class Handlers:
    """
    `call` has the reconciler look.

    `applied` is the stream sequence of the last directive that is remembered, `heard_at` when the newest was said.
    """

    gateway: str
    participants: Aggregates[ParticipantWish]
    servers: Aggregates[ServerWish]
    jobs: Aggregates[JobWish]
    call: Call
    applied: int = 0
    heard_at: datetime | None = None

    async def participant(self, directive: ParticipantDirective, cause: Cause) -> None:
        if not self._is_mine(directive, cause):
            return
        wish = ParticipantWish(directive=directive, sequence=cause.stream_sequence, at=cause.now)
        await self.participants.change(wish.key, lambda before: kept(before, wish), cause)
        self.call((CLIENTS, wish.key))

    async def server(self, directive: ServerDirective, cause: Cause) -> None:
        if not self._is_mine(directive, cause):
            return
        wish = ServerWish(directive=directive, sequence=cause.stream_sequence, at=cause.now)
        await self.servers.change(wish.key, lambda before: kept(before, wish), cause)
        self.call((SERVERS, wish.key))
        for job in await self.jobs.every():
            if job.directive.spec_id == directive.spec_id:
                self.call((JOBS, job.key))

    async def job(self, directive: JobDirective, cause: Cause) -> None:
        if not self._is_mine(directive, cause):
            return
        wish = JobWish(directive=directive, sequence=cause.stream_sequence, at=cause.now)
        await self.jobs.change(wish.key, lambda before: kept(before, wish), cause)
        self.call((JOBS, wish.key))

    def _is_mine(self, directive: Directive, cause: Cause) -> bool:
        """The subject is this gateway's; what says something else inside is nobody's."""
        self.applied = max(self.applied, cause.stream_sequence)
        if cause.envelope and (self.heard_at is None or self.heard_at < cause.envelope.time):
            self.heard_at = cause.envelope.time
        return directive.gateway == self.gateway

"""
What is wanted of every site, as a function of the spec alone.

Level-triggered: after each change the wanted state is computed anew and what differs from before is said again, whole.
A part that is no longer wanted is said to be stopped, so that an agent that was away learns it too. One that was away
for longer than a tombstone stays in the stream is told again when it is back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from fedpact.contracts.directives import Directive, JobDirective, ParticipantDirective, ServerDirective, Wanted
from fedpact.contracts.envelope import Message
from fedpact.contracts.ids import SERVER
from fedpact.contracts.specs import Stage
from fedpact.spec_lifecycle.domain.model import Fence, Job, Participant, Spec
from fedpact.spec_lifecycle.domain.status import view

Part = tuple[str, str]
"""Gateway and the last token of a directive's subject."""


def follow(before: Spec | None, after: Spec) -> Sequence[Message]:
    """The messages that follow from a change: changed directives, and the view when people see a difference."""
    old, new = (wanted(before) if before else {}), wanted(after)
    changed: list[Message] = [d for part, d in new.items() if old.get(part) != d]
    gone = [_stopped(d) for part, d in old.items() if part not in new and d.wanted is not Wanted.STOPPED]
    again = [d for part, d in _reminders(before, after).items() if old.get(part) == new.get(part)]
    seen = view(after)
    news = [seen] if before is None or view(before) != seen else []
    return [*changed, *gone, *again, *news]


def wanted(spec: Spec) -> Mapping[Part, Directive]:
    """Every directive that is in force."""
    runs = spec.stage in {Stage.CREATING, Stage.ACTIVE}
    if SERVER not in spec.participants:
        return {}
    parts: list[Directive] = []
    if spec.stage is not Stage.WAITING or spec.placed_attempt != spec.attempt or spec.pauses:
        parts += [_client(spec, name, p, runs=runs) for name, p in spec.clients.items()]
        server = _server(spec, runs=runs)
        parts += [server] if server else []
    # Else it is placed and not yet granted: no site was asked for anything. Jobs outlive an attempt that was lost.
    if spec.stage in {Stage.WAITING, Stage.CREATING, Stage.ACTIVE}:
        parts += [_job(spec, job_id, job) for job_id, job in spec.open_jobs.items()]
    return {(d.gateway, d.part): d for d in parts}


def _client(spec: Spec, name: str, participant: Participant, *, runs: bool) -> ParticipantDirective:
    certificate = spec.certificates.get(name)
    ready = runs and certificate is not None
    site = next(s for s in spec.sites if s.gateway == participant.gateway)
    return ParticipantDirective(
        spec_id=spec.id,
        generation=spec.generation,
        attempt=spec.placed_attempt,
        gateway=participant.gateway,
        wanted=Wanted.RUNNING if ready else Wanted.PREPARED if runs else Wanted.STOPPED,
        participant=name,
        model=spec.model,
        resources=spec.content.resources.clients,
        datasets=site.datasets,
        grant=spec.grants.get(participant.gateway) if runs else None,
        endpoint=spec.endpoint if ready else None,
        certificate=certificate if ready else None,
    )


def _server(spec: Spec, *, runs: bool) -> ServerDirective | None:
    requests = {name: p.csr for name, p in spec.clients.items() if p.csr}
    if runs and len(requests) < len(spec.clients):
        return None
    return ServerDirective(
        spec_id=spec.id,
        generation=spec.generation,
        attempt=spec.placed_attempt,
        gateway=spec.participants[SERVER].gateway,
        wanted=Wanted.RUNNING if runs else Wanted.STOPPED,
        model=spec.model,
        resources=spec.content.resources.server,
        requests=requests if runs else {},
        organizations={name: p.organization for name, p in spec.clients.items()} if runs else {},
    )


def _job(spec: Spec, job_id: str, job: Job) -> JobDirective:
    return JobDirective(
        spec_id=spec.id,
        generation=spec.generation,
        attempt=spec.placed_attempt,
        gateway=spec.orchestrator,
        wanted=Wanted.STOPPED if job.stopping else Wanted.RUNNING,
        job_id=job_id,
        model=spec.model,
        payload=job.payload,
        datasets={dataset: site.gateway for site in spec.sites for dataset in site.datasets},
        sites=tuple(spec.clients),
        bounds=spec.bounds,
    )


def _reminders(before: Spec | None, after: Spec) -> Mapping[Part, Directive]:
    """The newest stop of each part with a fence that is to be told again, or what has taken its place since."""
    told = {replace(fence, since=None): fence.since for fence in before.fences} if before else {}
    late = {fence.part for fence in after.fences if told.get(replace(fence, since=None), fence.since) != fence.since}
    stops = {fence.part: _stop(after, fence) for fence in sorted(after.fences, key=_turn) if fence.part in late}
    return stops | {part: directive for part, directive in wanted(after).items() if part in stops}


def _turn(fence: Fence) -> tuple[int, int]:
    return fence.generation, fence.attempt


def _stop(spec: Spec, fence: Fence) -> Directive:
    if fence.participant != SERVER:
        stop = _client(spec, fence.participant, Participant(gateway=fence.gateway), runs=False)
        return stop.model_copy(update={"generation": fence.generation, "attempt": fence.attempt})
    return ServerDirective(
        spec_id=spec.id,
        generation=fence.generation,
        attempt=fence.attempt,
        gateway=fence.gateway,
        wanted=Wanted.STOPPED,
        model=spec.model,
        resources=spec.content.resources.server,
    )


def _stopped(directive: Directive) -> Directive:
    return directive.model_copy(update={"wanted": Wanted.STOPPED})

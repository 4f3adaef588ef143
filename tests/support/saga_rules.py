"""What must hold of the saga: at any quiet moment, and when everybody had the time to answer."""

from collections import Counter
from collections.abc import Iterator, Mapping

from saga_bus import finish
from saga_world import World

from fedpact.contracts.directives import DIRECTIVES, Wanted
from fedpact.contracts.jobs import JobChanged
from fedpact.contracts.specs import (
    ActivationEnded,
    ActivationRequested,
    SpecChanged,
    Stage,
    Verdict,
)
from fedpact.scheduler.app.handlers import THE_LEDGER
from fedpact.scheduler.domain.model import Ledger
from fedpact.spec_lifecycle.domain.model import Spec
from fedpact.spec_lifecycle.domain.status import view

OVER = {Stage.IDLE, Stage.INVALID}
SETTLED = {Stage.IDLE, Stage.ACTIVE, Stage.INVALID}


def at_rest(world: World) -> list[str]:
    """What is wrong when no message is under way."""
    return [*_leases(world), *_grants(world), *_wishes(world), *_views(world), *_order(world), *_verdicts(world)]


def in_the_end(world: World) -> list[str]:
    """What is wrong when everybody was there and willing for a while."""
    return [*at_rest(world), *_settled(world), *_jobs(world), *_pods(world)]


def when_dismissed(world: World) -> list[str]:
    """What is left when everybody asked for the end of everything."""
    kept = ledger(world)
    left = [f"{spec.id} is {spec.stage}" for spec in specs(world).values() if spec.stage not in OVER]
    left += (
        [f"capacity is held: {sorted(kept.leases)}, in line: {sorted(kept.line)}"] if kept.leases or kept.line else []
    )
    left += [f"grants of {case.decided.spec_id} live" for case in finish(world.cases.every()) if case.live]
    left += [f"{job.id} is {job.status}" for job in finish(world.jobs.every()) if not job.status.final]
    return [*in_the_end(world), *left]


def specs(world: World) -> Mapping[str, Spec]:
    return {spec.id: spec for spec in finish(world.specs.every())}


def ledger(world: World) -> Ledger:
    return finish(world.ledger.find(THE_LEDGER)) or Ledger()


def _leases(world: World) -> Iterator[str]:
    """Capacity is held by exactly what lives or is fenced."""
    kept = ledger(world)
    held = {(k.spec_id, k.generation, name) for k in kept.leases.values() for name in k.shares}
    due: set[tuple[str, int, str]] = set()
    for spec in specs(world).values():
        due |= {(spec.id, fence.generation, fence.participant) for fence in spec.fences}
        placed = spec.lives and spec.placed_attempt == spec.attempt and not spec.pauses
        if placed or spec.stage in {Stage.CREATING, Stage.ACTIVE, Stage.DELETING}:
            due |= {(spec.id, spec.generation, name) for name in spec.participants}
        waits = spec.stage is Stage.WAITING and not spec.pauses and not placed
        if waits != (spec.id in kept.line):
            yield f"{spec.id} is {spec.stage}, in line: {spec.id in kept.line}"
    if held != due:
        yield f"leases without reason: {sorted(held - due)}; without lease: {sorted(due - held)}"


def _grants(world: World) -> Iterator[str]:
    """Grants are renewed for what was granted and lives, and for nothing that is denied."""
    known = specs(world)
    for case in finish(world.cases.every()):
        spec = known[case.decided.spec_id]
        granted = spec.stage in {Stage.CREATING, Stage.ACTIVE, Stage.DELETING}
        if case.live and not case.decided.allowed:
            yield f"{spec.id} is denied and has live grants"
        if case.live and (not spec.lives or case.live.turn.generation != spec.generation):
            yield f"{spec.id} is {spec.stage} {spec.generation} and has live grants of {case.live.turn}"
        if granted and spec.stage is not Stage.DELETING and not case.live:
            yield f"{spec.id} is {spec.stage} and its grants are not renewed"


def _wishes(world: World) -> Iterator[str]:
    """Nothing of an ended generation is wanted; all that lives is. Jobs outlive an attempt that was lost."""
    known = specs(world)
    wanted: dict[str, set[tuple[int, str]]] = {}
    for delivery in world.streams.logs.get("directives", []):
        directive = DIRECTIVES[delivery.headers["ce-type"]].model_validate_json(delivery.body)
        if directive.wanted is not Wanted.STOPPED:
            wanted.setdefault(directive.spec_id, set()).add((directive.generation, directive.part))
    for spec in known.values():
        runs = spec.stage in {Stage.CREATING, Stage.ACTIVE}
        due = {*spec.clients} if runs else set()
        if runs and all(p.csr for p in spec.clients.values()):
            due.add("server")
        if spec.stage in {Stage.WAITING, Stage.CREATING, Stage.ACTIVE}:
            due |= {f"job_{job}" for job, its in spec.open_jobs.items() if not its.stopping}
        found = wanted.get(spec.id, set())
        if found != {(spec.generation, part) for part in due}:
            yield f"{spec.id} is {spec.stage} {spec.generation}, wanted are {sorted(found)}, not {sorted(due)}"


def _views(world: World) -> Iterator[str]:
    """What people saw last is how it is."""
    seen = {fact.spec_id: fact for fact in world.streams.facts(SpecChanged)}
    for spec in specs(world).values():
        if seen[spec.id] != view(spec):
            yield f"{spec.id} is seen as {seen[spec.id]}"
    jobs = {fact.job_id: fact for fact in world.streams.facts(JobChanged)}
    for job in finish(world.jobs.every()):
        if jobs[job.id].status is not job.status or jobs[job.id].steps != job.steps:
            yield f"{job.id} is seen as {jobs[job.id]}"


def _order(world: World) -> Iterator[str]:
    """Every message once and in its aggregate's order, save doubles of what was said; every generation begins and ends once."""
    for stream, log in world.streams.logs.items():
        last: dict[tuple[str, str], int] = {}
        known: set[str] = set()
        for delivery in log:
            source = delivery.headers["ce-source"], delivery.headers["ce-subject"] + delivery.headers["ce-epoch"]
            sequence = int(delivery.headers["ce-sequence"])
            if delivery.headers["ce-id"] in known or stream in {"commands", "directives"}:
                continue
            if sequence <= last.get(source, 0):
                yield f"{delivery.headers['ce-type']} of {source} came after a later one"
            last[source] = sequence
            known.add(delivery.headers["ce-id"])
    begun = Counter({(f.spec_id, f.generation): 0 for f in world.streams.facts(ActivationRequested)})
    ended = {(f.spec_id, f.generation) for f in world.streams.facts(ActivationEnded)}
    living = {(spec.id, spec.generation) for spec in specs(world).values() if spec.lives}
    if set(begun) != ended | living:
        yield f"begun {sorted(begun)}, ended {sorted(ended)}, living {sorted(living)}"


def _verdicts(world: World) -> Iterator[str]:
    """The verdict is what policy and scheduler say; nothing runs that is not allowed."""
    known = specs(world)
    allowed = {case.decided.spec_id: case.decided.allowed for case in finish(world.cases.every())}
    fits = {one.spec_id: one.fits for one in finish(world.assessments.every())}
    for spec in known.values():
        if (spec.allowed, spec.fits) != (allowed.get(spec.id), fits.get(spec.id)):
            yield f"{spec.id} heard {spec.allowed}, {spec.fits}; said was {allowed[spec.id]}, {fits[spec.id]}"
        if spec.stage in {Stage.WAITING, Stage.CREATING, Stage.ACTIVE} and not spec.allowed:
            yield f"{spec.id} is {spec.stage} and not allowed"


def _settled(world: World) -> Iterator[str]:
    """Every spec is idle, active or invalid, or stands in line."""
    line = ledger(world).line
    for spec in specs(world).values():
        if spec.stage not in SETTLED and not (spec.stage is Stage.WAITING and spec.id in line):
            yield f"{spec.id} stays {spec.stage}, due {spec.due_at}, attempt {spec.attempt}/{spec.placed_attempt}"
        if spec.fences:
            yield f"{spec.id} keeps fences {spec.fences}"
        if spec.verdict is Verdict.PENDING:
            yield f"{spec.id} stays pending"
        if spec.queued_jobs and spec.stage is not Stage.WAITING:
            yield f"{spec.id} is {spec.stage} and keeps jobs waiting: {list(spec.queued_jobs)}"
        if world.one_shots_only and spec.stage is Stage.ACTIVE and not spec.open_jobs:
            yield f"{spec.id} stays active though every job asked for its end"


def _jobs(world: World) -> Iterator[str]:
    """Every job ended, or waits for an activation that stands in line."""
    known = specs(world)
    for job in finish(world.jobs.every()):
        spec = known[job.spec_id]
        open_, queued = job.id in spec.open_jobs, job.id in spec.queued_jobs
        if job.status.final == (open_ or queued):
            yield f"{job.id} is {job.status}; open {open_}, queued {queued}, {spec.id} is {spec.stage}"
        if open_:
            yield f"{job.id} stays {job.status} in {spec.id}, which is {spec.stage}"
        if job.status.final and not job.settled and not spec.lives:
            yield f"{job.id} is over and still shows a running step: {job.steps}"


def _pods(world: World) -> Iterator[str]:
    """What runs is what is active."""
    active = [spec for spec in specs(world).values() if spec.stage is Stage.ACTIVE]
    due = {(spec.id, spec.generation, name) for spec in active for name in spec.participants}
    if set(world.ground.pods) != due:
        yield f"running {sorted(world.ground.pods)}, active {sorted(due)}"

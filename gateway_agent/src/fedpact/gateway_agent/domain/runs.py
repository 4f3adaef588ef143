"""
What to do next about one job: wanted against said and seen, one step at a time.

A job's last word is said after its results are stored or given up. Its results are fetched into the agent's own
folder first, so that the activation may go while they are still being stored. FLARE's status says how a job ended;
whether it still runs is also judged from outside, because a status may say RUNNING for ever.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fedpact.contracts.directives import JobDirective, Wanted
from fedpact.contracts.envelope import Fact
from fedpact.contracts.jobs import ArtifactKind
from fedpact.contracts.workloads import JobObserved, JobPhase

FINAL = frozenset({JobPhase.COMPLETED, JobPhase.FAILED, JobPhase.CANCELLED})
TRANSITIONS: Mapping[JobPhase, frozenset[JobPhase]] = {
    JobPhase.SUBMITTED: frozenset({JobPhase.RUNNING}) | FINAL,
    JobPhase.RUNNING: FINAL,
    JobPhase.COMPLETED: frozenset(),
    JobPhase.FAILED: frozenset(),
    JobPhase.CANCELLED: frozenset(),
}
ENDED = "the activation ended before the job did"
"""Why it did, the hub knows and says."""
UNWANTED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One job, as last said."""

    spec_id: str
    job_id: str
    generation: int
    attempt: int = 0
    """0 where an earlier version wrote it down."""
    phase: JobPhase
    engine_job: str = ""

    def is_past(self, attempt: int) -> bool:
        """Whether it was in an earlier attempt of the activation than that."""
        return 0 < self.attempt < attempt

    @property
    def final(self) -> bool:
        return self.phase in FINAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How FLARE ended a job whose results were fetched."""

    phase: JobPhase
    engine_job: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSight:
    """What is seen of a job beside what was said of it."""

    outcome: Outcome | None = None
    """Its results lie here."""
    session: bool = False
    """Whether its FLARE server can be spoken to."""
    ended: bool = False
    """Whether its activation is over, or ending; whether the job ends with it or runs again, the hub says."""
    lost: bool = False
    """Nothing runs it any more, whatever FLARE says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """Render, check and submit it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """Ask FLARE; fetch the results when it is done, pass on new metrics."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Abort:
    """Have FLARE end it, unless it has ended by itself: then its results are fetched."""

    reason: str
    with_activation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Store the fetched results, then say its last word."""

    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class SayEnded:
    """Its last word, without results."""

    phase: JobPhase
    reason: str
    with_activation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """Nothing to do now; look again after so many seconds."""

    seconds: float


RunStep = Submit | Poll | Abort | Store | SayEnded | Later


def plan_run(wanted: JobDirective | None, said: Run | None, sight: RunSight) -> RunStep | None:
    """The next step for a job; `None` once its last word is said."""
    if wanted is None:
        return None
    if said is not None and said.is_past(wanted.attempt):
        said = None
    if said is not None and said.final:
        return None
    if sight.outcome:
        return Store(outcome=sight.outcome)
    if sight.ended and wanted.wanted is not Wanted.STOPPED:
        return Later(seconds=1.0)
    if sight.ended or wanted.wanted is Wanted.STOPPED:
        reason = ENDED if sight.ended else UNWANTED
        if said is None or not sight.session:
            return SayEnded(phase=JobPhase.CANCELLED, reason=reason, with_activation=sight.ended)
        return Abort(reason=reason, with_activation=sight.ended)
    if sight.lost:
        return SayEnded(phase=JobPhase.FAILED, reason="the job was lost: no process runs it any more; submit it again")
    if not sight.session:
        return Later(seconds=0.1)
    return Submit() if said is None else Poll()


def pause(lasted: float) -> float:
    """
    Seconds until FLARE is asked again about a job that has `lasted` so long: a hundredth of it, 0.1 to 2.

    A short job's end is noticed at once, and a long one's audit log does not grow by ten lines a second.
    """
    return min(max(lasted / 100, 0.1), 2.0)


def news(run: Run | None, fact: JobObserved) -> Sequence[Fact]:
    """The fact, if it may be said of the job."""
    if run is None or run.is_past(fact.attempt):
        return [fact]
    return [fact] if fact.phase in TRANSITIONS[run.phase] else []


def evolve(run: Run | None, fact: Fact) -> Run:
    """The job after `fact` was said."""
    if not isinstance(fact, JobObserved):
        raise TypeError(f"`{fact.type}` is not about a job")
    same = run is not None and not run.is_past(fact.attempt)
    return Run(
        spec_id=fact.spec_id,
        job_id=fact.job_id,
        generation=fact.generation,
        attempt=fact.attempt,
        phase=fact.phase,
        engine_job=fact.engine_job or (run.engine_job if run and same else ""),
    )


def kind_of(name: str) -> ArtifactKind:
    """What a result file is, by its name."""
    path = name.lower()
    if "metric" in path:
        return ArtifactKind.METRIC
    if path.endswith((".log", "log.txt", "log.json")):
        return ArtifactKind.LOG
    if path.endswith((".pt", ".pth", ".npy", ".npz", ".safetensors", ".ckpt")) or "checkpoint" in path:
        return ArtifactKind.CHECKPOINT
    return ArtifactKind.RESULT

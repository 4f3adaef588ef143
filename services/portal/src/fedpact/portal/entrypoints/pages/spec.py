"""One compute spec: its decision, its participants, its jobs while they run, what happened, and what one may do."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import Field

from fedpact.contracts.api import (
    ArtifactView,
    CloneRequest,
    GenerationGuard,
    JobQuery,
    JobView,
    MetricPoint,
    NewJob,
    SpecView,
)
from fedpact.contracts.envelope import Strict
from fedpact.contracts.jobs import ArtifactKind
from fedpact.contracts.registry import VersionRecord
from fedpact.contracts.specs import Stage
from fedpact.portal.domain.errors import NotVisibleError
from fedpact.portal.domain.model import Entry, Measured
from fedpact.portal.domain.offers import may_cancel, offers
from fedpact.portal.domain.phases import phases
from fedpact.portal.domain.sight import may_see_job
from fedpact.portal.entrypoints.pages.examples import examples_of
from fedpact.portal.entrypoints.pages.forms import Form, Mistake
from fedpact.portal.entrypoints.pages.live import News, frame, live
from fedpact.portal.entrypoints.pages.outcomes import filled_in, settled
from fedpact.portal.entrypoints.pages.page import POST, Answer, Desk, Page, View, Visit, roles_of
from fedpact.portal.entrypoints.pages.trouble import STATUS_UNPROCESSABLE

JOBS = 10
FIRST = (ArtifactKind.RESULT, ArtifactKind.CHECKPOINT, ArtifactKind.METRIC, ArtifactKind.LOG)
WAITING = "updating.awaiting_resources"


class JobsPage(Strict):
    """Which of a spec's jobs to show."""

    page: Annotated[int, Field(ge=0, le=100_000)] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCard:
    """A job with what the viewer may do with it."""

    job: JobView
    latest: Sequence[MetricPoint]
    may_cancel: bool

    @property
    def files(self) -> Sequence[ArtifactView]:
        """Its result files, what people come for first."""
        return sorted(self.job.artifacts, key=lambda file: (FIRST.index(file.kind), file.name))


@dataclass(frozen=True, slots=True)
class JobDraft:
    """The form for a job, as far as it is filled in."""

    form: Form = field(default_factory=Form)
    wrong: Sequence[Mistake] = ()


async def detail(desk: Desk, visit: Visit) -> Answer:
    """All of it; the part that changes by itself when only that is asked for."""
    return await _shown(desk, visit, JobDraft())


async def changes(desk: Desk, visit: Visit) -> Answer:
    """`changed` when the page is out of date; `measured` with each round of a job one may see."""
    spec_id = (await desk.queries.spec(visit.viewer, visit.path("spec"))).spec_id

    async def tell(news: News) -> bytes:
        match news:
            case Entry(spec_id=about) if about == spec_id and desk.queries.may_hear(visit.viewer, news):
                return frame("changed")
            case Measured():
                await desk.queries.index.settle()
                row = desk.queries.index.jobs.get(news.job_id)
                if row is not None and row.spec_id == spec_id and may_see_job(visit.viewer, row.creator):
                    return frame("measured", news.model_dump_json(include={"job_id", "point"}))
            case _:
                pass
        return b""

    return await live(desk, visit, tell)


async def activate(desk: Desk, visit: Visit) -> Answer:
    outcome = await desk.writes.activate_spec(visit.sends(_guard(visit)))
    return settled(outcome, visit, _place(visit))


async def deactivate(desk: Desk, visit: Visit) -> Answer:
    """Whatever generation is there: who wants it stopped wants it stopped."""
    outcome = await desk.writes.deactivate_spec(visit.sends(GenerationGuard()))
    return settled(outcome, visit, _place(visit))


async def clone(desk: Desk, visit: Visit) -> Answer:
    outcome = await desk.writes.clone_spec(visit.sends(CloneRequest()))
    return settled(outcome, visit, outcome.location.removeprefix("/v1") or _place(visit))


async def submit(desk: Desk, visit: Visit) -> Answer:
    """Run a payload, once the spec is active; what is not right yet is told on the form."""
    spec = await desk.queries.spec(visit.viewer, visit.path("spec"))
    form = visit.form

    async def send() -> Answer:
        sent = NewJob.model_validate(
            {
                "spec_id": spec.spec_id,
                "payload": form.json("payload"),
                "activate": spec.stage is not Stage.ACTIVE,
                "deactivate": form.ticked("once"),
            }
        )
        return settled(await desk.writes.submit_job(visit.sends(sent)), visit, f"{_place(visit)}#jobs")

    return await filled_in(send, lambda wrong: _shown(desk, visit, JobDraft(form, wrong)))


async def cancel(desk: Desk, visit: Visit) -> Answer:
    job = await desk.queries.job(visit.viewer, visit.path("job"))
    return settled(await desk.writes.cancel_job(visit.sends()), visit, f"/specs/{job.spec_id}#jobs")


async def points(desk: Desk, visit: Visit) -> Answer:
    """The rounds of a job, for its plots."""
    return desk.json(await desk.reads.metrics(visit.call))


async def artifact(desk: Desk, visit: Visit) -> Answer:
    """One result file."""
    return await desk.streams.artifact(visit.call)


async def _shown(desk: Desk, visit: Visit, draft: JobDraft) -> View:
    viewer, queries = visit.viewer, desk.queries
    spec = await queries.spec(viewer, visit.path("spec"))
    why = await queries.why(viewer, spec.spec_id) if spec.status == WAITING else None
    page = visit.asked(JobsPage).page if visit.call.query else 0
    record = await _version(desk, spec)
    jobs = await queries.jobs(viewer, JobQuery(spec=spec.spec_id, page=page, page_size=JOBS))
    cards = [await _card(desk, visit, job.job_id) for job in jobs.items]
    context = {
        "spec": spec,
        "offers": offers(viewer, spec),
        "wait": why.wait if why else None,
        "phases": list(reversed(phases((await queries.timeline(viewer, spec.spec_id)).entries))),
        "jobs": jobs,
        "cards": cards,
        "address": lambda number: f"/specs/{spec.spec_id}?page={number}#jobs",
        "version_record": record,
        "examples": examples_of(record, cards[0].job.payload if cards else None),
        "draft": draft,
        "key": visit.call.command_id,
    }
    template = "_spec.html" if visit.partial else "spec.html"
    return View(template=template, context=context, status=STATUS_UNPROCESSABLE if draft.wrong else 200)


async def _card(desk: Desk, visit: Visit, job_id: str) -> JobCard:
    job = await desk.queries.job(visit.viewer, job_id)
    rounds = (await desk.queries.metrics(visit.viewer, job_id)).points
    last = {point.gateway: point for point in rounds}
    return JobCard(job=job, latest=tuple(last.values()), may_cancel=may_cancel(visit.viewer, job))


async def _version(desk: Desk, spec: SpecView) -> VersionRecord | None:
    """The model version of the spec as the registry describes it, while it does."""
    try:
        model = await desk.queries.registered_model(spec.model.id)
    except NotVisibleError:
        return None
    return next((record for record in model.versions if record.version == spec.model.version), None)


def _guard(visit: Visit) -> GenerationGuard:
    return GenerationGuard.model_validate({"expected_generation": visit.form.given("generation")})


def _place(visit: Visit) -> str:
    return f"/specs/{visit.path('spec')}"


PAGES = (
    Page(path="/specs/{spec}", handler=detail, query=JobsPage),
    Page(path="/live/specs/{spec}", handler=changes),
    Page(path="/specs/{spec}/activate", handler=activate, method=POST, roles=roles_of("activate_spec")),
    Page(path="/specs/{spec}/deactivate", handler=deactivate, method=POST, roles=roles_of("deactivate_spec")),
    Page(path="/specs/{spec}/clone", handler=clone, method=POST, roles=roles_of("clone_spec")),
    Page(path="/specs/{spec}/jobs", handler=submit, method=POST, roles=roles_of("submit_job")),
    Page(path="/jobs/{job}/cancel", handler=cancel, method=POST, roles=roles_of("cancel_job")),
    Page(path="/jobs/{job}/points", handler=points),
    Page(path="/jobs/{job}/artifacts/{name:.+}", handler=artifact),
)

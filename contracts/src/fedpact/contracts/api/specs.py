"""Compute specs in the HTTP API."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, model_validator

from fedpact.contracts.api.common import CreatorView, Generation, Page, PageQuery
from fedpact.contracts.envelope import Model, Strict
from fedpact.contracts.ids import DatasetId, Digest, Id
from fedpact.contracts.pact import ModelRef, Site, SpecContent
from fedpact.contracts.policies import Reason
from fedpact.contracts.queries import Wait
from fedpact.contracts.specs import EndOutcome, ParticipantView, Stage, Verdict


class SpecQuery(PageQuery):
    """
    `status` is a main category. Search by one of dataset, model, spec id or creator; part of it is enough.

    `search` looks in all four of them.
    """

    status: Literal["active", "updating", "inactive", "failed"] | None = None
    dataset: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    model: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    spec: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    creator: Annotated[str, Field(min_length=1, max_length=254)] | None = None
    search: Annotated[str, Field(min_length=1, max_length=254)] | None = None

    @model_validator(mode="after")
    def _one_search(self) -> "SpecQuery":
        if sum(term is not None for term in (self.dataset, self.model, self.spec, self.creator, self.search)) > 1:
            raise ValueError("search by one of dataset, model, spec, creator or all of them, not by several")
        return self


class NewSpec(Strict):
    """`spec_id` is the sender's choice; left out, one is made."""

    spec_id: Id | None = None
    content: SpecContent


class CloneRequest(Strict):
    spec_id: Id | None = None


class GenerationGuard(Strict):
    """With `expected_generation` the command is refused when somebody else was faster."""

    expected_generation: Generation | None = None


class SpecSummary(Model):
    """A row of the list. `status` is `category.detail`, for example `active.running_idle`."""

    spec_id: Id
    creator: CreatorView
    datasets: tuple[DatasetId, ...]
    model: ModelRef
    status: str
    created_at: AwareDatetime


class SpecView(SpecSummary):
    """The whole spec. `custodian_reasons` are told to the owner of a dataset in it, and to nobody else."""

    content: SpecContent
    digest: Digest
    sites: tuple[Site, ...]
    cloned_from: Id | None = None
    verdict: Verdict
    reasons: tuple[Reason, ...] = ()
    custodian_reasons: tuple[Reason, ...] = ()
    stage: Stage
    generation: int
    attempt: int = 1
    outcome: EndOutcome = EndOutcome.NONE
    cause: str = ""
    participants: dict[str, ParticipantView] = {}
    open_jobs: tuple[str, ...] = ()
    idle_since: AwareDatetime | None = None


class WhyView(Model):
    """Why the spec is where it is. `sentences` say it in words; `wait` is absent when the scheduler does not answer."""

    spec_id: Id
    status: str
    verdict: Verdict
    sentences: tuple[str, ...]
    reasons: tuple[Reason, ...] = ()
    custodian_reasons: tuple[Reason, ...] = ()
    wait: Wait | None = None


SpecPage = Page[SpecSummary]

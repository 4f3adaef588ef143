"""
The HTTP API in values: what the portal is sent and what it answers.

Requests are strict: a member nobody knows is a mistake worth telling. Answers may grow. The route table in the portal
and these models make the OpenAPI document, so neither can say what the other does not.
"""

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AwareDatetime, Field, JsonValue, model_validator

from fedpact.contracts.envelope import Actor, Model, Strict
from fedpact.contracts.identity import Role
from fedpact.contracts.ids import DatasetId, Digest, Email, Id
from fedpact.contracts.jobs import JobStatus, Step, StoredFile
from fedpact.contracts.pact import ModelRef, Resources, Site, SpecContent
from fedpact.contracts.policies import Beneficiaries, DatasetScope, Dsse, PolicyDocument, Reason, Rule
from fedpact.contracts.queries import Wait
from fedpact.contracts.registry import DatasetShape, VersionRecord
from fedpact.contracts.specs import EndOutcome, ParticipantView, Payload, Stage, Verdict

V = TypeVar("V", bound=Model)
Generation = Annotated[int, Field(ge=0)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class ReadQuery(Strict):
    """`min_sequence` is the `Fedpact-Sequence` of an earlier answer: this answer is at least as new."""

    min_sequence: (
        Annotated[str, Field(pattern=r"^[a-z0-9_./-]+:[A-Za-z0-9_./@-]+:[0-9]{1,15}$", max_length=200)] | None
    ) = None


class PageQuery(ReadQuery):
    """Pages are counted from 0."""

    page: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    page_size: Annotated[int, Field(ge=1, le=200)] = 50


class SpecQuery(PageQuery):
    """`status` is a main category. Search by one of dataset, model, spec id or creator; part of it is enough."""

    status: Literal["active", "updating", "inactive", "failed"] | None = None
    dataset: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    model: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    spec: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    creator: Annotated[str, Field(min_length=1, max_length=254)] | None = None

    @model_validator(mode="after")
    def _one_search(self) -> "SpecQuery":
        if sum(term is not None for term in (self.dataset, self.model, self.spec, self.creator)) > 1:
            raise ValueError("search by one of dataset, model, spec or creator, not by several")
        return self


class JobQuery(PageQuery):
    spec: Id | None = None
    status: JobStatus | None = None


class EventQuery(Strict):
    """Which events to send: all one may see, or those of one spec or of one chain of causes."""

    spec: Id | None = None
    correlation: Annotated[str, Field(min_length=1, max_length=64)] | None = None


class NewOrganization(Strict):
    organization: Id
    name: Name


class NewUser(Strict):
    """`organization` is one's own when it is left out. `secret_hash` (SHA-256, hex) makes it a service account."""

    user: Id
    organization: Id | None = None
    name: Name
    email: Email | None = None
    roles: tuple[Role, ...] = ()
    groups: tuple[Id, ...] = ()
    secret_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class UserChange(Strict):
    """Members left out stay as they are."""

    roles: tuple[Role, ...] | None = None
    groups: tuple[Id, ...] | None = None
    disabled: bool | None = None


class NewGateway(Strict):
    gateway: Id
    organization: Id
    role: Literal["gateway", "orchestrator"] = "gateway"


class NewModel(Strict):
    model: Id
    name: Name
    description: Annotated[str, Field(max_length=5000)] = ""


class NewPolicy(Strict):
    """A signed envelope, or a plain document, which travels unsigned. Exactly one of the two."""

    envelope: Dsse | None = None
    document: PolicyDocument | None = None

    @model_validator(mode="after")
    def _one_form(self) -> "NewPolicy":
        if (self.envelope is None) == (self.document is None):
            raise ValueError("give either `envelope` or `document`")
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


class NewJob(Strict):
    """`job_id` is the sender's choice and its idempotency key; left out, one is made."""

    job_id: Id | None = None
    spec_id: Id
    payload: Annotated[Payload, Field(max_length=64)]
    activate: bool = False
    deactivate: bool = False


class Page(Model, Generic[V]):
    """One page of a list; `total` counts all that match."""

    page: int
    page_size: int
    total: int
    items: tuple[V, ...]

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        return f"{params[0].__name__.removesuffix('View').removesuffix('Summary')}Page"


class MemberProblem(Model):
    path: str
    text: str


class Problem(Model):
    """RFC 9457. `slug` is the stable code, `detail` is for a person, `path` the failing member."""

    type: str
    title: str
    status: int
    slug: str
    detail: str
    path: str = ""
    errors: tuple[MemberProblem, ...] = ()


class ConfigView(Model):
    """What a client needs before it can log in. Log in at `issuer`."""

    issuer: str
    channel: Id
    version: str


class StatusView(Model):
    """`checks`: part of the hub -> `ok`, or what is wrong with it."""

    ready: bool
    checks: dict[str, str]


class MeView(Actor):
    """Who the token vouches for."""


class OrganizationView(Model):
    organization: Id
    name: str


class UserView(Model):
    user: Id
    organization: Id
    name: str
    email: str | None = None
    roles: tuple[Role, ...] = ()
    groups: tuple[str, ...] = ()
    service_account: bool = False
    disabled: bool = False


class GatewayView(Model):
    """`announced` is false until the site has spoken; totals are what it allots to Fedpact, never what is free."""

    gateway: Id
    organization: Id
    role: Literal["gateway", "orchestrator"]
    announced: bool = False
    totals: Resources | None = None
    version: str = ""
    capabilities: tuple[str, ...] = ()
    limits_enforced: tuple[str, ...] = ()


class DatasetView(Model):
    """A dataset as the hub knows it. Where it lies only its gateway knows."""

    dataset: DatasetId
    name: str
    description: str
    gateway: Id
    organization: Id
    shape: DatasetShape
    derived_from: tuple[DatasetId, ...] = ()


class ModelView(Model):
    model: Id
    name: str
    description: str = ""
    publisher: Id
    versions: tuple[VersionRecord, ...] = ()


class PolicyView(Model):
    """An asset policy. Members after `rules` are told to the organization that wrote it, and to nobody else."""

    policy: Id
    revision: int
    name: str
    organization: Id
    datasets: tuple[DatasetScope, ...]
    not_before: AwareDatetime | None = None
    not_after: AwareDatetime | None = None
    withdrawn: bool = False
    signed: bool = False
    rules: tuple[Rule, ...]
    description: str | None = None
    beneficiaries: Beneficiaries | None = None
    signed_by: tuple[str, ...] | None = None
    envelope: Dsse | None = None


class CreatorView(Model):
    user: Id
    organization: Id
    email: str | None = None


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


class TimelineEntry(Model):
    """Something that happened. `id` is its place in its stream, the same for everybody and for ever."""

    id: str
    type: str
    time: AwareDatetime
    about: str
    text: str
    spec_id: str | None = None
    job_id: str | None = None
    correlation: str = ""


class TimelineView(Model):
    entries: tuple[TimelineEntry, ...]


class JobSummary(Model):
    job_id: Id
    spec_id: Id
    creator: CreatorView
    status: JobStatus
    submitted_at: AwareDatetime
    ended_at: AwareDatetime | None = None


class ArtifactView(StoredFile):
    """One result file. `url` is where this API streams it from."""

    url: str


class ArtifactsView(Model):
    job_id: Id
    stored: bool
    items: tuple[ArtifactView, ...]


class JobView(JobSummary):
    steps: tuple[Step, ...]
    generation: int | None = None
    engine_job: str = ""
    reason: str = ""
    payload: dict[str, JsonValue] = {}
    artifacts: tuple[ArtifactView, ...] = ()


class MetricPoint(Model):
    gateway: Id
    round: int
    metrics: dict[str, float]
    at: AwareDatetime


class MetricsView(Model):
    job_id: Id
    points: tuple[MetricPoint, ...]


class CommandView(Model):
    """
    What became of a command. `pending` is also said of one whose answer the read model has not seen yet.

    `sequence` of an accepted one can be given to a read as `min_sequence`.
    """

    command_id: str
    command: str
    about: str
    status: Literal["pending", "accepted", "refused"]
    status_url: str
    slug: str = ""
    reason: str = ""
    path: str = ""
    sequence: str = ""


OrganizationPage = Page[OrganizationView]
UserPage = Page[UserView]
GatewayPage = Page[GatewayView]
DatasetPage = Page[DatasetView]
ModelPage = Page[ModelView]
PolicyPage = Page[PolicyView]
SpecPage = Page[SpecSummary]
JobPage = Page[JobSummary]

"""Every noun sends the request the API takes, and gives its typed answer."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from client_portal import AT, DIGEST, PORTAL, FakePortal, active, body_of, job, options, page, spec
from pydantic import BaseModel

from fedpact.client import AsyncFedpact, AsyncOptions, Fedpact, Job, Spec
from fedpact.contracts import api
from fedpact.contracts.identity import Role
from fedpact.contracts.pact import SpecContent
from fedpact.contracts.policies import PolicyDocument
from fedpact.contracts.registry import VersionRecord
from fedpact.decision.policies import signed_policy

ORGANIZATION = api.OrganizationView(organization="lakeside", name="Lakeside")
USER = api.UserView(user="ada", organization="northlab", name="Ada")
GATEWAY = api.GatewayView(gateway="gateway-1", organization="lakeside", role="gateway")
DATASET = api.DatasetView.model_validate(
    {
        "dataset": "heart_gateway-1_lakeside",
        "name": "heart",
        "description": "",
        "gateway": "gateway-1",
        "organization": "lakeside",
        "shape": {},
    }
)
MODEL = api.ModelView(model="logreg", name="Logistic regression", publisher="northlab")
DOCUMENT = PolicyDocument.model_validate(
    {
        "id": "p-1",
        "name": "Heart study",
        "organization": "lakeside",
        "datasets": [{"id": "heart_gateway-1_lakeside"}],
        "beneficiaries": {"organizations": ["northlab"]},
        "rules": [{"model": "logreg"}],
    }
)
POLICY = api.PolicyView(
    policy="p-1", revision=1, name="Heart study", organization="lakeside", datasets=DOCUMENT.datasets, rules=()
)
RECORD = VersionRecord(version="1.0.0", digest=DIGEST)
CONTENT = SpecContent.model_validate(
    {"datasets": ["heart_gateway-1_lakeside"], "model": {"id": "logreg", "version": "1.0.0"}}
)
WRITTEN = {"datasets": ["heart_gateway-1_lakeside"], "model": {"id": "logreg", "version": "1.0.0"}}
ME = api.MeView(user="ada", organization="northlab", roles=("data_scientist",), groups=(), channel="main")
STATUS = api.StatusView(ready=True, checks={"bus": "ok"})
WHY = api.WhyView(spec_id="s-1", status="inactive.rejected", verdict="rejected", sentences=("no policy",))
PROPOSAL = api.ProposalView.model_validate(
    {
        "proposal": "p-1",
        "gateway": "gateway-1",
        "organization": "lakeside",
        "name": "scans",
        "entry": "scans/",
        "proposed_by": "stan",
        "made_at": AT,
        "status": "proposed",
    }
)
METRICS = api.MetricsView.model_validate({"job_id": "j-1", "points": []})
ARTIFACTS = api.ArtifactsView(job_id="j-1", stored=True, items=())
COMMAND = api.CommandView(command_id="c-1", command="x", about="s-1", status="pending", status_url="/v1/commands/c-1")

Call = Callable[[Any], Any]
READS: list[tuple[Call, str, dict[str, str], BaseModel]] = [
    (lambda fp: fp.me(), "/v1/me", {}, ME),
    (lambda fp: fp.status(), "/v1/status", {}, STATUS),
    (lambda fp: fp.config(), "/v1/config", {}, api.ConfigView(issuer="x", channel="main", version="1")),
    (lambda fp: fp.command("c-1"), "/v1/commands/c-1", {}, COMMAND),
    (lambda fp: fp.organizations.get("lakeside"), "/v1/organizations/lakeside", {}, ORGANIZATION),
    (lambda fp: fp.users.get("ada"), "/v1/users/ada", {}, USER),
    (lambda fp: fp.gateways.get("gateway-1"), "/v1/gateways/gateway-1", {}, GATEWAY),
    (lambda fp: fp.datasets.get(DATASET.dataset), f"/v1/datasets/{DATASET.dataset}", {}, DATASET),
    (lambda fp: fp.datasets.proposal("p-1"), "/v1/dataset-proposals/p-1", {}, PROPOSAL),
    (lambda fp: fp.models.get("logreg"), "/v1/models/logreg", {}, MODEL),
    (lambda fp: fp.policies.get("p-1"), "/v1/policies/p-1", {}, POLICY),
    (lambda fp: fp.specs.get("s-1"), "/v1/specs/s-1", {}, spec()),
    (lambda fp: fp.specs.why("s-1"), "/v1/specs/s-1/why", {}, WHY),
    (lambda fp: fp.specs.timeline("s-1"), "/v1/specs/s-1/timeline", {}, api.TimelineView(entries=())),
    (lambda fp: fp.jobs.get("j-1"), "/v1/jobs/j-1", {}, job()),
    (lambda fp: fp.job("j-1"), "/v1/jobs/j-1", {}, job()),
    (lambda fp: fp.spec("s-1"), "/v1/specs/s-1", {}, spec()),
    (lambda fp: fp.jobs.metrics("j-1"), "/v1/jobs/j-1/metrics", {}, METRICS),
    (lambda fp: fp.jobs.artifacts("j-1"), "/v1/jobs/j-1/artifacts", {}, ARTIFACTS),
    (
        lambda fp: fp.specs.list(api.SpecQuery(status="active", creator="ada", page=2)),
        "/v1/specs",
        {"status": "active", "creator": "ada", "page": "2", "page_size": "50"},
        page(api.SpecPage, spec().model_dump()),
    ),
    (
        lambda fp: fp.jobs.list(api.JobQuery(spec="s-1", status="running")),
        "/v1/jobs",
        {"spec": "s-1", "status": "running", "page": "0", "page_size": "50"},
        page(api.JobPage, job().model_dump()),
    ),
] + [
    (call, path, {"page": "0", "page_size": "50"}, answer)
    for call, path, answer in (
        (lambda fp: fp.organizations.list(), "/v1/organizations", page(api.OrganizationPage, ORGANIZATION)),
        (lambda fp: fp.users.list(), "/v1/users", page(api.UserPage, USER)),
        (lambda fp: fp.gateways.list(), "/v1/gateways", page(api.GatewayPage, GATEWAY)),
        (lambda fp: fp.datasets.list(), "/v1/datasets", page(api.DatasetPage, DATASET)),
        (lambda fp: fp.datasets.proposals(), "/v1/dataset-proposals", page(api.ProposalPage, PROPOSAL)),
        (lambda fp: fp.models.list(), "/v1/models", page(api.ModelPage, MODEL)),
        (lambda fp: fp.policies.list(), "/v1/policies", page(api.PolicyPage, POLICY)),
    )
]
ENVELOPE = signed_policy(DOCUMENT)
WRITES: list[tuple[Call, str, str, Any, BaseModel]] = [
    (lambda fp: fp.specs.create(CONTENT), "POST", "/v1/specs", {"content": WRITTEN}, spec()),
    (
        lambda fp: fp.specs.create(CONTENT, spec_id="s-1"),
        "POST",
        "/v1/specs",
        {"content": WRITTEN, "spec_id": "s-1"},
        spec(),
    ),
    (lambda fp: fp.specs.clone("s-1"), "POST", "/v1/specs/s-1/clone", {}, spec(spec_id="s-2")),
    (lambda fp: fp.specs.clone("s-1", new_id="s-2"), "POST", "/v1/specs/s-1/clone", {"spec_id": "s-2"}, spec()),
    (lambda fp: fp.specs.activate("s-1"), "POST", "/v1/specs/s-1/activate", {}, active()),
    (
        lambda fp: fp.specs.deactivate("s-1", expected_generation=0),
        "POST",
        "/v1/specs/s-1/deactivate",
        {"expected_generation": 0},
        spec(),
    ),
    (
        lambda fp: fp.jobs.submit("s-1", {"rounds": 5}),
        "POST",
        "/v1/jobs",
        {"spec_id": "s-1", "payload": {"rounds": 5}},
        job(),
    ),
    (
        lambda fp: fp.jobs.submit("s-1", {}, activate=True, deactivate=True, job_id="j-1"),
        "POST",
        "/v1/jobs",
        {"spec_id": "s-1", "payload": {}, "activate": True, "deactivate": True, "job_id": "j-1"},
        job(),
    ),
    (lambda fp: fp.jobs.cancel("j-1"), "POST", "/v1/jobs/j-1/cancel", None, job()),
    (
        lambda fp: fp.organizations.register("lakeside", "Lakeside"),
        "POST",
        "/v1/organizations",
        {"organization": "lakeside", "name": "Lakeside"},
        ORGANIZATION,
    ),
    (
        lambda fp: fp.users.register(api.NewUser(user="ada", name="Ada", roles=(Role.DATA_SCIENTIST,))),
        "POST",
        "/v1/users",
        {"user": "ada", "name": "Ada", "roles": ["data_scientist"]},
        USER,
    ),
    (
        lambda fp: fp.users.change("ada", api.UserChange(disabled=True)),
        "PATCH",
        "/v1/users/ada",
        {"disabled": True},
        USER,
    ),
    (
        lambda fp: fp.gateways.register("gateway-1", "lakeside"),
        "POST",
        "/v1/gateways",
        {"gateway": "gateway-1", "organization": "lakeside", "role": "gateway"},
        GATEWAY,
    ),
    (
        lambda fp: fp.gateways.revoke("gateway-1"),
        "POST",
        "/v1/gateways/gateway-1/revoke",
        None,
        GATEWAY,
    ),
    (
        lambda fp: fp.datasets.propose(api.NewProposal(gateway="gateway-1", name="scans", entry="scans/")),
        "POST",
        "/v1/dataset-proposals",
        {"gateway": "gateway-1", "name": "scans", "entry": "scans/"},
        PROPOSAL,
    ),
    (
        lambda fp: fp.models.register("logreg", "Logistic regression", description="d"),
        "POST",
        "/v1/models",
        {"model": "logreg", "name": "Logistic regression", "description": "d"},
        MODEL,
    ),
    (
        lambda fp: fp.models.add_version("logreg", RECORD),
        "POST",
        "/v1/models/logreg/versions",
        {"version": "1.0.0", "digest": DIGEST},
        MODEL,
    ),
    (
        lambda fp: fp.policies.publish(DOCUMENT),
        "POST",
        "/v1/policies",
        {"document": DOCUMENT.model_dump(mode="json", exclude_unset=True)},
        POLICY,
    ),
    (
        lambda fp: fp.policies.publish(ENVELOPE),
        "POST",
        "/v1/policies",
        {"envelope": ENVELOPE.model_dump(mode="json", exclude_unset=True)},
        POLICY,
    ),
    (lambda fp: fp.policies.withdraw("p-1"), "DELETE", "/v1/policies/p-1", None, POLICY),
]


def waited(portal: FakePortal, call: Call) -> Any:
    """What the synchronous client gives."""
    with Fedpact(PORTAL, "t0ken", options(portal)) as fp:
        return seen(call(fp))


def awaited(portal: FakePortal, call: Call) -> Any:
    """What the asynchronous client gives."""

    async def ask() -> Any:
        async with AsyncFedpact(PORTAL, "t0ken", AsyncOptions(transport=portal)) as fp:
            return seen(await call(fp))

    return asyncio.run(ask())


def seen(given: Any) -> BaseModel:
    """The answer in what is given: what makes a thing gives a handle to it."""
    return given.view if isinstance(given, Spec | Job) else given


both = pytest.mark.parametrize("ask", [waited, awaited])


@both
@pytest.mark.parametrize(("call", "path", "query", "answer"), READS, ids=[f"{path}" for _, path, *_ in READS])
def test_a_read_asks_for_its_resource(ask, call: Call, path: str, query: dict[str, str], answer: BaseModel) -> None:
    portal = FakePortal().on("GET", path, answer)
    assert ask(portal, call) == answer
    assert dict(portal.last.url.params) == query
    assert portal.last.headers["authorization"] == "Bearer t0ken"
    assert "idempotency-key" not in portal.last.headers


@both
@pytest.mark.parametrize(
    ("call", "method", "path", "body", "answer"), WRITES, ids=[f"{m} {p}" for _, m, p, *_ in WRITES]
)
def test_a_write_sends_its_body_under_a_key(
    ask, call: Call, method: str, path: str, body: Any, answer: BaseModel
) -> None:
    portal = FakePortal().on(method, path, answer)
    assert ask(portal, call) == answer
    ask(portal, call)
    assert body_of(portal.last) == body
    first, second = (request.headers["idempotency-key"] for request in portal.requests)
    assert first
    assert first != second


@pytest.mark.parametrize("call", [lambda fp, key: fp.jobs.submit("s-1", {}, key=key)])
def test_a_key_of_ones_own_is_sent_as_it_is(call) -> None:
    portal = FakePortal().on("POST", "/v1/jobs", job())
    call(Fedpact(PORTAL, "t0ken", options(portal)), "mine")
    assert portal.last.headers["idempotency-key"] == "mine"


def test_an_id_cannot_leave_its_place_in_the_path() -> None:
    portal = FakePortal()
    portal.on("GET", "/v1/specs/..%2Fusers%3Fa", spec())
    Fedpact(PORTAL, "t0ken", options(portal)).specs.get("../users?a")
    assert portal.last.url.raw_path == b"/v1/specs/..%2Fusers%3Fa"


def test_every_page_is_read_until_all_are_told() -> None:
    portal = FakePortal()

    def one(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params["page"])
        items = [spec(spec_id=f"s-{number}").model_dump(mode="json")]
        return httpx.Response(200, json={"page": number, "page_size": 200, "total": 401, "items": items})

    portal.on("GET", "/v1/specs", one)
    found = [row.spec_id for row in Fedpact(PORTAL, "t", options(portal)).specs.every()]
    assert found == ["s-0", "s-1", "s-2"]


def test_what_the_hub_adds_later_does_not_disturb() -> None:
    portal = FakePortal().on("GET", "/v1/me", ME.model_dump() | {"shoe_size": 43})
    assert Fedpact(PORTAL, "t", options(portal)).me() == ME


def test_the_values_of_this_file_are_what_they_seem() -> None:
    assert spec().created_at.isoformat().startswith(AT[:19])

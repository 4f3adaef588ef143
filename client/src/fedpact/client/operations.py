"""The operations of the API as request builders: the one place where its paths are written down. Pure."""

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import quote

from pydantic import BaseModel

from fedpact.client.errors import InputError
from fedpact.client.messages import Request
from fedpact.contracts import api
from fedpact.contracts.artifacts import Grantee
from fedpact.contracts.registry import VersionRecord

A = TypeVar("A", bound=BaseModel)


def path_of(*parts: str) -> str:
    """A path of the API; what a person typed cannot leave its place in it."""
    for part in parts:
        if not isinstance(part, str) or not part.isprintable():
            raise InputError(f"`{part!r}` is no id: give it as text, such as `s-42`")
        if not part:
            raise InputError(f"the id is empty: name the one you mean of the {parts[0].replace('-', ' ')}")
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)


def config() -> Request[api.ConfigView]:
    return _get(api.ConfigView, "config")


def status() -> Request[api.StatusView]:
    return _get(api.StatusView, "status")


def me() -> Request[api.MeView]:
    return _get(api.MeView, "me")


def command(command_id: str) -> Request[api.CommandView]:
    return _get(api.CommandView, "commands", command_id)


def organizations(page: api.PageQuery) -> Request[api.OrganizationPage]:
    return _list(api.OrganizationPage, page, "organizations")


def organization(organization_id: str) -> Request[api.OrganizationView]:
    return _get(api.OrganizationView, "organizations", organization_id)


def register_organization(new: api.NewOrganization, key: str) -> Request[api.OrganizationView]:
    return _write(api.OrganizationView, "organizations", body=new, key=key)


def users(page: api.PageQuery) -> Request[api.UserPage]:
    return _list(api.UserPage, page, "users")


def user(user_id: str) -> Request[api.UserView]:
    return _get(api.UserView, "users", user_id)


def register_user(new: api.NewUser, key: str) -> Request[api.UserView]:
    return _write(api.UserView, "users", body=new, key=key)


def change_user(user_id: str, change: api.UserChange, key: str) -> Request[api.UserView]:
    return _write(api.UserView, "users", user_id, body=change, key=key, method="PATCH")


def gateways(page: api.PageQuery) -> Request[api.GatewayPage]:
    return _list(api.GatewayPage, page, "gateways")


def gateway(gateway_id: str) -> Request[api.GatewayView]:
    return _get(api.GatewayView, "gateways", gateway_id)


def register_gateway(new: api.NewGateway, key: str) -> Request[api.GatewayView]:
    return _write(api.GatewayView, "gateways", body=new, key=key)


def invite_gateway(gateway_id: str, new: api.NewInvitation, key: str) -> Request[api.GatewayView]:
    return _write(api.GatewayView, "gateways", gateway_id, "invite", body=new, key=key)


def revoke_gateway(gateway_id: str, key: str) -> Request[api.GatewayView]:
    return _write(api.GatewayView, "gateways", gateway_id, "revoke", key=key)


def datasets(page: api.PageQuery) -> Request[api.DatasetPage]:
    return _list(api.DatasetPage, page, "datasets")


def dataset(dataset_id: str) -> Request[api.DatasetView]:
    return _get(api.DatasetView, "datasets", dataset_id)


def proposals(page: api.PageQuery) -> Request[api.ProposalPage]:
    return _list(api.ProposalPage, page, "dataset-proposals")


def proposal(proposal_id: str) -> Request[api.ProposalView]:
    return _get(api.ProposalView, "dataset-proposals", proposal_id)


def propose_dataset(new: api.NewProposal, key: str) -> Request[api.ProposalView]:
    return _write(api.ProposalView, "dataset-proposals", body=new, key=key)


def models(page: api.PageQuery) -> Request[api.ModelPage]:
    return _list(api.ModelPage, page, "models")


def model(model_id: str) -> Request[api.ModelView]:
    return _get(api.ModelView, "models", model_id)


def register_model(new: api.NewModel, key: str) -> Request[api.ModelView]:
    return _write(api.ModelView, "models", body=new, key=key)


def add_model_version(model_id: str, record: VersionRecord, key: str) -> Request[api.ModelView]:
    return _write(api.ModelView, "models", model_id, "versions", body=record, key=key)


def policies(page: api.PageQuery) -> Request[api.PolicyPage]:
    return _list(api.PolicyPage, page, "policies")


def policy(policy_id: str) -> Request[api.PolicyView]:
    return _get(api.PolicyView, "policies", policy_id)


def publish_policy(new: api.NewPolicy, key: str) -> Request[api.PolicyView]:
    return _write(api.PolicyView, "policies", body=new, key=key)


def withdraw_policy(policy_id: str, key: str) -> Request[api.PolicyView]:
    return _write(api.PolicyView, "policies", policy_id, key=key, method="DELETE")


def preview_policy(edit: api.PolicyEdit) -> Request[api.Preview]:
    """A question, though it is sent by POST: doing it again is harmless."""
    body = edit.model_dump_json(exclude_unset=True).encode()
    return Request(method="POST", path=path_of("policies", "preview"), answer=api.Preview, body=body)


def specs(query: api.SpecQuery) -> Request[api.SpecPage]:
    return _list(api.SpecPage, query, "specs")


def spec(spec_id: str) -> Request[api.SpecView]:
    return _get(api.SpecView, "specs", spec_id)


def why(spec_id: str) -> Request[api.WhyView]:
    return _get(api.WhyView, "specs", spec_id, "why")


def timeline(spec_id: str) -> Request[api.TimelineView]:
    return _get(api.TimelineView, "specs", spec_id, "timeline")


def create_spec(new: api.NewSpec, key: str) -> Request[api.SpecView]:
    return _write(api.SpecView, "specs", body=new, key=key)


def clone_spec(spec_id: str, request: api.CloneRequest, key: str) -> Request[api.SpecView]:
    return _write(api.SpecView, "specs", spec_id, "clone", body=request, key=key)


def activate_spec(spec_id: str, guard: api.GenerationGuard, key: str) -> Request[api.SpecView]:
    return _write(api.SpecView, "specs", spec_id, "activate", body=guard, key=key)


def deactivate_spec(spec_id: str, guard: api.GenerationGuard, key: str) -> Request[api.SpecView]:
    return _write(api.SpecView, "specs", spec_id, "deactivate", body=guard, key=key)


def jobs(query: api.JobQuery) -> Request[api.JobPage]:
    return _list(api.JobPage, query, "jobs")


def job(job_id: str) -> Request[api.JobView]:
    return _get(api.JobView, "jobs", job_id)


def submit_job(new: api.NewJob, key: str) -> Request[api.JobView]:
    return _write(api.JobView, "jobs", body=new, key=key)


def cancel_job(job_id: str, key: str) -> Request[api.JobView]:
    return _write(api.JobView, "jobs", job_id, "cancel", key=key)


def metrics(job_id: str) -> Request[api.MetricsView]:
    return _get(api.MetricsView, "jobs", job_id, "metrics")


def artifacts(job_id: str) -> Request[api.ArtifactsView]:
    return _get(api.ArtifactsView, "jobs", job_id, "artifacts")


def artifact_path(job_id: str, name: str) -> str:
    """Where a result file is read. Its name may hold slashes."""
    return f"{path_of('jobs', job_id, 'artifacts')}/{quote(name)}"


def list_artifacts(query: api.ArtifactQuery) -> Request[api.ArtifactPage]:
    return _list(api.ArtifactPage, query, "artifacts")


def get_artifact(artifact_id: str) -> Request[api.ArtifactView]:
    return _get(api.ArtifactView, "artifacts", artifact_id)


def grant_artifact(artifact_id: str, grantee: Grantee, key: str) -> Request[api.ArtifactView]:
    return _write(api.ArtifactView, "artifacts", artifact_id, "grant", body=grantee, key=key)


def revoke_artifact(artifact_id: str, grantee: Grantee, key: str) -> Request[api.ArtifactView]:
    return _write(api.ArtifactView, "artifacts", artifact_id, "revoke", body=grantee, key=key)


def delete_artifact(artifact_id: str, key: str) -> Request[api.ArtifactView]:
    return _write(api.ArtifactView, "artifacts", artifact_id, key=key, method="DELETE")


def content_path(artifact_id: str) -> str:
    """Where an artifact is read."""
    return path_of("artifacts", artifact_id, "content")


def events_query(query: api.EventQuery) -> dict[str, str]:
    return _parameters(query)


EVENTS = path_of("events")
EVENT_HEADERS = {"Accept": "text/event-stream"}


def _get(answer: type[A], *parts: str, query: Mapping[str, str] | None = None) -> Request[A]:
    return Request(method="GET", path=path_of(*parts), answer=answer, query=query or {})


def _list(answer: type[A], query: api.PageQuery, *parts: str) -> Request[A]:
    return _get(answer, *parts, query=_parameters(query))


def _write(answer: type[A], *parts: str, body: BaseModel | None = None, key: str, method: str = "POST") -> Request[A]:
    text = body.model_dump_json(exclude_unset=True).encode() if body is not None else b""
    return Request(method=method, path=path_of(*parts), answer=answer, body=text, key=key)


def _parameters(query: BaseModel) -> dict[str, str]:
    return {name: str(value) for name, value in query.model_dump(mode="json", exclude_none=True).items()}

"""Writes: a call becomes one command, its outcome becomes the answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from fedpact.contracts import api
from fedpact.contracts.access import InviteGateway, RevokeGateway
from fedpact.contracts.artifacts import DeleteArtifact, GrantArtifact, Grantee, RevokeArtifact
from fedpact.contracts.envelope import Command, Model
from fedpact.contracts.identity import ChangeUser, RegisterOrganization, RegisterUser
from fedpact.contracts.jobs import CancelJob, SubmitJob
from fedpact.contracts.policies import Dsse, PublishPolicy, WithdrawPolicy
from fedpact.contracts.registry import AddModelVersion, ProposeDataset, RegisterGateway, RegisterModel, VersionRecord
from fedpact.contracts.specs import Activate, CloneSpec, CreateSpec, Deactivate
from fedpact.decision.policies import read_policy, signed_policy
from fedpact.portal.app.orders import Orders, Wish, made_id
from fedpact.portal.app.queries import Queries
from fedpact.portal.domain.model import Settled
from fedpact.portal.entrypoints.calls import Call

View = Callable[[], Awaitable[Model]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a write is answered with. Without `settled` it is not known yet; without `view` it was refused."""

    settled: Settled | None
    view: Model | None = None
    location: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writes:
    """Handlers of POST, PATCH and DELETE, by operation."""

    orders: Orders
    queries: Queries

    async def register_organization(self, call: Call) -> Outcome:
        sent = call.sent(api.NewOrganization)
        command = RegisterOrganization(organization=sent.organization, name=sent.name)
        view = partial(self.queries.organization, sent.organization)
        return await self._carry(call, command, view, f"/v1/organizations/{sent.organization}")

    async def register_user(self, call: Call) -> Outcome:
        sent = call.sent(api.NewUser)
        named = sent.model_dump() | {"organization": sent.organization or call.viewer.organization}
        view = partial(self.queries.user, call.viewer, sent.user)
        return await self._carry(call, RegisterUser.model_validate(named), view, f"/v1/users/{sent.user}")

    async def change_user(self, call: Call) -> Outcome:
        user = (await self.queries.user(call.viewer, call.path("user"))).user
        command = ChangeUser.model_validate(call.sent(api.UserChange).model_dump() | {"user": user})
        return await self._carry(call, command, partial(self.queries.user, call.viewer, user))

    async def register_gateway(self, call: Call) -> Outcome:
        sent = call.sent(api.NewGateway)
        await self.queries.organization(sent.organization)  # a mistyped name is answered without a command
        command = RegisterGateway.model_validate(sent.model_dump())
        view = partial(self.queries.gateway, call.viewer, sent.gateway)
        return await self._carry(call, command, view, f"/v1/gateways/{sent.gateway}")

    async def invite_gateway(self, call: Call) -> Outcome:
        gateway, sent = await self._gateway(call), call.sent(api.NewInvitation)
        command = InviteGateway(gateway=gateway, token_hash=sent.token_hash, hours=sent.hours)
        return await self._carry(call, command, partial(self.queries.gateway, call.viewer, gateway))

    async def revoke_gateway(self, call: Call) -> Outcome:
        gateway = await self._gateway(call)
        return await self._carry(
            call, RevokeGateway(gateway=gateway), partial(self.queries.gateway, call.viewer, gateway)
        )

    async def propose_dataset(self, call: Call) -> Outcome:
        sent = call.sent(api.NewProposal)
        proposal = sent.proposal or made_id("p", call.command_id)
        command = ProposeDataset.model_validate(sent.model_dump() | {"proposal": proposal})
        view = partial(self.queries.proposal, call.viewer, proposal)
        return await self._carry(call, command, view, f"/v1/dataset-proposals/{proposal}")

    async def register_model(self, call: Call) -> Outcome:
        sent = call.sent(api.NewModel)
        command = RegisterModel.model_validate(sent.model_dump())
        return await self._carry(
            call, command, partial(self.queries.registered_model, sent.model), f"/v1/models/{sent.model}"
        )

    async def add_model_version(self, call: Call) -> Outcome:
        model = call.path("model")
        command = AddModelVersion(model=model, record=call.sent(VersionRecord))
        return await self._carry(call, command, partial(self.queries.registered_model, model), f"/v1/models/{model}")

    async def publish_policy(self, call: Call) -> Outcome:
        envelope = _enveloped(call.sent(api.NewPolicy))
        policy = read_policy(envelope).id
        command = PublishPolicy(policy=policy, document=envelope)
        return await self._carry(
            call, command, partial(self.queries.policy, call.viewer, policy), f"/v1/policies/{policy}"
        )

    async def withdraw_policy(self, call: Call) -> Outcome:
        policy = (await self.queries.policy(call.viewer, call.path("policy"))).policy
        return await self._carry(call, WithdrawPolicy(policy=policy), partial(self.queries.policy, call.viewer, policy))

    async def create_spec(self, call: Call) -> Outcome:
        sent = call.sent(api.NewSpec)
        spec_id = sent.spec_id or made_id("s", call.command_id)
        command = CreateSpec(spec_id=spec_id, content=sent.content)
        return await self._carry(
            call, command, partial(self.queries.spec, call.viewer, spec_id), f"/v1/specs/{spec_id}"
        )

    async def clone_spec(self, call: Call) -> Outcome:
        spec_id = call.sent(api.CloneRequest).spec_id or made_id("s", call.command_id)
        command = CloneSpec(spec_id=spec_id, source=await self._spec(call))
        return await self._carry(
            call, command, partial(self.queries.spec, call.viewer, spec_id), f"/v1/specs/{spec_id}"
        )

    async def activate_spec(self, call: Call) -> Outcome:
        spec_id, guard = await self._spec(call), call.sent(api.GenerationGuard)
        command = Activate(spec_id=spec_id, expected_generation=guard.expected_generation)
        return await self._carry(call, command, partial(self.queries.spec, call.viewer, spec_id))

    async def deactivate_spec(self, call: Call) -> Outcome:
        spec_id, guard = await self._spec(call), call.sent(api.GenerationGuard)
        command = Deactivate(spec_id=spec_id, expected_generation=guard.expected_generation)
        return await self._carry(call, command, partial(self.queries.spec, call.viewer, spec_id))

    async def submit_job(self, call: Call) -> Outcome:
        sent = call.sent(api.NewJob)
        job_id = sent.job_id or made_id("j", call.command_id)
        command = SubmitJob.model_validate(sent.model_dump() | {"job_id": job_id})
        return await self._carry(call, command, partial(self.queries.job, call.viewer, job_id), f"/v1/jobs/{job_id}")

    async def cancel_job(self, call: Call) -> Outcome:
        job_id = (await self.queries.job(call.viewer, call.path("job"))).job_id
        return await self._carry(call, CancelJob(job_id=job_id), partial(self.queries.job, call.viewer, job_id))

    async def grant_artifact(self, call: Call) -> Outcome:
        key = await self._artifact(call)
        command = GrantArtifact(artifact_id=key, grantee=call.sent(Grantee))
        return await self._carry(call, command, partial(self.queries.kept.get, call.viewer, key))

    async def revoke_artifact(self, call: Call) -> Outcome:
        key = await self._artifact(call)
        command = RevokeArtifact(artifact_id=key, grantee=call.sent(Grantee))
        return await self._carry(call, command, partial(self.queries.kept.get, call.viewer, key))

    async def delete_artifact(self, call: Call) -> Outcome:
        key = await self._artifact(call)
        return await self._carry(
            call, DeleteArtifact(artifact_id=key), partial(self.queries.kept.get, call.viewer, key)
        )

    async def _artifact(self, call: Call) -> str:
        """The artifact the path names, as long as one may see it."""
        return (await self.queries.kept.get(call.viewer, call.path("artifact"))).artifact_id

    async def _gateway(self, call: Call) -> str:
        """The gateway the path names, as long as one may see it."""
        return (await self.queries.gateway(call.viewer, call.path("gateway"))).gateway

    async def _spec(self, call: Call) -> str:
        """The spec the path names; nobody gives orders about what they may not see."""
        return (await self.queries.spec(call.viewer, call.path("spec"))).spec_id

    async def _carry(self, call: Call, command: Command, view: View, location: str = "") -> Outcome:
        wish = Wish(
            command_id=call.command_id,
            repeatable=call.repeatable,
            command=command,
            actor=call.viewer,
            token=call.token,
        )
        settled = await self.orders.send(wish)
        if settled is None or not settled.accepted:
            return Outcome(settled=settled)
        return Outcome(settled=settled, view=await view(), location=location)


def _enveloped(policy: api.NewPolicy) -> Dsse:
    """The envelope that came, or the document in one that nobody signed."""
    if policy.envelope is not None:
        return policy.envelope
    assert policy.document is not None
    return signed_policy(policy.document)

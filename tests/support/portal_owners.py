"""
The owning services, scripted: what facts each command brings about, and how they go out.

The same script answers in memory and on a real bus, so that what a test of the edge relies on is said once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from portal_values import (
    NOON,
    PEOPLE,
    PERSON,
    changed,
    content,
    created,
    dataset,
    deleted,
    gateway,
    granted,
    invited,
    job,
    model,
    organization,
    published,
    revoked,
    shut_out,
)

from fedpact.contracts import access, artifacts, identity, jobs, policies, registry, specs
from fedpact.contracts.envelope import Command, DomainError, Envelope, Fact, message_id
from fedpact.contracts.jobs import JobStatus
from fedpact.decision.policies import read_policy

CONTEXTS = {"identity": identity, "registry": registry, "policy": policies, "specs": specs, "jobs": jobs}
SOURCES = {
    "identity": "fedpact/identity/accounts",
    "registry": "fedpact/registry/entries",
    "policy": "fedpact/policy/policies",
    "specs": "fedpact/spec_lifecycle/specs",
    "jobs": "fedpact/jobs/jobs",
    "scheduling": "fedpact/scheduler/ledger",
}
Told = tuple[Fact, Envelope]


class NoSuchThingError(DomainError):
    slug = "unknown_dataset"


class NotForYouError(DomainError):
    slug = "not_allowed"


@dataclass
class Owners:
    """Everybody who owns something. `silent` ones take commands and say nothing, `strict` ones allow nobody anything."""

    silent: set[str] = field(default_factory=set)
    strict: set[str] = field(default_factory=set)
    seen: list[tuple[Command, Envelope, str]] = field(default_factory=list)
    at: datetime = NOON
    _sequences: dict[str, int] = field(default_factory=dict)
    _handled: set[str] = field(default_factory=set)

    def take(self, command: Command, envelope: Envelope, token: str) -> Sequence[Told]:
        """What the owner of `command` publishes."""
        self.seen.append((command, envelope, token))
        context = command.type.split(".")[0]
        if context in self.silent or envelope.id in self._handled:
            return ()
        self._handled.add(envelope.id)
        own = CONTEXTS[context]
        outcome = {"command": command.type, "about": command.key, "command_id": envelope.id}
        try:
            facts = _facts(command) if context not in self.strict else _refused()
        except DomainError as error:
            refusal = own.CommandRefused(**outcome, slug=error.slug, reason=error.reason, path=error.path)
            return [self.tell(refusal, f"fedpact/{context}/refusals", envelope)]
        return [self.tell(fact, SOURCES[context], envelope) for fact in (*facts, own.CommandAccepted(**outcome))]

    def tell(self, fact: Fact, source: str = "", cause: Envelope | None = None) -> Told:
        """A fact with the next number of its aggregate."""
        source = source or SOURCES[fact.type.split(".")[0]]
        place = f"{source}|{fact.key}"
        self._sequences[place] = self._sequences.get(place, 0) + 1
        return fact, Envelope(
            id=message_id(source, 0, fact.key, self._sequences[place]),
            source=source,
            type=fact.type,
            subject=fact.key,
            time=self.at,
            sequence=self._sequences[place],
            correlationid=cause.correlationid if cause else "",
            causationid=cause.id if cause else None,
            route=cause.route if cause else "hub",
        )


def _refused() -> Sequence[Fact]:
    raise NotForYouError("only `somebody else` may do this")


def _facts(command: Command) -> Sequence[Fact]:
    match command:
        case specs.CreateSpec(spec_id=key, content=what):
            if "unknown_gateway-9_lake" in what.datasets:
                raise NoSuchThingError("there is no dataset `unknown_gateway-9_lake`", path="content.datasets.0")
            return created(key, what=what), changed(key)
        case specs.CloneSpec(spec_id=key, source=source):
            return created(key, what=content(), source=source), changed(key)
        case specs.Activate(spec_id=key):
            return (changed(key, "updating.creating", 1),)
        case specs.Deactivate(spec_id=key):
            return (changed(key, "inactive.shutdown", 1),)
        case jobs.SubmitJob(job_id=key, spec_id=spec):
            return (job(key, spec_id=spec, status=JobStatus.CREATED),)
        case jobs.CancelJob(job_id=key):
            return (job(key, status=JobStatus.CANCELLED),)
        case policies.PublishPolicy(document=envelope):
            return (published(read_policy(envelope)),)
        case artifacts.ArtifactCommand():
            return _of_artifact(command)
        case _:
            return _others(command)


def _of_artifact(command: artifacts.ArtifactCommand) -> Sequence[Fact]:
    match command:
        case artifacts.GrantArtifact(artifact_id=key, grantee=grantee):
            return (granted(grantee, key),)
        case artifacts.RevokeArtifact(artifact_id=key, grantee=grantee):
            return (revoked(grantee, key),)
        case _:
            return (deleted(command.artifact_id),)


def _others(command: Command) -> Sequence[Fact]:
    match command:
        case policies.WithdrawPolicy(policy=key):
            return (policies.PolicyWithdrawn(policy=key, organization="lake", datasets=()),)
        case identity.RegisterOrganization(organization=key):
            return (organization(key),)
        case identity.RegisterUser():
            return (identity.UserChanged.model_validate(command.model_dump()),)
        case identity.ChangeUser(user=key):
            home = PEOPLE[key].organization if key in PEOPLE else PERSON.organization
            changed_ = {"organization": home, "name": key, "roles": command.roles or ()}
            return (identity.UserChanged.model_validate({"user": key, **changed_}),)
        case access.InviteGateway(gateway=key) | access.RevokeGateway(gateway=key):
            return (invited(key) if isinstance(command, access.InviteGateway) else shut_out(key),)
        case registry.RegisterGateway(gateway=key, organization=owner):
            return (gateway(key, owner),)
        case registry.ProposeDataset():
            told = command.model_dump() | {"organization": "lake", "proposed_by": "stan"}
            return (registry.DatasetProposed.model_validate(told | {"made_at": NOON, "until": NOON}),)
        case registry.RegisterModel() | registry.AddModelVersion():
            return (model(),)
        case _:
            return (dataset(),)

"""
Who may want a job, and which: what can be known before anything is activated for it is decided here.

The activation decides again by what was granted to it, and the model's own code by the payload itself; here nobody
has waited yet, and the answer is a refusal of the command, with the failing member.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from fedpact.contracts.envelope import Actor, Fact, Order
from fedpact.contracts.identity import Role
from fedpact.contracts.jobs import JobSubmitted, SubmitJob
from fedpact.contracts.pact import ModelRef, Person
from fedpact.contracts.policies import Bounds, Reason
from fedpact.contracts.registry import ModelChanged
from fedpact.contracts.specs import SpecChanged, SpecCreated, Stage, Verdict
from fedpact.decision.bounds import payload_violations
from fedpact.decision.declared import departures, same
from fedpact.decision.errors import BoundsError
from fedpact.jobs.domain.errors import (
    ConflictError,
    NotAllowedError,
    NotApprovedError,
    PayloadError,
    TooLargeError,
    UnknownSpecError,
)
from fedpact.jobs.domain.model import Job
from fedpact.jobs.domain.terms import Terms

PAYLOAD_BYTES = 1_000_000
"""It is told several times on its way, each time with more around it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a spec stands, as it was told last."""

    verdict: Verdict
    stage: Stage
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pact:
    """What is known of the spec a job is for. `schema` is the payload schema of its model version."""

    spec: SpecCreated | None = None
    standing: Standing | None = None
    terms: Terms | None = None
    schema: Mapping[str, JsonValue] = field(default_factory=dict)


def submitted(job: Job | None, order: Order[SubmitJob], pact: Pact) -> Sequence[Fact]:
    """A job somebody wants, once: the same id with the same content is the same job."""
    wanted, actor = order.command, order.actor
    if job is not None:
        if not _same(job, wanted, actor):
            raise ConflictError(wanted.job_id)
        return []
    if len(json.dumps(wanted.payload)) > PAYLOAD_BYTES:
        raise TooLargeError(
            f"a payload has at most {PAYLOAD_BYTES} bytes: register large inputs as data", path="payload"
        )
    spec = _permitted(wanted, actor, pact.spec)
    _can_run(spec, pact.standing)
    _keeps_within(wanted.payload, spec, pact)
    person = Person(user=actor.user, organization=actor.organization, groups=actor.groups, email=actor.email)
    return [JobSubmitted(actor=person, submitted_at=order.now, **dict(wanted))]


def stands(_: Standing | None, fact: Fact) -> Standing:
    """Folds the newest word on a spec."""
    assert isinstance(fact, SpecChanged)
    return Standing(verdict=fact.verdict, stage=fact.stage, status=fact.status)


def schema_of(model: ModelChanged | None, version: ModelRef) -> Mapping[str, JsonValue]:
    """What payloads of that version look like; empty when it does not say."""
    records = model.versions if model else ()
    return next((record.payload_schema for record in records if record.version == version.version), {})


def _same(job: Job, wanted: SubmitJob, actor: Actor) -> bool:
    asked = (job.spec_id, job.activate, job.deactivate, job.actor.user)
    return asked == (wanted.spec_id, wanted.activate, wanted.deactivate, actor.user) and same(
        job.payload, wanted.payload
    )


def _permitted(wanted: SubmitJob, actor: Actor, spec: SpecCreated | None) -> SpecCreated:
    if not actor.has(Role.DATA_SCIENTIST, Role.OWNER):
        raise NotAllowedError("jobs are submitted by data scientists: ask your organization's owner for the role")
    if spec is None:
        raise UnknownSpecError(wanted.spec_id)
    if actor.user != spec.creator.user and actor.organization != spec.creator.organization:
        raise NotAllowedError(
            f"`{wanted.spec_id}` belongs to another organization: clone it under an id of your own", path="spec_id"
        )
    return spec


def _can_run(spec: SpecCreated, standing: Standing | None) -> None:
    """A pending verdict may still become an approval: then the job waits, or the activation refuses it."""
    if standing is not None and (standing.verdict is Verdict.REJECTED or standing.stage is Stage.INVALID):
        raise NotApprovedError(
            f"`{spec.spec_id}` is `{standing.status}` and runs nothing: `fedpact specs why {spec.spec_id}` tells why",
            path="spec_id",
        )


def _keeps_within(payload: dict[str, JsonValue], spec: SpecCreated, pact: Pact) -> None:
    bounded = payload_violations(payload, pact.terms.bounds if pact.terms else ())
    narrower = {reason.path for reason in bounded}
    of_schema = (r for r in _of_schema(payload, pact.schema) if r.path not in narrower)
    broken = [*departures(payload, spec.content.parameters, spec.spec_id), *of_schema, *bounded]
    if broken:
        raise PayloadError("; ".join(_sentences(broken)), path=f"payload.{broken[0].path}".rstrip("."))


def _of_schema(payload: dict[str, JsonValue], schema: Bounds | Mapping[str, JsonValue]) -> Sequence[Reason]:
    """A schema beyond the profile is left to the model's own code, which decides anyway."""
    try:
        return payload_violations(payload, [schema]) if schema else ()
    except BoundsError:
        return ()


def _sentences(reasons: Sequence[Reason]) -> list[str]:
    """Each once: several custodians may say the same."""
    told = (reason.text + (f" ({reason.suggestion})" if reason.suggestion else "") for reason in reasons)
    return list(dict.fromkeys(told))

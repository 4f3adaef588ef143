"""Values for tests of the portal: each builder gives the smallest message that is right."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from fedpact.contracts.access import GatewayEnrolled, GatewayInvited, GatewayRevoked
from fedpact.contracts.artifacts import (
    ArtifactDeleted,
    ArtifactGranted,
    ArtifactRegistered,
    ArtifactRevoked,
    Grantee,
    artifact_id,
)
from fedpact.contracts.envelope import Actor
from fedpact.contracts.identity import OrganizationRegistered, UserChanged
from fedpact.contracts.jobs import ArtifactKind, ArtifactsStored, JobChanged, JobStatus, StoredFile
from fedpact.contracts.pact import ModelRef, Person, PinnedModel, Resources, Site, SpecContent
from fedpact.contracts.policies import Beneficiaries, DatasetScope, PolicyDocument, PolicyPublished, Reason, Rule
from fedpact.contracts.registry import (
    DatasetRegistered,
    GatewayAnnounced,
    GatewayRegistered,
    ModelChanged,
    VersionRecord,
)
from fedpact.contracts.specs import SpecChanged, SpecCreated, Stage, Verdict, VerdictReached
from fedpact.decision.policies import signed_policy

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
DIGEST = "sha256:" + "a" * 64
FILE = StoredFile(name="sub/model file.bin", digest=DIGEST, size=5, kind=ArtifactKind.CHECKPOINT)
LAKE, HILL = "one_gateway-1_lake", "two_gateway-2_hill"

ADA = Actor(user="ada", organization="lab", roles=("data_scientist",), email="ada@lab.org")
BOB = Actor(user="bob", organization="lab", roles=("data_scientist",))
LABOWNER = Actor(user="lea", organization="lab", roles=("owner",))
LAKEOWNER = Actor(user="olga", organization="lake", roles=("owner",))
STEWARD = Actor(user="stan", organization="lake", roles=("data_steward",))
STRANGER = Actor(user="eve", organization="moor", roles=("owner", "data_scientist"))
ADMIN = Actor(user="root", organization="hub", roles=("admin",))
MAKER = Actor(user="max", organization="lab", roles=("model_manager",))
PEOPLE = {actor.user: actor for actor in (ADA, BOB, LABOWNER, LAKEOWNER, STEWARD, STRANGER, ADMIN, MAKER)}
PERSON = Person(user="ada", organization="lab", email="ada@lab.org")


def content(*datasets: str, model: str = "logreg") -> SpecContent:
    return SpecContent(datasets=datasets or (LAKE, HILL), model=ModelRef(id=model, version="1.0.0"))


def created(
    spec_id: str = "s-1",
    *,
    creator: Person = PERSON,
    what: SpecContent | None = None,
    at: datetime = NOON,
    source: str | None = None,
) -> SpecCreated:
    what = what or content()
    sites = [dataset.split("_") for dataset in what.datasets]
    return SpecCreated(
        spec_id=spec_id,
        creator=creator,
        content=what,
        model=PinnedModel(id=what.model.id, version=what.model.version, digest=DIGEST),
        sites=tuple(
            Site(gateway=s[1], organization=s[2], datasets=(d,)) for s, d in zip(sites, what.datasets, strict=True)
        ),
        created_at=at,
        cloned_from=source,
    )


def verdict(spec_id: str = "s-1", answer: Verdict = Verdict.REJECTED) -> VerdictReached:
    secret = Reason(code="rule", text="rule 0 of `p-lake` allows 3 rounds", dataset=LAKE)
    return VerdictReached(
        spec_id=spec_id,
        verdict=answer,
        reasons=(Reason(code="not_covered", text="no policy covers `one`", suggestion="ask its owner"),),
        custodian_reasons={"lake": (secret,)},
    )


def changed(spec_id: str = "s-1", status: str = "inactive.awaiting_activation", generation: int = 0) -> SpecChanged:
    stage = Stage.WAITING if status.startswith("updating") else Stage.IDLE
    return SpecChanged(spec_id=spec_id, status=status, verdict=Verdict.APPROVED, stage=stage, generation=generation)


def job(
    job_id: str = "j-1",
    *,
    spec_id: str = "s-1",
    status: JobStatus = JobStatus.RUNNING,
    actor: Person = PERSON,
    at: datetime = NOON,
) -> JobChanged:
    return JobChanged(
        job_id=job_id, spec_id=spec_id, actor=actor, status=status, steps=(), payload={"secret": 1}, submitted_at=at
    )


def stored(job_id: str = "j-1", size: int = 5) -> ArtifactsStored:
    return ArtifactsStored(job_id=job_id, spec_id="s-1", files=(FILE.model_copy(update={"size": size}),))


def registered(
    job_id: str = "j-1", name: str = FILE.name, *, creator: Person = PERSON, at: datetime = NOON
) -> ArtifactRegistered:
    return ArtifactRegistered(
        artifact_id=artifact_id(job_id, name),
        job_id=job_id,
        spec_id="s-1",
        creator=creator,
        file=FILE.model_copy(update={"name": name}),
        model=ModelRef(id="logreg", version="1.0.0"),
        media_type="application/octet-stream",
        created_at=at,
    )


def granted(grantee: Grantee, key: str = "") -> ArtifactGranted:
    return ArtifactGranted(**_about(key), grantee=grantee, by="ada", at=NOON)


def revoked(grantee: Grantee, key: str = "") -> ArtifactRevoked:
    return ArtifactRevoked(**_about(key), grantee=grantee, by="ada", at=NOON)


def deleted(key: str = "") -> ArtifactDeleted:
    return ArtifactDeleted(**_about(key), cause="asked", by="ada", at=NOON)


def _about(key: str) -> dict[str, Any]:
    return {"artifact_id": key or artifact_id("j-1", FILE.name), "job_id": "j-1", "spec_id": "s-1", "creator": PERSON}


def policy_document(policy: str = "p-lake", **more: object) -> PolicyDocument:
    plain: Mapping[str, object] = {
        "id": policy,
        "name": "hearts",
        "description": "internal remarks",
        "organization": "lake",
        "datasets": (DatasetScope(id=LAKE),),
        "beneficiaries": Beneficiaries(users=("ada",), groups=("cardio",)),
        "rules": (Rule(model="logreg"),),
    }
    return PolicyDocument.model_validate({**plain, **more})


def published(document: PolicyDocument | None = None) -> PolicyPublished:
    document = document or policy_document()
    return PolicyPublished(policy=document.id, document=document, envelope=signed_policy(document))


def organization(name: str = "lab") -> OrganizationRegistered:
    return OrganizationRegistered(organization=name, name=name.title())


def user(actor: Actor = ADA) -> UserChanged:
    return UserChanged.model_validate(
        {"user": actor.user, "organization": actor.organization, "name": actor.user.title(), "roles": actor.roles}
    )


def gateway(name: str = "gateway-1", owner: str = "lake") -> GatewayRegistered:
    return GatewayRegistered(gateway=name, organization=owner)


def invited(name: str = "gateway-1", owner: str = "lake") -> GatewayInvited:
    until = NOON + timedelta(hours=24)
    return GatewayInvited(gateway=name, organization=owner, account="A" * 56, invited_by="root", until=until)


def enrolled(name: str = "gateway-1", owner: str = "lake") -> GatewayEnrolled:
    end = NOON + timedelta(days=90)
    return GatewayEnrolled(gateway=name, organization=owner, member_key="U" * 56, issued_at=NOON, expires_at=end)


def shut_out(name: str = "gateway-1", owner: str = "lake") -> GatewayRevoked:
    return GatewayRevoked(gateway=name, organization=owner, revoked_by="root", revoked_at=NOON)


def announced(name: str = "gateway-1", owner: str = "lake") -> GatewayAnnounced:
    return GatewayAnnounced(gateway=name, organization=owner, totals=Resources(), version="0.1.0")


def dataset(key: str = LAKE) -> DatasetRegistered:
    name, site, owner = key.split("_")
    return DatasetRegistered(dataset=key, name=name, description="rows", gateway=site, organization=owner)


def model() -> ModelChanged:
    return ModelChanged(
        model="logreg", name="Logistic", publisher="lab", versions=(VersionRecord(version="1.0.0", digest=DIGEST),)
    )


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)

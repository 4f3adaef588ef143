"""How each of the portal's documents is kept. Nothing is published: all of it is a copy or the portal's own record."""

from collections.abc import Callable

from fedpact.chassis.aggregates import Kind, S
from fedpact.contracts.envelope import Fact
from fedpact.portal.domain.artifacts import ArtifactState, artifact_after
from fedpact.portal.domain.model import (
    DatasetState,
    Entry,
    GatewayState,
    Head,
    JobState,
    Login,
    MetricsState,
    PolicyState,
    ProposalState,
    Sent,
    Settled,
    SpecState,
    dataset_after,
    gateway_after,
    job_after,
    metrics_after,
    policy_after,
    proposal_after,
    spec_after,
)

BUCKET = 32
"""Positions of one stream that are read together."""


def bucket(stream: str, position: int) -> str:
    """The index value under which an entry is found with its neighbours."""
    return f"{stream}/{position // BUCKET}"


def _record(kind: type[S]) -> Callable[[S | None, Fact], S]:
    def newest(_: S | None, fact: Fact) -> S:
        assert isinstance(fact, kind)
        return fact

    return newest


SPECS = Kind(source="copy/specs", state=SpecState, evolve=spec_after, silent=True)
JOBS = Kind(source="copy/jobs", state=JobState, evolve=job_after, silent=True)
ARTIFACTS = Kind(
    source="copy/artifacts",
    state=ArtifactState,
    evolve=artifact_after,
    indexes={"job": lambda state: [state.registered.job_id] if state.registered else []},
    silent=True,
)
DATASETS = Kind(source="copy/datasets", state=DatasetState, evolve=dataset_after, silent=True)
PROPOSALS = Kind(source="copy/proposals", state=ProposalState, evolve=proposal_after, silent=True)
GATEWAYS = Kind(source="copy/gateways", state=GatewayState, evolve=gateway_after, silent=True)
POLICIES = Kind(source="copy/policies", state=PolicyState, evolve=policy_after, silent=True)
METRICS = Kind(source="portal/metrics", state=MetricsState, evolve=metrics_after, silent=True)
ENTRIES = Kind(
    source="portal/journal",
    state=Entry,
    evolve=_record(Entry),
    expires=lambda entry: entry.until,
    indexes={
        "bucket": lambda entry: [bucket(entry.origin, entry.position)],
        "spec": lambda entry: [entry.spec_id] if entry.spec_id else [],
        "correlation": lambda entry: [entry.correlation] if entry.correlation else [],
    },
    silent=True,
)
HEADS = Kind(source="portal/heads", state=Head, evolve=_record(Head), silent=True)
SENT = Kind(source="portal/sent", state=Sent, evolve=_record(Sent), expires=lambda sent: sent.until, silent=True)
SETTLED = Kind(
    source="portal/settled",
    state=Settled,
    evolve=_record(Settled),
    expires=lambda settled: settled.until,
    indexes={"place": lambda settled: [settled.place] if settled.place else []},
    silent=True,
)
LOGINS = Kind(
    source="portal/logins", state=Login, evolve=_record(Login), expires=lambda login: login.until, silent=True
)

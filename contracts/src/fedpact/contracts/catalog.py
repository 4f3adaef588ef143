"""Every message there is, by type. Importing this imports them all."""

from collections.abc import Mapping

from fedpact.contracts import (
    access,
    artifacts,
    directives,
    identity,
    jobs,
    policies,
    queries,
    registry,
    scheduling,
    specs,
    telemetry,
    workloads,
)
from fedpact.contracts.envelope import COMMANDS, FACTS, Message, Model

MODULES = (
    *(identity, access, registry, policies, specs, scheduling, jobs, artifacts),
    *(workloads, directives, queries, telemetry),
)


def messages() -> Mapping[str, type[Message]]:
    """Type -> class of every fact, command, directive and telemetry message, sorted."""
    known: dict[str, type[Message]] = {**FACTS, **COMMANDS, **directives.DIRECTIVES}
    known[directives.ProposalDirective.type] = directives.ProposalDirective
    known[telemetry.MetricsReported.type] = telemetry.MetricsReported
    known[telemetry.GatewayAlive.type] = telemetry.GatewayAlive
    return dict(
        sorted((kind, message) for kind, message in known.items() if message.__module__.startswith(__package__))
    )


def asked() -> Mapping[str, tuple[type[Model], type[Model]]]:
    """Type -> question and answer of every query."""
    return {question.type: (question, answer) for question, answer in (*queries.QUERIES, *access.QUERIES)}

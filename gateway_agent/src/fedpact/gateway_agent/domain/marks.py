"""
The labels by which an engine or a cluster gives back what is ours, and the names of what belongs to a workload.

Whoever reads the labels of anything we made knows whose agent made it and for which participant; nothing else has to be
remembered. Names are short enough for every kind of object and differ for two agents, also of one cluster.
"""

import hashlib
from collections.abc import Mapping

from fedpact.contracts.ids import SERVER
from fedpact.gateway_agent.domain.errors import AgentError
from fedpact.gateway_agent.domain.pods import Kind, PodName

AGENT = "fedpact.org/agent"
SPEC = "fedpact.org/spec"
GENERATION = "fedpact.org/generation"
PARTICIPANT = "fedpact.org/participant"
READABLE = 24
"""So many characters of a participant's name are kept for people to read."""


def labels(agent: str, name: PodName) -> dict[str, str]:
    """What everything of one workload carries. The first is how operators look for a computation's parts."""
    return {
        "apheris_job_id": name.spec_id,
        "app.kubernetes.io/name": "fedpact-workload",
        "app.kubernetes.io/component": kind_of(name),
        "app.kubernetes.io/part-of": "fedpact",
        "app.kubernetes.io/managed-by": "fedpact-gateway-agent",
        **activation(agent, name),
        PARTICIPANT: name.participant,
    }


def activation(agent: str, name: PodName) -> dict[str, str]:
    """What everything of one activation carries."""
    return {AGENT: agent, SPEC: name.spec_id, GENERATION: str(name.generation)}


def selector(wanted: Mapping[str, str]) -> tuple[str, ...]:
    """Labels as an engine filters by them."""
    return tuple(f"{key}={value}" for key, value in sorted(wanted.items()))


def name_in(told: Mapping[str, str]) -> PodName | None:
    """Whose labels these are; none that we made, or of no single workload."""
    try:
        return PodName(spec_id=told[SPEC], generation=int(told[GENERATION]), participant=told[PARTICIPANT])
    except (KeyError, ValueError, AgentError):
        return None


def kind_of(name: PodName) -> Kind:
    return Kind.SERVER if name.participant == SERVER else Kind.CLIENT


def object_name(agent: str, name: PodName) -> str:
    """What the workload's objects are called: at most 45 of the characters that a host name may have."""
    return f"fedpact-{name.participant[:READABLE].strip('-')}-{_digest(agent, str(name))}"


def activation_name(agent: str, name: PodName) -> str:
    """What all participants of the activation here have in common is called."""
    return f"fedpact-{name.spec_id[:READABLE].strip('-')}-{_digest(agent, name.spec_id, str(name.generation))}"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]

"""What a cluster says of a pod, as an observation of ours. Pure: lightkube's values in, ours out."""

import re
from collections.abc import Mapping

from lightkube.models.core_v1 import ContainerStateTerminated, ContainerStatus, PodCondition
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Pod

from fedpact.contracts.workloads import Cause, Phase
from fedpact.gateway_agent.app.ports import Life, Observed, Ref
from fedpact.gateway_agent.domain import troubles
from fedpact.gateway_agent.domain.manifests import CONTAINER, MEMORY
from fedpact.gateway_agent.domain.marks import kind_of, name_in
from fedpact.gateway_agent.domain.pods import PodName
from fedpact.gateway_agent.domain.troubles import Trouble

ENDED = frozenset({"Succeeded", "Failed"})
KILLED = "OOMKilled"
NO_SIGNAL = 128
SIGNALLED = range(129, 129 + 64)
STUCK: Mapping[str, Cause] = {
    "ErrImagePull": Cause.IMAGE,
    "ImagePullBackOff": Cause.IMAGE,
    "ErrImageNeverPull": Cause.IMAGE,
    "InvalidImageName": Cause.IMAGE,
    "ImageInspectError": Cause.IMAGE,
    "RegistryUnavailable": Cause.IMAGE,
    "CreateContainerConfigError": Cause.RESOURCES,
    "CreateContainerError": Cause.RESOURCES,
    "RunContainerError": Cause.RESOURCES,
}
"""What a kubelet calls a container that will not start by itself."""
_LACKING = re.compile(r"Insufficient ([a-z0-9./-]*[a-z0-9])")


def observed(pod: Pod) -> Observed | None:
    """The workload that a pod is; none of a pod that is not one of ours."""
    metadata = pod.metadata or ObjectMeta()
    name = name_in(metadata.labels or {})
    if name is None:
        return None
    phase = (pod.status and pod.status.phase) or "Pending"
    ended = _terminated(pod)
    return Observed(
        ref=Ref(name=name, handle=metadata.name or ""),
        kind=kind_of(name),
        life=Life.EXITED if phase in ENDED else Life.RUNNING,
        exit_code=_code(ended) if ended and phase in ENDED else None,
        out_of_memory=bool(ended and ended.reason == KILLED),
        trouble=_trouble(pod, phase, ended),
    )


def reserved(metadata: ObjectMeta | None) -> Observed | None:
    """A workload of which there is something, but no pod."""
    name = name_in((metadata and metadata.labels) or {})
    return Observed(ref=Ref(name=name), kind=kind_of(name), life=Life.EXITED) if name else None


def named(told: ObjectMeta | None) -> PodName | None:
    return name_in((told and told.labels) or {})


def note(pod: Pod, key: str) -> str:
    """One of our annotations; empty where it is missing."""
    notes: Mapping[str, str] = (pod.metadata and pod.metadata.annotations) or {}
    return notes.get(key, "")


def _trouble(pod: Pod, phase: str, ended: ContainerStateTerminated | None) -> Trouble | None:
    match phase:
        case "Failed" if ended and ended.reason == KILLED:
            return troubles.out_of_memory(int(note(pod, MEMORY) or 0))
        case "Failed" if ended is None:
            return _taken_away(pod)
        case "Pending":
            return _held_back(pod) or _stuck(pod)
        case "Running" if _condition(pod, "Ready", "False") is not None:
            return troubles.not_ready("it does not answer yet")
        case _:
            return None


def _taken_away(pod: Pod) -> Trouble:
    """Such as evicted: the cluster ended it before its container could tell."""
    why = (pod.status and (pod.status.reason or pod.status.message)) or "for a reason it does not tell"
    return Trouble(phase=Phase.FAILED, cause=Cause.RESOURCES, message=f"the cluster took it away: {why.lower()}")


def _held_back(pod: Pod) -> Trouble | None:
    """The scheduler finds no node."""
    condition = _condition(pod, "PodScheduled", "False")
    if condition is None:
        return None
    lacking = sorted(set(_LACKING.findall(condition.message or "")))
    text = f"the cluster has not enough {', '.join(lacking)} free" if lacking else "no node of the cluster takes it"
    return Trouble(phase=Phase.WAITING, cause=Cause.CAPACITY, message=text)


def _stuck(pod: Pod) -> Trouble | None:
    status = _status(pod)
    waiting = status.state.waiting if status and status.state else None
    cause = STUCK.get(waiting.reason or "") if waiting else None
    if waiting is None or cause is None:
        return None
    what = "its image cannot be fetched" if cause is Cause.IMAGE else "its container cannot be made"
    return Trouble(phase=Phase.FAILED, cause=cause, message=f"{what} ({waiting.reason})")


def _condition(pod: Pod, kind: str, value: str) -> PodCondition | None:
    conditions = (pod.status and pod.status.conditions) or []
    return next((one for one in conditions if one.type == kind and one.status == value), None)


def _terminated(pod: Pod) -> ContainerStateTerminated | None:
    status = _status(pod)
    return status.state.terminated if status and status.state else None


def _status(pod: Pod) -> ContainerStatus | None:
    statuses = (pod.status and pod.status.containerStatuses) or []
    return next((one for one in statuses if one.name == CONTAINER), None)


def _code(ended: ContainerStateTerminated) -> int:
    """A runtime tells a signal as shells do, by 128 and its number."""
    return NO_SIGNAL - ended.exitCode if ended.exitCode in SIGNALLED else ended.exitCode

"""What a cluster's words for a pod mean."""

from typing import Any

import pytest
from agent_values import CLIENT_NAME
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import Pod

from fedpact.contracts.workloads import Cause, Phase
from fedpact.gateway_agent.adapters.kubernetes_state import observed, reserved
from fedpact.gateway_agent.app.ports import Life, Observed, Ref
from fedpact.gateway_agent.domain import marks
from fedpact.gateway_agent.domain.pods import Kind
from fedpact.gateway_agent.domain.troubles import Trouble


def pod(phase: str | None, state: dict[str, Any] | None = None, **more: Any) -> Pod:
    status: dict[str, Any] = {"phase": phase, **more} if phase else {}
    if state is not None:
        status["containerStatuses"] = [
            {"name": "workload", "ready": False, "restartCount": 0, "image": "", "imageID": "", "state": state}
        ]
    metadata = {
        "name": "p",
        "labels": marks.labels("gateway-1", CLIENT_NAME),
        "annotations": {"fedpact.org/memory": "500"},
    }
    made = Pod.from_dict({"metadata": metadata, "status": status})
    assert isinstance(made, Pod)
    return made


def seen(life: Life, code: int | None = None, trouble: Trouble | None = None, *, memory: bool = False) -> Observed:
    ref = Ref(name=CLIENT_NAME, handle="p")
    return Observed(ref=ref, kind=Kind.CLIENT, life=life, exit_code=code, out_of_memory=memory, trouble=trouble)


def trouble(phase: Phase, cause: Cause, message: str) -> Trouble:
    return Trouble(phase=phase, cause=cause, message=message)


NO_NODE = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
UNREADY = {"type": "Ready", "status": "False"}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (pod(None), seen(Life.RUNNING)),
        (pod("Pending"), seen(Life.RUNNING)),
        (pod("Pending", {"waiting": {"reason": "ContainerCreating"}}), seen(Life.RUNNING)),
        (pod("Running", {"running": {}}), seen(Life.RUNNING)),
        (pod("Unknown"), seen(Life.RUNNING)),
        (pod("Succeeded", {"terminated": {"exitCode": 0}}), seen(Life.EXITED, 0)),
        (pod("Failed", {"terminated": {"exitCode": 3, "reason": "Error"}}), seen(Life.EXITED, 3)),
        (pod("Failed", {"terminated": {"exitCode": 143}}), seen(Life.EXITED, -15)),
        (
            pod("Failed", {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}),
            seen(
                Life.EXITED,
                -9,
                trouble(
                    Phase.FAILED, Cause.RESOURCES, "it needed more than the 500 MB that the spec reserves; reserve more"
                ),
                memory=True,
            ),
        ),
        (
            pod("Failed", reason="Evicted", message="The node was low on resource: memory. Container x was using"),
            seen(Life.EXITED, None, trouble(Phase.FAILED, Cause.RESOURCES, "the cluster took it away: evicted")),
        ),
        (
            pod("Pending", conditions=[{**NO_NODE, "message": "0/1 nodes are available: 1 Insufficient memory."}]),
            seen(
                Life.RUNNING,
                None,
                trouble(Phase.WAITING, Cause.CAPACITY, "the cluster has not enough memory free"),
            ),
        ),
        (
            pod("Pending", conditions=[{**NO_NODE, "message": "0/1 nodes are available: 1 node(s) had taint {x}"}]),
            seen(Life.RUNNING, None, trouble(Phase.WAITING, Cause.CAPACITY, "no node of the cluster takes it")),
        ),
        (
            pod("Pending", {"waiting": {"reason": "ErrImagePull", "message": "unauthorized for registry.example"}}),
            seen(Life.RUNNING, None, trouble(Phase.FAILED, Cause.IMAGE, "its image cannot be fetched (ErrImagePull)")),
        ),
        (
            pod("Pending", {"waiting": {"reason": "CreateContainerConfigError"}}),
            seen(
                Life.RUNNING,
                None,
                trouble(Phase.FAILED, Cause.RESOURCES, "its container cannot be made (CreateContainerConfigError)"),
            ),
        ),
        (
            pod("Running", {"running": {}}, conditions=[UNREADY]),
            seen(Life.RUNNING, None, trouble(Phase.STARTING, Cause.NOT_READY, "it does not answer yet")),
        ),
    ],
)
def test_a_clusters_word_for_a_pod_has_one_meaning(told: Pod, expected: Observed) -> None:
    assert observed(told) == expected


def test_a_pod_that_ends_is_still_there_until_it_is_gone() -> None:
    told = pod("Running", {"running": {}})
    assert told.metadata is not None
    told.metadata.deletionTimestamp = "2026-01-01T12:00:00Z"  # type: ignore[assignment]
    assert observed(told) == seen(Life.RUNNING)


def test_what_carries_no_labels_of_ours_is_nothing_of_ours() -> None:
    assert observed(Pod(metadata=ObjectMeta(name="p"))) is None
    assert reserved(None) is None

"""
What becomes of an activation that asks the cluster for more than it has: it waits, says what is missing, and recovers.

The first asks for more cores than any node has and is given up. The second asks for what others take up at the moment:
when they leave it goes on by itself. The second needs a cluster of one node, whose room a pod of ours can take up.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from fedpact.client.fedpact import Fedpact
from fedpact.contracts.pact import Demand, ModelRef, Resources, SpecContent
from fedpact.contracts.specs import Verdict
from fedpact.infra.demo_story import VERSION, Story
from fedpact.infra.k8s.cluster import Cluster, ClusterError, Json, until
from fedpact.infra.k8s.ground import OURS, PART
from fedpact.infra.k8s.plan import DEMAND, Plan

WAITING = "updating.awaiting_resources"
MISSING = "enough cpu"
CORES = 500
BALLAST = "ballast"
LEFT = Decimal("0.1")
"""Cores that the ballast leaves: fewer than any workload asks for."""


def show(cluster: Cluster, plan: Plan, story: Story) -> None:
    """Both, after the story."""
    with story.world.user("ada") as ada:
        before = ada.specs.list().items[0].spec_id
        greedy = ada.specs.create(_greedy(ada, before)).id
        until(lambda: ada.specs.get(greedy).verdict is Verdict.APPROVED, "the greedy spec to be approved")
        story.say(f"activating {greedy}, which asks for {CORES} cores a site")
        ada.specs.activate(greedy)
        _waits(ada, greedy, story)
        _ended(ada, greedy, story)
        if len(nodes := _nodes(cluster)) > 1:
            story.say(f"{len(nodes)} nodes: their room is not ours to take up, so nobody is seen to recover")
            return
        with _filled(cluster, plan, nodes[0]):
            story.say(f"the node is filled; activating {before}")
            ada.specs.activate(before)
            _waits(ada, before, story)
        story.say("room is made")
        until(lambda: ada.specs.get(before).status.startswith("active"), f"{before} to be active", story.patience)
        story.say(f"{before} is {ada.specs.get(before).status}")
        _ended(ada, before, story)


def _greedy(ada: Fedpact, like: str) -> SpecContent:
    content = ada.specs.get(like).content
    demand = Demand(clients=Resources(cpu=CORES, memory=DEMAND.clients.memory), server=DEMAND.server)
    return SpecContent(datasets=content.datasets, model=ModelRef(id="statistics", version=VERSION), resources=demand)


def _waits(ada: Fedpact, spec: str, story: Story) -> None:
    """Until it says what it waits for."""
    until(lambda: _lacking(ada, spec) != "", f"{spec} to say what is missing", story.patience)
    story.report.status_history.append(f"{WAITING}: {_lacking(ada, spec)}")
    story.say(f"{spec} is {WAITING}: {_lacking(ada, spec)}")


def _lacking(ada: Fedpact, spec: str) -> str:
    view = ada.specs.get(spec)
    told = (f"{one.gateway}: {one.message}" for one in view.participants.values() if MISSING in one.message)
    return next(told, "") if view.status == WAITING else ""


def _ended(ada: Fedpact, spec: str, story: Story) -> None:
    ada.specs.deactivate(spec)
    until(lambda: ada.specs.get(spec).status == "inactive.shutdown", f"{spec} to be shut down", story.patience)
    story.say(f"{spec} is shut down")


@contextmanager
def _filled(cluster: Cluster, plan: Plan, node: Json) -> Iterator[None]:
    """The node with hardly any core free, for as long as this lasts."""
    cluster.apply([_ballast(cluster, plan, node)])
    try:
        until(lambda: _runs(cluster, plan), "the ballast to run")
        yield
    finally:
        cluster.kubectl("delete", "pod", BALLAST, f"--namespace={plan.hub}", "--grace-period=0", "--force")


def _runs(cluster: Cluster, plan: Plan) -> bool:
    (pod,) = cluster.found("pods", f"--namespace={plan.hub}", f"--field-selector=metadata.name={BALLAST}")
    return bool(pod["status"]["phase"] == "Running")


def _ballast(cluster: Cluster, plan: Plan, node: Json) -> Json:
    free = _cores(node["status"]["allocatable"]["cpu"]) - _taken(cluster, node["metadata"]["name"])
    if free <= LEFT:
        raise ClusterError("the node has no core free: nothing can be shown to recover")
    bounds = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True}
    container = {
        "name": BALLAST,
        "image": f"{plan.repository}/infra:{plan.tag}",
        "imagePullPolicy": "IfNotPresent",
        "command": ["sleep", "infinity"],
        "resources": {"requests": {"cpu": f"{int((free - LEFT) * 1000)}m"}, "limits": {"memory": "32Mi"}},
        "securityContext": bounds,
    }
    whole = {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}}
    spec = {"automountServiceAccountToken": False, "securityContext": whole, "containers": [container]}
    if plan.pull_secrets:
        spec["imagePullSecrets"] = [{"name": name} for name in plan.pull_secrets]
    metadata = {"name": BALLAST, "namespace": plan.hub, "labels": {PART: OURS}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _taken(cluster: Cluster, node: str) -> Decimal:
    """Cores that pods on the node have asked for."""
    pods = cluster.found("pods", "--all-namespaces", f"--field-selector=spec.nodeName={node}")
    running = (pod for pod in pods if pod["status"]["phase"] not in {"Succeeded", "Failed"})
    return sum((asked(pod["spec"]) for pod in running), Decimal(0))


def asked(spec: Json) -> Decimal:
    """As the scheduler counts: what all containers ask for, or the largest that runs before them."""
    both = ([_request(c) for c in spec.get(part, ())] for part in ("containers", "initContainers"))
    main, before = both
    return max(sum(main, Decimal(0)), *before, Decimal(0))


def _request(container: Json) -> Decimal:
    return _cores(container.get("resources", {}).get("requests", {}).get("cpu", "0"))


def _cores(quantity: str) -> Decimal:
    return Decimal(quantity[:-1]) / 1000 if quantity.endswith("m") else Decimal(quantity)


def _nodes(cluster: Cluster) -> list[Json]:
    """Those that take pods."""
    return [node for node in cluster.found("nodes") if not node["spec"].get("unschedulable")]

"""The main job, end to end, while its services are killed one after the other."""

from collections.abc import Callable
from pathlib import Path

import pytest
from federation_world import federation_in, kill, story
from servers import missing

from fedpact.infra.demo import left_behind
from fedpact.infra.layout import Layout

KILLS: dict[str, list[tuple[str, str | None]]] = {
    "statistics:activating": [("fedpact-policy", None), ("fedpact-scheduler", None)],
    "statistics:submitted": [("fedpact-spec-lifecycle", None)],
    "logreg:activating": [("fedpact-gateway-agent", "gateway-1")],
    "logreg:submitted": [("fedpact-gateway-agent", "orchestrator")],
}


def disturbing(layout: Layout) -> Callable[[str], None]:
    def interlude(moment: str) -> None:
        for script, gateway in KILLS.get(moment, []):
            print(f"killing {script} {gateway or ''} at {moment}")
            kill(layout, script, gateway)

    return interlude


@pytest.mark.timeout(300)
@pytest.mark.skipif(bool(missing("nats-server", "secantusd-py")), reason=str(missing("nats-server", "secantusd-py")))
def test_the_story_ends_well_whoever_is_killed(tmp_path: Path) -> None:
    with federation_in(tmp_path / "f") as layout:
        told = story(layout, disturbing(layout))
        told.tell()
    report = told.report
    assert set(report.rejected)
    assert [job["status"] for job in report.jobs] == ["completed", "completed"]
    assert report.result["federated_accuracy"] >= 0.93
    assert abs(report.result["federated_accuracy"] - report.result["pooled_accuracy"]) <= 0.02
    assert "active.running_idle" in report.status_history
    assert report.status_history[-1] == "inactive.shutdown"
    assert left_behind(layout) == []

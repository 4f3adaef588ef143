"""The main job, end to end, while its services are killed one after the other; then another system takes a hand."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from federation_world import federation_in, kill, story
from servers import missing

from fedpact.infra.demo import left_behind
from fedpact.infra.demo_story import Story
from fedpact.infra.holding import running
from fedpact.infra.layout import Layout, write_secret

EXAMPLE = Path(__file__).parents[2] / "examples" / "publish_from_another_system.py"
LACKING = missing("nats-server", "secantusd-py")
KILLS: dict[str, list[tuple[str, str | None]]] = {
    "statistics:activating": [("fedpact-policy", None), ("fedpact-scheduler", None)],
    "statistics:submitted": [("fedpact-spec-lifecycle", None)],
    "logreg:activating": [("fedpact-gateway-agent", "gateway-1")],
    "logreg:submitted": [("fedpact-gateway-agent", "orchestrator")],
    "logreg:deactivating": [("fedpact-gateway-agent", "gateway-2")],
}


def disturbing(layout: Layout) -> Callable[[str], None]:
    def interlude(moment: str) -> None:
        for script, gateway in KILLS.get(moment, []):
            print(f"killing {script} {gateway or ''} at {moment}")
            kill(layout, script, gateway)

    return interlude


def another_system(layout: Layout, told: Story, spec: str) -> "subprocess.CompletedProcess[str]":
    """Runs the example as `lab`, with nothing of ours but the schema and a token."""
    said = running(layout)
    assert said is not None
    token = layout.root / "ada.token"
    write_secret(token, told.world.issuer.by_name("ada").access_token)
    env = {
        "PATH": os.environ["PATH"],
        "NATS_URL": said.nats,
        "NATS_SEED_FILE": str(layout.secrets / "lab.seed"),
        "FEDPACT_SYSTEM": "lab",
        "FEDPACT_TOKEN_FILE": str(token),
    }
    argv = [sys.executable, str(EXAMPLE), spec]
    return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.timeout(300)
@pytest.mark.skipif(bool(LACKING), reason=str(LACKING))
def test_the_story_ends_well_whoever_is_killed(tmp_path: Path) -> None:
    with federation_in(tmp_path / "f") as layout:
        told = story(layout, disturbing(layout))
        told.tell()
        with told.world.user("ada") as ada:
            spec = ada.specs.list().items[0].spec_id
            first, second = (another_system(layout, told, spec) for _ in range(2))
            ada.specs.deactivate(spec)
            told._gone(ada, spec)
    report = told.report
    assert set(report.rejected)
    assert [job["status"] for job in report.jobs] == ["completed", "completed"]
    assert report.result["federated_accuracy"] >= 0.93
    assert abs(report.result["federated_accuracy"] - report.result["pooled_accuracy"]) <= 0.02
    assert "active.running_idle" in report.status_history
    assert report.status_history[-1] == "inactive.shutdown"
    assert first.returncode == 0, first.stderr
    assert second.returncode == 1, second.stdout
    assert "already_activated" in second.stdout + second.stderr
    assert left_behind(layout) == []

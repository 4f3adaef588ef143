"""
A running federation with data, models and policies in it, for tests that do what the documents tell people to do.

One for a whole run: starting it takes most of such a test's time. Whoever uses it gives things names of their own and
ends what they activate.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from federation_world import federation_in

from fedpact.infra import demo
from fedpact.infra.commands import shipped_models
from fedpact.infra.demo_table import load, split
from fedpact.infra.demo_world import LOGREG, STATISTICS, World
from fedpact.infra.layout import Layout

SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Up:
    """What `fedpact demo --keep` leaves running: two hospitals that let North Lab run both models."""

    layout: Layout
    world: World
    datasets: tuple[str, ...]
    folder: Path

    def environ(self, user: str) -> Mapping[str, str]:
        """The environment of somebody who works in that folder and is logged in."""
        config = self.folder / f"config-{user}"
        environ = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "FEDPACT_HOME": str(self.layout.root),
            "FEDPACT_CONFIG_DIR": str(config),
        } | {name: os.environ[name] for name in ("PYTHONPATH", "LANG", "TMPDIR") if name in os.environ}
        if not config.exists():
            subprocess.run(
                ["fedpact", "login", "--user", user], env=environ, check=True, capture_output=True, timeout=60
            )
        return environ


@contextmanager
def furnished(folder: Path) -> Iterator[Up]:
    """A federation in which a scientist can begin."""
    with federation_in(folder / "federation") as layout:
        world = demo.world_in(layout)
        _, parts = split(load(), len(world.federation.custodians))
        datasets = world.register_data(parts)
        world.push_models(shipped_models(), ("statistics", "logreg"))
        _until_known(world, set(datasets))
        world.publish(1, (STATISTICS, LOGREG))
        yield Up(layout=layout, world=world, datasets=tuple(datasets), folder=folder)


def _until_known(world: World, datasets: set[str]) -> None:
    """Policies and pacts name what the registry knows."""
    deadline = time.monotonic() + SECONDS
    with world.user("ada") as ada:
        while True:
            known = {item.dataset for item in ada.datasets.list().items}
            models = {item.model for item in ada.models.list().items if item.versions}
            if datasets <= known and {"statistics", "logreg"} <= models:
                return
            assert time.monotonic() < deadline, "the registry knows neither data nor models in time"
            time.sleep(0.05)

"""
A running federation with data, models and policies in it, for tests that do what the documents tell people to do.

One for a whole run: starting it takes most of such a test's time. Whoever uses it gives things names of their own and
ends what they activate.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from federation_world import federation_in

from fedpact.infra import demo
from fedpact.infra.commands import shipped_models
from fedpact.infra.demo_world import World
from fedpact.infra.filling import fill
from fedpact.infra.layout import Layout


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
        filled = fill(layout, shipped_models())
        world = demo.world_in(layout)
        yield Up(layout=layout, world=world, datasets=filled.datasets, folder=folder)

"""
`just attack`: start a federation, try with credentials of each kind what is not theirs, and count the refusals.

It ends with 1 when an attempt succeeds, and prints the table of docs/threat-model.md with what each attack met. What
this machine cannot try is told, and not counted.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import after_leaving
import inside
import on_the_bus
import on_the_doors
import on_the_machine
import on_the_store
import threats
from attempts import Attack, Attempt, Target
from federation_up import Up, furnished

from fedpact.client.errors import RefusedError
from fedpact.client.fedpact import Fedpact
from fedpact.contracts.pact import ModelRef, SpecContent
from fedpact.infra.demo_story import DEMAND, VERSION

ATTACKS: Sequence[Attack] = (on_the_bus.attack, on_the_store.attack, on_the_doors.attack, on_the_machine.attack)
SECONDS = 120.0


def target_of(up: Up) -> Target:
    """The running federation, with something in it that is not everybody's."""
    ports = json.loads(up.layout.ports.read_text())
    with up.world.user("ada") as ada:
        prey = _created(ada, up.datasets[:1])
    return Target(layout=up.layout, world=up.world, ports=ports, datasets=up.datasets, prey=prey)


async def attempts_of(target: Target, attacks: Sequence[Attack]) -> list[Attempt]:
    """All of them, one after the other."""
    return [attempt for attack in attacks for attempt in [each async for each in attack(target)]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="activate nothing and wait for nothing")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fedpact-attack-") as folder, furnished(Path(folder)) as up:
        target = target_of(up)
        found = asyncio.run(attempts_of(target, ATTACKS))
        if not asked.quick:
            found += asyncio.run(attempts_of(target, [after_leaving.attack]))
            found += _from_inside(up, target)
    return threats.told(found, target.lacking)


def _from_inside(up: Up, target: Target) -> list[Attempt]:
    """The same from a client of a spec that is active as long as it takes."""
    with up.world.user("ada") as ada:
        spec = _created(ada, up.datasets)
        ada.specs.wait(spec, "approved", timeout=SECONDS)
        with ada.specs.activated(spec, timeout=SECONDS):
            return asyncio.run(attempts_of(target, [inside.attack]))


def _created(ada: Fedpact, datasets: Sequence[str]) -> str:
    """A spec, once whoever decides about specs has heard of what it names."""
    model = ModelRef(id="statistics", version=VERSION)
    content = SpecContent(datasets=tuple(datasets), model=model, resources=DEMAND)
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            return ada.specs.create(content).id
        except RefusedError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())

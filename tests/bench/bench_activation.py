"""
Activation: from asking for it to `active.running_idle` seen at the API, beside bare FLARE launched by hand.

Ours does what the reference does (authority, keys, kits, a server, two clients, a session, both listed) and in addition
decides by the policies in force, places the gang, signs grants, has every gateway decide again, and passes each step
through a store and the bus. The federation is warm: data, models, policies and the pact are there before.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from bench_flare import BareFlare, activated
from bench_harness import (
    Measure,
    Sample,
    alternate,
    at_most_more,
    carry_out,
    conclude,
    findings,
    rounds_asked,
)
from bench_world import elapsed, now, prepared, told_since

QUIET = 2.0
"""Seconds for what was stopped to be really gone."""
MEASURES = (Measure(name="activation", unit="s", limit=at_most_more(0.10, 1.5)),)


async def reference() -> Sample:
    """Bare FLARE, from nothing to both sites listed."""
    with tempfile.TemporaryDirectory(prefix="fedpact-bench-") as folder:
        flare = BareFlare(Path(folder))
        async with activated(flare):
            took = flare.timeline["both sites listed"]
    await asyncio.sleep(QUIET)
    return {"activation": took}


async def work(rounds: int) -> int:
    """The measurement, the story of the last activation, the table."""
    async with prepared() as (hub, spec):

        async def ours() -> Sample:
            nonlocal story
            began, moment = time.perf_counter(), now()
            await spec.activate()
            await spec.running()
            took = elapsed(began)
            story = [told.line() for told in await told_since(hub, moment) if told.after <= took]
            await spec.deactivate()
            await asyncio.sleep(QUIET)
            return {"activation": took}

        story: list[str] = []
        samples = await alternate(reference, ours, rounds=rounds)
    print("\nthe last of ours, by what was said on the bus (seconds)", *story, sep="\n")
    return conclude("activation", findings(MEASURES, *samples))


if __name__ == "__main__":
    asked = rounds_asked("Activation beside bare FLARE.")
    sys.exit(carry_out(lambda: work(asked)))

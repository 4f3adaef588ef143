"""
Activation by each launcher, beside the same FLARE processes or containers started by hand in the same way.

By hand means authority, keys and kits, then a server and two clients straight through the launcher's own means, a
session, both listed: no hub, no policies, no bus. Containers are of the model's image on this machine's engine, with the
servers published on the address at which containers reach it; where no engine answers they are left out, and told.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench_flare import BareFlare, activated
from bench_harness import Finding, Measure, Sample, alternate, at_most_more, carry_out, conclude, findings, rounds_asked
from bench_world import prepared
from engine import docker, image_lacks, inspected

from fedpact.gateway_agent.adapters.docker import DockerLauncher
from fedpact.gateway_agent.domain.containers import Yard
from fedpact.gateway_agent.domain.pods import Runtime
from fedpact.gateway_agent.launching import IMAGE_PYTHON, SEARCH_PATH

QUIET = 2.0
"""Seconds for what was stopped to be really gone."""
IMAGE = "fedpact/model-logreg:0.1.0"
LISTED = Path(__file__).parents[2] / "dist" / "model-images.json"
BY_HAND = "bench-by-hand"


@dataclass(frozen=True)
class Way:
    """A launcher: what the agents of a federation are told, and how to get the same by hand."""

    name: str
    settings: Mapping[str, str]
    by_hand: Callable[[Path], BareFlare]


def processes(folder: Path) -> BareFlare:
    return BareFlare(folder)


def containers(folder: Path) -> BareFlare:
    runtime = Runtime(python=IMAGE_PYTHON, search_path=SEARCH_PATH, image=inspected(IMAGE)["Id"])
    return BareFlare(folder, host=engine_address(), runtime=runtime)


def engine_address() -> str:
    """The engine's machine, as containers and this process both reach it."""
    said = docker("network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}").strip()
    return said or "172.17.0.1"


def ways() -> tuple[list[Way], str]:
    """The launchers that can be measured here, and why another cannot."""
    found = [Way("processes", {}, processes)]
    lacking = image_lacks(IMAGE, "just images") or ("" if LISTED.exists() else f"needs `{LISTED}`: `just images`")
    if lacking:
        return found, lacking
    address = engine_address()
    told = {
        "FEDPACT_AGENT_LAUNCHER": "docker",
        "FEDPACT_AGENT_MODEL_IMAGES": str(LISTED),
        "FEDPACT_AGENT_DOCKER_PUBLISH": address,
        "FEDPACT_AGENT_FLARE_HOST": address,
    }
    return [*found, Way("containers", told, containers)], ""


@asynccontextmanager
async def launching(way: Way, flare: BareFlare) -> AsyncIterator[BareFlare]:
    """`flare` with the launcher of that way."""
    if way.settings:
        yard = Yard(agent=BY_HAND, publish_on=flare.host)
        flare.launcher = launcher = await DockerLauncher.connected(yard)
        try:
            yield flare
        finally:
            await launcher.close()
    else:
        yield flare


async def measured(way: Way, rounds: int) -> list[Finding]:
    """By hand and by a federation, in turn."""
    measure = Measure(name=f"activation by {way.name}", unit="s", limit=at_most_more(0.10, 1.5))
    os.environ.update(way.settings)
    try:
        async with prepared() as (_, spec):

            async def reference() -> Sample:
                with tempfile.TemporaryDirectory(prefix="fedpact-bench-") as folder:
                    async with launching(way, way.by_hand(Path(folder))) as flare, activated(flare):
                        took = flare.timeline["both sites listed"]
                await asyncio.sleep(QUIET)
                return {measure.name: took}

            async def ours() -> Sample:
                began = asyncio.get_running_loop().time()
                await spec.activate()
                await spec.running()
                took = asyncio.get_running_loop().time() - began
                await spec.deactivate()
                await asyncio.sleep(QUIET)
                return {measure.name: took}

            print(f"\n{way.name}")
            return findings([measure], *await alternate(reference, ours, rounds=rounds))
    finally:
        for name in way.settings:
            del os.environ[name]


async def work(rounds: int) -> int:
    chosen, lacking = ways()
    found = [finding for way in chosen for finding in await measured(way, rounds)]
    if lacking:
        print(f"\ncontainers are left out: {lacking}")
    return conclude("launchers", found)


if __name__ == "__main__":
    asked = rounds_asked("Activation by each launcher beside the same by hand.")
    sys.exit(carry_out(lambda: work(asked)))

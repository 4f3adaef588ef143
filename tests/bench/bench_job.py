"""
A job: from asking for it to the engine's job id, and to its end, beside the same job handed to bare FLARE.

Both run the same job files (rendered from the same payload by the model's own template, for the same sites) on the same
tables, over a door to the data: ours the real one, the reference's a plain one that serves the same bytes. Ours in
addition renders the payload in a sandbox, checks it against every custodian's bounds, and keeps the results. What FLARE
takes to say that a job has ended is in both.
"""

import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

from bench_flare import BareFlare, activated, finished, rendered
from bench_harness import (
    Measure,
    Sample,
    alternate,
    at_most_times,
    carry_out,
    conclude,
    findings,
    rounds_asked,
)
from bench_world import MODEL, elapsed, now, prepared, told_since
from fake_dal import TOKEN, FakeDal, serving

from fedpact.gateway_agent.app.ports import Session
from fedpact.gateway_agent.domain.pods import DataAccess
from fedpact.infra.commands import shipped_models
from fedpact.infra.demo_table import TARGET, load, split
from fedpact.secure_runtime.adapters.package import read_model_card

PAYLOAD = {"num_rounds": 5, "target": TARGET}
TABLE, DATASET = "file:///data/table.csv", "table_any_any"
GATEWAYS = {"a_gateway-1_x": "gateway-1", "b_gateway-2_y": "gateway-2"}
SITES = ("gateway-1-1", "gateway-2-1")
MEASURES = (
    Measure(name="submit to engine's job id", unit="s", limit=at_most_times(2.5)),
    Measure(name="submit to finished", unit="s", limit=at_most_times(1.05)),
)


@asynccontextmanager
async def bare() -> AsyncIterator[tuple[Session, Path]]:
    """A bare FLARE federation with the two tables behind a plain door, and the job's files."""
    package = shipped_models() / MODEL
    with tempfile.TemporaryDirectory(prefix="fedpact-bench-") as made:
        folder = Path(made)
        _, parts = split(load(), 2)
        for number, part in enumerate(parts):
            part.write(folder / f"{number}.csv")
        tables = [(folder / f"{number}.csv").read_bytes() for number in range(len(parts))]
        with serving(FakeDal(contents={TABLE: tables})) as door:
            flare = BareFlare(
                folder,
                components=read_model_card(package).components,
                access=DataAccess(url=door.url, token=TOKEN, datasets={DATASET: TABLE}),
                packages=(package / "src",),
            )
            job = rendered(package, PAYLOAD, GATEWAYS, SITES, folder / "job")
            async with activated(flare) as session:
                yield session, job


async def reference(session: Session, job: Path) -> Sample:
    """`submit_job` and what follows."""
    began = time.perf_counter()
    engine_job = await session.submit(job, uuid4().hex)
    submitted = elapsed(began)
    status = await finished(session, engine_job)
    if status != "FINISHED:COMPLETED":
        raise RuntimeError(f"the reference's job ended as {status}")
    return _sample(submitted, elapsed(began))


async def work(rounds: int) -> int:
    """Both activations side by side, one of them busy at a time."""
    async with prepared() as (hub, spec), bare() as (session, job):
        await spec.activate()
        await spec.running()

        async def ours() -> Sample:
            nonlocal story
            began, moment = time.perf_counter(), now()
            mine = await spec.submit(PAYLOAD, "submitted")
            await spec.job(mine, "submitted", lambda view: bool(view["engine_job"]))
            submitted = elapsed(began)
            await spec.job(mine, "completed", lambda view: view["status"] == "completed")
            took = elapsed(began)
            story = [told.line() for told in await told_since(hub, moment) if told.after <= took]
            await spec.running()
            return _sample(submitted, took)

        story: list[str] = []
        samples = await alternate(lambda: reference(session, job), ours, rounds=rounds)
        await spec.deactivate()
    print("\nthe last of ours, by what was said on the bus (seconds)", *story, sep="\n")
    return conclude("job", findings(MEASURES, *samples))


def _sample(submitted: float, took: float) -> Sample:
    return {MEASURES[0].name: submitted, MEASURES[1].name: took}


if __name__ == "__main__":
    asked = rounds_asked("A job beside the same job in bare FLARE.")
    sys.exit(carry_out(lambda: work(asked)))

"""The models in a real FLARE run: its simulator in a process of its own, two sites, class allow-list enforced."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from fake_dal import TOKEN, FakeDal, serving

from fedpact.secure_runtime.adapters.loader import load_service
from fedpact.secure_runtime.adapters.package import read_model_card
from fedpact.secure_runtime.domain.rendered import check_rendered

ROOT = Path(__file__).parents[3]
WDBC = (ROOT / "infra/src/fedpact/infra/demo_data/wdbc.csv").read_bytes().splitlines(keepends=True)
HALVES = [b"".join([WDBC[0], *WDBC[1:301]]), b"".join([WDBC[0], *WDBC[301:]])]
ROWS = np.loadtxt([line.decode() for line in WDBC[1:]], delimiter=",")
SITES = ("north-1", "south-1")
ATTEMPTS = 3
LOST = "Communication error with client"
PATH = "file:///data/table.csv"

pytestmark = pytest.mark.timeout(120)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run left at the server, and all that it printed."""

    folder: Path
    output: str

    def json(self, name: str) -> dict:
        return json.loads((self.folder / name).read_text())


def run(folder: Path, model: str, payload: dict, tables: Sequence[bytes], **policy: object) -> Run:
    """Render `payload`, check it, and run it. The first site to read gets the first table, the second the second."""
    for attempt in range(ATTEMPTS):
        place = folder / f"run-{attempt}"
        prepare(place, model, payload)
        with serving(dal_of(tables, **policy)) as dal:
            output = simulated(place, dal)
        if LOST not in output:
            return Run(folder=place / "ws/server/simulate_job", output=output)
    raise AssertionError(f"FLARE's simulator lost a client {ATTEMPTS} times")


def prepare(folder: Path, model: str, payload: dict) -> None:
    package = ROOT / "models" / model
    service, card = load_service(package), read_model_card(package)
    gateways = {"a_north_hospital": "north", "b_south_clinic": "south"}
    raw = service.template(service.parse(json.dumps(payload)), gateways)
    for name, text in check_rendered(raw, sites=SITES, components=card.components).items():
        (folder / "job" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "job" / name).write_text(text)
    for part in (".", "server", *SITES):
        local = folder / "ws" / part / "local"
        local.mkdir(parents=True, exist_ok=True)
        (local / "resources.json").write_text(
            json.dumps({"format_version": 2, "class_allow_list": list(card.components)})
        )


def simulated(folder: Path, dal: FakeDal) -> str:
    """
    What the simulator printed, until it ended or had lost a client.

    It looks for a port for each client and lets go of it before the client listens there. Where another program was
    faster, it speaks with that one, says so, and waits for its client for ever.
    """
    simulator = [str(Path(sys.executable).with_name("nvflare")), "simulator", str(folder / "job")]
    printed = folder / "printed.txt"
    with (
        printed.open("w") as out,
        subprocess.Popen(
            [*simulator, "-w", str(folder / "ws"), "-c", ",".join(SITES), "-t", "2"],
            env={"PATH": os.environ["PATH"], "HOME": str(folder), **dal.environment({"table_any_any": PATH})},
            stdout=out,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            while process.poll() is None and LOST not in printed.read_text():
                time.sleep(0.1)
        finally:
            process.kill()
    return printed.read_text()


def dal_of(tables: Sequence[bytes], **policy: object) -> FakeDal:
    return FakeDal(
        contents={PATH: tables}, policy={"permissions": {"allowed_functions": ["*"]}, "privacy": {}, **policy}
    )


def test_a_regression_over_two_sites_learns_in_five_rounds(tmp_path: Path) -> None:
    done = run(tmp_path, "logreg", {"num_rounds": 5}, HALVES)
    lines = [json.loads(line) for line in (done.folder / "metrics/round_metrics.jsonl").read_text().splitlines()]
    assert [line["round"] for line in lines] == [1, 2, 3, 4, 5], done.output
    assert lines[-1]["metrics"]["accuracy"] >= 0.97
    assert done.json("metrics.json")["final"] == lines[-1]["metrics"]
    assert done.json("metrics.json")["rows"] == 569
    model = done.json("model.json")
    standard = (ROWS[:, :-1] - ROWS[:, :-1].mean(axis=0)) / ROWS[:, :-1].std(axis=0)
    order = [WDBC[0].decode().strip().split(",").index(name) for name in model["features"]]
    score = standard[:, order] @ np.array(model["weights"]) + model["intercept"]
    assert np.mean((score > 0) == (ROWS[:, -1] > 0)) == pytest.approx(lines[-1]["metrics"]["accuracy"])


def test_a_linear_regression_over_two_sites_is_that_of_all_rows(tmp_path: Path) -> None:
    features = ["mean_radius", "mean_smoothness", "mean_texture"]
    done = run(tmp_path, "linear", {"target": "mean_area", "features": features}, HALVES)
    names = WDBC[0].decode().strip().split(",")
    columns = ROWS[:, [names.index(name) for name in features]]
    best, *_ = np.linalg.lstsq(np.column_stack([np.ones(569), columns]), ROWS[:, names.index("mean_area")], rcond=None)
    model = done.json("model.json")
    found = [model["intercept"], *(model["coefficients"][name] for name in features)]
    assert [one["estimate"] for one in found] == pytest.approx(best.tolist()), done.output
    assert model["degrees_of_freedom"] == 565


def test_a_cox_regression_over_two_sites_is_that_of_one(tmp_path: Path) -> None:
    chance = np.random.default_rng(3)
    dose = chance.normal(size=400)
    ends, leaves = chance.exponential(np.exp(-0.7 * dose) * 30), chance.uniform(5, 60, 400)
    lines = [f"{min(e, c):.4f},{int(e <= c)},{d:.4f}\n" for e, c, d in zip(ends, leaves, dose, strict=True)]
    tables = [("time,event,dose\n" + "".join(lines[n::2])).encode() for n in range(2)]
    payload = {"time": "time", "event": "event", "unit": 0.5}
    results = []
    for name, held in (("two", tables), ("one", [b"".join([tables[0], *tables[1].splitlines(keepends=True)[1:]])])):
        results.append(run(tmp_path / name, "cox", payload, held, privacy={"min_count": 5}))
    two, one = (done.json("model.json") for done in results)
    assert (two["rows"], one["rows"]) == (400, 800), "in the second run both sites hold all rows"
    assert two["coefficients"]["dose"]["estimate"] == pytest.approx(0.7, abs=0.12)
    # The intervals differ: each site has its own 5 rows in them, so the results agree as far as rounding times goes.
    assert one["coefficients"]["dose"]["estimate"] == pytest.approx(two["coefficients"]["dose"]["estimate"], rel=0.02)
    steps = [json.loads(line) for line in (results[0].folder / "metrics/round_metrics.jsonl").read_text().splitlines()]
    assert steps[-1]["metrics"]["log_likelihood"] == two["log_likelihood"]


def test_statistics_over_two_sites_are_those_of_all_rows(tmp_path: Path) -> None:
    payload = {
        "functions": ["count", "sum", "mean", "stddev", "histogram"],
        "columns": ["mean_radius", "target"],
        "bins": 4,
        "ranges": [{"column": "mean_radius", "low": 5.0, "high": 30.0}],
    }
    done = run(tmp_path, "statistics", payload, HALVES, privacy={"min_count": 1})
    radius = ROWS[:, 0]
    said = done.json("statistics/result.json")["columns"]["mean_radius"]
    assert said["count"] == 569
    assert (said["sum"], said["mean"]) == (pytest.approx(radius.sum()), pytest.approx(radius.mean()))
    assert said["stddev"] == pytest.approx(radius.std(ddof=1))
    assert said["histogram"]["counts"] == np.histogram(radius, bins=4, range=(5.0, 30.0))[0].tolist()
    kept = [path for path in done.folder.rglob("*") if path.is_file() and path.suffix in {".json", ".txt", ".jsonl"}]
    single = [f"{half.mean():.6f}" for half in (radius[:300], radius[300:])]
    assert not any(value in path.read_text() for path in kept for value in single)


@pytest.mark.parametrize(
    ("tables", "policy", "said"),
    [
        (HALVES, {"permissions": {"allowed_functions": ["count"]}}, "the custodian's policy does not allow `mean`"),
        (HALVES, {"privacy": {"min_count": 1000}}, "fewer rows than the custodian's `min_count` of 1000"),
        ([b"mean_radius\n1\nTOPSECRET\n"], {}, "`mean_radius` holds missing or non-numeric cells"),
    ],
)
def test_a_sites_refusal_ends_the_job_with_its_reason_and_no_data(
    tmp_path: Path, tables: list[bytes], policy: dict, said: str
) -> None:
    done = run(tmp_path, "statistics", {"columns": ["mean_radius"]}, tables, **policy)
    assert said in done.json("failure.json")["reason"]
    assert not (done.folder / "statistics").exists()
    assert "TOPSECRET" not in done.output
    assert TOKEN not in done.output

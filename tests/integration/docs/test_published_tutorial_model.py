"""The published tutorial model runs, and the list of its errata is true."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from model_folders import fedpact
from tutorials import blocks

from fedpact.model_tools.checking import Verdict, examine
from fedpact.secure_runtime.adapters.loader import load_service

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs/tutorials/published-model.md"
MODEL = ROOT / "examples/published-tutorial"
WDBC = ROOT / "infra/src/fedpact/infra/demo_data/wdbc.csv"


def marked(sign: str) -> list[str]:
    lines = [line for block in blocks(PAGE) if block.language == "diff" for line in block.lines]
    return [line[1:].strip() for line in lines if line.startswith(sign)]


def code() -> set[str]:
    paths = [path for path in MODEL.rglob("*") if path.suffix in {".py", ".yaml"}]
    return {line.strip().removeprefix("- ") for path in paths for line in path.read_text().splitlines()}


def test_every_erratum_is_mended_in_the_example() -> None:
    assert len(marked("-")) == 14
    assert [line for line in marked("-") if line in code()] == []
    assert [line for line in marked("+") if line not in code()] == []
    numbers = [int(number) for number in re.findall(r"^(\d+)\. \*\*", PAGE.read_text(), re.MULTILINE)]
    assert numbers == list(range(1, 12))


@pytest.mark.parametrize("payload", [{}, {"num_federation_rounds": 10}, {"num_federation_rounds": 1.5}])
def test_the_first_erratum_fails_on_every_payload(payload: dict) -> None:
    with pytest.raises(TypeError):
        eval(marked("-")[0].partition(" = ")[2], {"payload": payload})


@pytest.mark.parametrize(
    "body",
    [
        '{"optimizer_name": "adam", "learning_rate": NaN}',
        "[]",
        '{"optimizer_name": "adam", "learning_rate": "0.01"}',
        "{}",
    ],
)
def test_what_slipped_through_is_refused_with_a_text(body: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any text for the sender will do
        load_service(MODEL).parse(body)


@pytest.mark.timeout(300)
def test_it_passes_every_check() -> None:
    assert [finding.line for finding in examine(MODEL) if finding.verdict is Verdict.WRONG] == []


@pytest.mark.timeout(500)
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_it_trains_on_files_and_on_folders(tmp_path: Path, kind: str) -> None:
    header, *lines = WDBC.read_text().splitlines(keepends=True)
    names = []
    for site, part in (("north", lines[:300]), ("south", lines[300:])):
        place = tmp_path / site / "deep" / "table.csv" if kind == "folder" else tmp_path / f"{site}.csv"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(header + "".join(part))
        names.append(site if kind == "folder" else f"{site}.csv")
    done = fedpact(tmp_path, "models", "run", "--model", str(MODEL), "--out", "out", "--data", *names)
    assert done.returncode == 0, done.stdout + done.stderr
    weights = np.array(json.loads((tmp_path / "out/model.json").read_text())["weights"])
    rows = np.loadtxt(lines, delimiter=",")
    standard = (rows[:, :-1] - rows[:, :-1].mean(axis=0)) / rows[:, :-1].std(axis=0)
    right = (standard @ weights[1:] + weights[0] > 0) == (rows[:, -1] == 1)
    assert right.mean() >= 0.95


@pytest.mark.timeout(500)
def test_a_policy_that_forbids_to_explore_ends_it(tmp_path: Path) -> None:
    (tmp_path / "terms.yaml").write_text("permissions: {explore: false}\n")
    done = fedpact(
        tmp_path, "models", "run", "--model", str(MODEL), "--out", "out", "--terms", "terms.yaml", "--data", str(WDBC)
    )
    assert done.returncode == 1
    assert "does not allow it to be explored" in (tmp_path / "out/logs/site-1-1.log").read_text()

"""The state diagrams of the documentation, drawn from the tables in the code."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from fedpact.jobs.domain import machine as jobs
from fedpact.spec_lifecycle.domain import evolve as specs

BEGIN, END = "<!-- generated from the table: do not edit -->", "<!-- end -->"


def pages(docs: Path) -> Iterator[tuple[Path, str]]:
    """Each page that holds a diagram, with the diagram as the code has it now."""
    specs_rows = [(a.value, fact.__name__, b.value) for (a, fact), b in specs.TRANSITIONS.items()]
    yield _page(docs / "spec.md", _diagram(specs_rows))
    job_rows = [(a.value, _name(on), b.value) for (a, on), b in jobs.TRANSITIONS.items()]
    yield _page(docs / "job.md", _diagram(job_rows))


def _name(on: object) -> str:
    return on.__name__ if isinstance(on, type) else str(getattr(on, "value", on))


def _diagram(rows: Iterable[tuple[str, str, str]]) -> str:
    lines = [f"    {before} --> {after}: {on}" for before, on, after in rows]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


def _page(path: Path, diagram: str) -> tuple[Path, str]:
    page = path.read_text()
    pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    assert pattern.search(page), f"{path.name} has no place for its diagram"
    return path, pattern.sub(lambda _: f"{BEGIN}\n{diagram}\n{END}", page)

"""The state diagrams of the documentation, drawn from the tables in the code."""

import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from fedpact.gateway_agent.domain import workload as participants
from fedpact.jobs.domain import lifecycle as jobs
from fedpact.spec_lifecycle.domain import evolve as specs

BEGIN, END = "<!-- generated from the table: do not edit -->", "<!-- end -->"
Row = tuple[str, str, str]
State = TypeVar("State", bound=StrEnum)


def pages(docs: Path) -> Iterator[tuple[Path, str]]:
    """Each page that holds a diagram, with the diagram as the code has it now."""
    moves = [(a.value, b.value, fact.type) for (a, fact), b in specs.TRANSITIONS.items()]
    yield _page(docs / "spec.md", _diagram(moves))
    yield _page(docs / "job.md", _diagram(_rows(jobs.TRANSITIONS)))
    begins = [("[*]", phase, "") for phase in sorted(participants.FIRST)]
    yield _page(docs / "participant.md", _diagram([*begins, *_rows(participants.TRANSITIONS)]))


def _rows(table: Mapping[State, AbstractSet[State]]) -> list[Row]:
    """The arrows of a table from state to the states that may follow, in the order in which the states are declared."""
    return [(a.value, b.value, "") for a, after in table.items() for b in type(a) if b in after]


def _diagram(rows: Iterable[Row]) -> str:
    lines = [f"    {before} --> {after}" + (f": {on}" if on else "") for before, after, on in rows]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


def _page(path: Path, diagram: str) -> tuple[Path, str]:
    page = path.read_text()
    pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    assert pattern.search(page), f"{path.name} has no place for its diagram"
    return path, pattern.sub(lambda _: f"{BEGIN}\n{diagram}\n{END}", page)

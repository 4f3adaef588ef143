"""The table of the threat model, and what each of its rows met."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from attempts import Attempt

LEAST = 30
"""Attempts; with fewer, nothing is shown."""
FILE = Path(__file__).parents[2] / "docs" / "threat-model.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Threat:
    section: str
    asset: str
    stopped_by: str
    shown_by: str


def threats(text: str) -> list[Threat]:
    """Every row of the document."""
    section, found = "", []
    for line in text.splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif line.startswith("| ") and not line.startswith("| asset"):
            asset, stopped_by, shown_by = (cell.strip() for cell in line.strip("|").split(" | "))
            found.append(Threat(section=section, asset=asset, stopped_by=stopped_by, shown_by=shown_by.rstrip(" |")))
    return found


def row_of(attempt: Attempt, rows: Sequence[Threat]) -> Threat:
    """The one row the attempt was after."""
    fitting = [row for row in rows if row.asset.startswith(attempt.row)]
    if not fitting:
        raise LookupError(f"`{attempt.row}` begins no asset of {FILE.name}: name the row that the attempt is after")
    return fitting[0]


def table(rows: Sequence[Threat], attempts: Sequence[Attempt]) -> str:
    """Each asset with what attacks on it met, or else the tests that show it."""
    lines = ["| asset | attempts | met |", "|---|---|---|"]
    for section in dict.fromkeys(row.section for row in rows):
        lines.append(f"| **{section}** | | |")
        lines += [_line(row, [a for a in attempts if row_of(a, rows) == row]) for row in rows if row.section == section]
    return "\n".join(lines)


def _line(row: Threat, met: Sequence[Attempt]) -> str:
    if met:
        refused = sum(attempt.refused for attempt in met)
        told = ", ".join(sorted({re.sub(r"\s+", " ", attempt.met) for attempt in met}))
        return f"| {row.asset} | {refused} of {len(met)} refused | {told} |"
    shown = "open: nothing stops it" if row.shown_by == "open" else f"tests: {row.shown_by}"
    return f"| {row.asset} | - | {shown} |"


def told(found: Sequence[Attempt], lacking: Sequence[str]) -> int:
    """Print what happened; 1 when somebody got through."""
    for attempt in found:
        mark = "refused" if attempt.refused else "SUCCEEDED"
        print(f"{mark:9} {attempt.who:18} {attempt.what}: {attempt.met}")
    print("\n" + table(threats(FILE.read_text()), found))
    refused = sum(attempt.refused for attempt in found)
    print(f"\n{refused} of {len(found)} attempts were refused")
    for text in lacking:
        print(f"not tried: {text}")
    return 0 if refused == len(found) >= LEAST else 1

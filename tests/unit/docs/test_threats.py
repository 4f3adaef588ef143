"""Every row of the threat model names the attack or test that shows it, or says that it is open."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import threats
from attempts import Attempt

TESTS = Path(__file__).parents[2]
ROWS = threats.threats(threats.FILE.read_text())
TRIED = Attempt(row="the DAL", who="nobody", what="read", met="HTTP 401", refused=True)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.asset)
def test_a_row_names_files_that_there_are_or_says_that_it_is_open(row: threats.Threat) -> None:
    named = re.findall(r"`([a-z_]+/[^`]+\.py)`", row.shown_by)
    assert all((TESTS / name).exists() for name in named), row
    assert named or (row.shown_by == "open" and row.stopped_by.startswith(("open", "partly"))), row


def test_an_attempt_is_found_in_the_row_it_was_after() -> None:
    table = threats.table(ROWS, [TRIED, TRIED])
    [line] = [line for line in table.splitlines() if line.startswith("| the DAL |")]
    assert line == "| the DAL | 2 of 2 refused | HTTP 401 |"
    assert len(table.splitlines()) > len(ROWS)


def test_an_attempt_on_nothing_that_is_worth_protecting_is_a_mistake() -> None:
    with pytest.raises(LookupError, match="begins no asset"):
        threats.row_of(Attempt(row="the weather", who="x", what="x", met="x", refused=True), ROWS)


@pytest.mark.parametrize(
    ("found", "code"),
    [([TRIED] * 30, 0), ([TRIED] * 29, 1), ([TRIED] * 30 + [replace(TRIED, refused=False, met="let in")], 1)],
)
def test_whoever_gets_through_or_too_few_attempts_fail_the_run(found: list[Attempt], code: int, capsys) -> None:
    assert threats.told(found, ["the moon: no rocket"]) == code
    said = capsys.readouterr().out
    assert ("SUCCEEDED nobody" in said) == any(not each.refused for each in found)
    assert "not tried: the moon: no rocket" in said

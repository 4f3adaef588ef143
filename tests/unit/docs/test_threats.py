"""Every row of the threat model names the attack or test that shows it, or says that it is open."""

import re
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

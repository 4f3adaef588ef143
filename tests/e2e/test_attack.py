"""What an intruder tries with credentials of each kind, in the federation that the other stories run in."""

import asyncio

import pytest
import threats
from federation_up import Up

import attack


@pytest.mark.timeout(300)  # whichever story comes first starts the federation
def test_nobody_gets_what_is_not_theirs(up: Up) -> None:
    found = asyncio.run(attack.attempts_of(attack.target_of(up), attack.ATTACKS))
    assert [each for each in found if not each.refused] == []
    assert len(found) >= 90
    rows = threats.threats(threats.FILE.read_text())
    assert all(threats.row_of(each, rows) for each in found)

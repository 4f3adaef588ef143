"""The tutorial of model authors does what it says."""

from pathlib import Path

import pytest
from tutorials import Terminal

PAGE = Path(__file__).parents[3] / "docs/tutorials/own-model.md"


@pytest.mark.timeout(1200)
def test_a_reader_ends_with_a_model_of_their_own(tmp_path: Path) -> None:
    with Terminal(tmp_path) as terminal:
        terminal.follow(PAGE)
    assert (tmp_path / "runs/dose-2/model.json").is_file()

"""The noun `models` has the verbs of this distribution beside its own."""

from pathlib import Path

import pytest
from cli_runs import typed


def said(*words: str, code: int = 0) -> str:
    done = typed(words)
    assert done.exit_code == code, done.output
    return done.output


def test_own_verbs_come_first() -> None:
    help_text = said("models", "--help")
    places = [help_text.index(f"\n  {verb} ") for verb in ("list", "push", "check", "init", "run")]
    assert places == sorted(places)


def test_a_verb_is_no_command_of_its_own() -> None:
    assert "models.check" not in said("--help")
    said("models.check", code=2)
    said("datasets", "check", code=2)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "which data?"),
        (["--data", "gone.csv"], "`gone.csv` is not there"),
        (["--data", "a.csv", "--model", "nowhere"], "holds no `model.yaml`"),
        (["--data", "a.csv", "--payload", "1"], "has to hold members"),
        (["--data", "a.csv", "--out", "mine/results"], "whose digest would change"),
        (["--data", "a.csv", "--out", "mine/examples"], "holds something already"),
        (["--data", *["a.csv"] * 9], "at most 8"),
    ],
)
def test_a_run_that_cannot_be_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    said("models", "init", "mine")
    (tmp_path / "a.csv").write_text("a\n1\n")
    done = typed(["models", "run", *(["--model", "mine"] if "--model" not in words else []), *words])
    assert done.exit_code in (1, 2)
    assert reason in done.output

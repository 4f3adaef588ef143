"""The recipes of images, without an engine: what both builders understand, and a bill of materials that is complete."""

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from servers import BIN, missing

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "infra" / "docker"
RECIPES = ("Dockerfile", "model.Dockerfile")


@pytest.fixture(params=RECIPES)
def recipe(request: pytest.FixtureRequest) -> str:
    return (FOLDER / request.param).read_text()


def last_stage(recipe: str) -> str:
    return recipe.rpartition("\nFROM ")[2]


def test_a_recipe_uses_nothing_that_one_of_the_builders_lacks(recipe: str) -> None:
    assert not recipe.startswith("# syntax")
    assert "--mount" not in recipe
    assert "<<" not in recipe
    assert "--chmod" not in recipe


def test_a_recipe_fetches_nothing(recipe: str) -> None:
    installs = [line for line in recipe.splitlines() if "install" in line and not line.startswith("#")]
    assert installs
    assert all("--no-index" in line for line in installs)
    assert "ADD " not in recipe
    assert "apt" not in recipe


def test_the_user_is_a_number_and_not_root(recipe: str) -> None:
    users = re.findall(r"^USER (.*)$", recipe, re.MULTILINE)
    assert users
    assert all(re.fullmatch(r"[1-9]\d+:[1-9]\d+", user) for user in users)


def test_every_service_says_whether_it_is_ready() -> None:
    assert "HEALTHCHECK" in last_stage((FOLDER / "Dockerfile").read_text())


@pytest.mark.parametrize("name", RECIPES)
def test_the_linter_has_nothing_to_say(name: str) -> None:
    if lacking := missing("hadolint"):
        pytest.skip(lacking)
    said = subprocess.run(
        [str(BIN / "hadolint"), "--no-color", str(FOLDER / name)], capture_output=True, text=True, check=False
    )
    assert (said.returncode, said.stdout) == (0, "")


def bill() -> str:
    words = [sys.executable, "-I", str(FOLDER / "inventory.py"), "Fedpact_Policy"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


@cache
def first_bill() -> str:
    return bill()


def test_a_bill_names_every_part_once_and_nothing_unknown() -> None:
    said = json.loads(first_bill())
    assert said["metadata"]["component"]["name"] == "fedpact-policy"
    refs = [said["metadata"]["component"]["bom-ref"], *(part["bom-ref"] for part in said["components"])]
    assert len(refs) == len(set(refs))
    assert {ref for row in said["dependencies"] for ref in (row["ref"], *row["dependsOn"])} <= set(refs)


def test_a_bill_follows_what_a_distribution_declares() -> None:
    rows = {row["ref"]: row["dependsOn"] for row in json.loads(first_bill())["dependencies"]}
    policy = next(row for ref, row in rows.items() if ref.startswith("pkg:pypi/fedpact-policy@"))
    assert [ref.partition("@")[0] for ref in policy] == [
        "pkg:pypi/fedpact-chassis",
        "pkg:pypi/fedpact-contracts",
        "pkg:pypi/fedpact-decision",
    ]


def test_the_same_image_gives_the_same_bill() -> None:
    assert bill() == first_bill()

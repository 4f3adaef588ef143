"""What the documents say is there."""

import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest
from cli_runs import program

from fedpact.contracts import catalog
from fedpact.contracts.policies import PolicyDocument
from fedpact.decision.bounds import compile_bounds
from fedpact.infra.federation import federation

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
CONTEXTS = {kind.split(".", 1)[0] for kind in catalog.messages()}

WORDS_A_MINUTE = 200
MINUTES = {"five": 5, "ten": 10, "fifteen": 15, "half an hour": 30}
_LOGIN = re.compile(r"fedpact login --user (\S+)")
_MINUTES = re.compile(rf"[Ii]n about ({'|'.join(MINUTES)})\b")
_FENCE = re.compile(r"^```(\w*)[^\n`]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
_RECIPE = re.compile(r"(?:^|[\s`(])(?:\./run|just) +([a-z][a-z0-9_-]*)")
_NAME = re.compile(r"`([a-z_]+\.[a-z_]+\.[a-z_]+)`")
_TEST_FILE = re.compile(r"`((?:unit|contract|integration|e2e)/[a-z_]+/test_[a-z_]+\.py)`")
_SOURCE = re.compile(
    r"`((?:contracts|services|infra|gateway_agent|dal_service|secure_runtime|client|models|tests|docs)/[\w./-]+)`"
)


def pages() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", page.read_text())


def anchors(page: Path) -> set[str]:
    """The anchors a reader can jump to, as the common renderers make them."""
    return {re.sub(r"[^\w\s-]", "", title).strip().lower().replace(" ", "-") for title in _HEADING.findall(prose(page))}


@pages()
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for target in _LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, heading = target.partition("#")
        place = page.parent / name if name else page
        assert place.exists(), target
        assert not heading or heading in anchors(place), target


@pages()
def test_every_recipe_named_is_in_the_justfile(page: Path) -> None:
    recipes = set(re.findall(r"^([a-z][a-z0-9_-]*)(?: [^:=]*)?:(?!=)", (ROOT / "justfile").read_text(), re.MULTILINE))
    assert set(_RECIPE.findall(page.read_text())) <= recipes


@pages()
def test_every_json_block_parses(page: Path) -> None:
    for language, content in _FENCE.findall(page.read_text()):
        if language == "json":
            json.loads(content)


@pages()
def test_every_python_block_compiles(page: Path) -> None:
    for language, content in _FENCE.findall(page.read_text()):
        if language == "python":
            compile(content, str(page), "exec")


@pages()
def test_every_fact_named_is_in_the_catalog(page: Path) -> None:
    named = {name for name in _NAME.findall(page.read_text()) if name.split(".", 1)[0] in CONTEXTS}
    assert named <= catalog.messages().keys()


@pages()
def test_every_source_and_test_file_named_exists(page: Path) -> None:
    text = prose(page)
    tests = [ROOT / "tests" / name for name in _TEST_FILE.findall(text)]
    sources = [ROOT / name for name in _SOURCE.findall(text)]
    assert [path for path in [*tests, *sources] if not path.exists()] == []


@pages()
def test_every_command_named_is_one_of_the_program(page: Path) -> None:
    shell = [content.replace("\\\n", " ") for language, content in _FENCE.findall(page.read_text()) if language == "sh"]
    inline = re.findall(r"`(fedpact [^`]+)`", prose(page))
    lines = [line.strip() for content in shell for line in content.splitlines() if line.strip().startswith("fedpact ")]
    for line in [*lines, *inline]:
        check_command(shlex.split(line, comments=True))


def check_command(words: list[str]) -> None:
    """Every word up to the first argument is a command, and every option one of its own."""
    command = program()
    rest = words[1:]
    while hasattr(command, "get_command") and rest:
        found = command.get_command(None, rest[0])
        assert found is not None, " ".join(words)
        command, rest = found, rest[1:]
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    given = {word for word in rest if word.startswith("-") and len(word) > 1}
    assert given <= options, (" ".join(words), given - options)


def test_the_commands_for_other_systems_are_commands() -> None:
    page = (ROOT / "docs" / "how-to" / "other-systems.md").read_text()
    table = page.split("## Commands", 1)[1]
    named = {name for name in re.findall(r"`([a-z_]+\.[a-z_]+)`", table) if name.split(".", 1)[0] in CONTEXTS}
    assert named
    assert named <= catalog.messages().keys()


def test_the_example_policy_can_be_published() -> None:
    page = (ROOT / "docs" / "policies.md").read_text()
    example = next(content for language, content in _FENCE.findall(page) if language == "json")
    document = PolicyDocument.model_validate_json(example)
    for rule in document.rules:
        if rule.bounds is not None:
            compile_bounds(rule.bounds)


def test_the_architecture_names_every_import_rule() -> None:
    page = " ".join((ROOT / "docs" / "architecture.md").read_text().split())
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert [rule["name"] for rule in rules if rule["name"] not in page] == []


def test_every_state_machine_has_its_diagram() -> None:
    from diagrams import pages as drawn  # noqa: PLC0415 - imports every state machine

    assert [path.name for path, text in drawn(ROOT / "docs") if path.read_text() != text] == []


def tutorials() -> pytest.MarkDecorator:
    found = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
    return pytest.mark.parametrize("page", found, ids=[page.stem for page in found])


@tutorials()
def test_whom_a_tutorial_logs_in_as_is_there(page: Path) -> None:
    known = {person.user for person in federation(2).people}
    assert set(_LOGIN.findall(page.read_text())) <= known


@tutorials()
def test_much_of_the_time_a_tutorial_states_is_left_for_doing(page: Path) -> None:
    stated = _MINUTES.search(" ".join(page.read_text().split("\n## ")[0].split()))
    if stated:
        assert len(page.read_text().split()) / WORDS_A_MINUTE <= MINUTES[stated[1]] * 0.6

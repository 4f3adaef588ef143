"""The reader of tutorials does what a page says and notices when the page is wrong."""

from pathlib import Path

import pytest
from tutorials import MismatchError, Terminal, alive


def follow(folder: Path, *lines: str) -> None:
    page = folder / "page.md"
    page.write_text("\n".join(lines) + "\n")
    home = folder / "home"
    home.mkdir(exist_ok=True)
    with Terminal(home, {"SEEN": "yes"}) as terminal:
        terminal.follow(page)


@pytest.mark.parametrize(
    "shown",
    [
        ["one", "two", "three"],
        ["one", "...", "three"],
        ["...", "three"],
        ["one", "..."],
        ["...", "two", "..."],
        ["o...", "t...o", "three"],
        ["one", "...", "two", "three"],
        [],
    ],
)
def test_what_is_shown_may_leave_out_what_dots_stand_for(tmp_path: Path, shown: list[str]) -> None:
    follow(tmp_path, "```console", r"$ printf 'one\ntwo\nthree\n'", *shown, "```")


@pytest.mark.parametrize(
    "shown",
    [
        ["one"],
        ["one", "two"],
        ["two", "three"],
        ["one", "three"],
        ["one", "two", "three", "four"],
        ["one", "...", "tw"],
    ],
)
def test_a_page_that_shows_something_else_is_wrong_at_its_line(tmp_path: Path, shown: list[str]) -> None:
    with pytest.raises(MismatchError, match=r"page\.md:4: .* it printed something else"):
        follow(tmp_path, "# A page", "", "```console", r"$ printf 'one\ntwo\nthree\n'", *shown, "```")


def test_signs_of_a_pattern_are_only_signs(tmp_path: Path) -> None:
    with pytest.raises(MismatchError):
        follow(tmp_path, "```console", "$ echo abc", "a.c", "```")


def test_the_commands_of_a_page_share_one_shell(tmp_path: Path) -> None:
    lines = [
        "$ mkdir deep && cd deep && export WORD=hello",
        "$ pwd",
        ".../deep",
        "$ echo \\",
        '  "$WORD $SEEN"',
        "hello yes",
    ]
    follow(tmp_path, "```console", *lines[:3], "```", "and then", "```console", "# now", *lines[3:], "```")


def test_a_failing_command_is_told_and_may_be_expected(tmp_path: Path) -> None:
    with pytest.raises(MismatchError, match="it ended with 1, not with 0"):
        follow(tmp_path, "```console", "$ false", "```")
    with pytest.raises(MismatchError, match="it ended with 0, not with 1"):
        follow(tmp_path, "```console exit=1", "$ true", "```")
    follow(tmp_path, "```console exit=1", "$ false", "```", "```sh", "$ not run", "```")


def test_a_prompt_finds_an_empty_input_and_a_wrong_command_stays_alone(tmp_path: Path) -> None:
    follow(tmp_path, "```console", "$ cat", "$ echo on", "on", "```")
    with pytest.raises(MismatchError, match="it ended with"):
        follow(tmp_path, "```console", "$ if", "```")


def test_files_are_written_where_the_shell_is(tmp_path: Path) -> None:
    text = ["  ```python file=src/mine.py", "  def one():", "      return 1", "  ```"]
    follow(
        tmp_path,
        "```console",
        "$ mkdir here && cd here",
        "```",
        *text,
        "```console",
        "$ cat src/mine.py",
        "def one():",
        "    return 1",
        "```",
    )
    assert (tmp_path / "home/here/src/mine.py").read_text() == "def one():\n    return 1\n"


def test_a_command_that_never_ends_is_told(tmp_path: Path) -> None:
    with pytest.raises(MismatchError, match=r"`sleep 60` did not end in 0\.2 s"):
        follow(tmp_path, "```console seconds=0.2", "$ sleep 60", "```")


def test_a_command_that_stays_is_waited_for_and_ended(tmp_path: Path) -> None:
    stays = "$ sh -c 'trap \"echo gone > told; exit\" TERM; echo $$ > pid; echo up; while :; do sleep 0.05; done' &"
    follow(tmp_path, "```console", stays, "up", "```", "```console", "$ cat pid", "...", "```")
    pid = int((tmp_path / "home/pid").read_text())
    assert (tmp_path / "home/told").read_text() == "gone\n"
    assert not alive(pid)


def test_a_command_that_should_stay_and_does_not_is_told(tmp_path: Path) -> None:
    with pytest.raises(MismatchError, match="it did not come to print what is shown"):
        follow(tmp_path, "```console", "$ echo down &", "up", "```")

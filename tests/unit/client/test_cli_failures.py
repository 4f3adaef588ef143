"""How the command says that something is wrong: one sentence and an exit code."""

from importlib.metadata import EntryPoint
from pathlib import Path

import httpx
import pytest
from cli_runs import TOKENS, Run
from client_portal import (
    ISSUER,
    FakePortal,
    job,
    pending,
    problem,
    spec,
    with_issuer,
)

from fedpact.client.cli.plugins import loaded


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (problem(409, "already_activated", "the spec is `active.running`: wait, or clone it"), 1, "wait, or clone it"),
        (problem(401, "unauthenticated", "the token has ended"), 3, "`fedpact login`"),
        (httpx.ConnectError("refused"), 4, "`fedpact up`"),
        (pending(), 5, "`fedpact commands get c-1`"),
    ],
)
def test_a_failure_is_one_sentence_and_an_exit_code(run: Run, portal: FakePortal, answer, code: int, said: str) -> None:
    with_issuer(portal).on("POST", f"{ISSUER}/token", TOKENS).on("POST", "/v1/specs/s-1/activate", answer)
    portal.on("GET", "/v1/commands/c-1", pending(code=200))
    result = run("specs", "activate", "s-1")
    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr.startswith("fedpact: ")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_debug_shows_where_it_comes_from(run: Run, portal: FakePortal) -> None:
    portal.on("GET", "/v1/specs/s-1", problem(404, "not_found", "there is no spec"))
    assert "Traceback" not in run("specs", "get", "s-1").stderr
    for words in (("--debug", "specs", "get", "s-1"), ("specs", "get", "s-1", "--debug")):
        assert "Traceback" in run(*words).stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("specs", "list", "--status", "sleeping"), "sleeping"),
        (("specs", "list", "--model", "a", "--spec", "b"), "search by one of"),
        (("specs", "create"), "give `--dataset` and `--model`, or `--file`"),
        (("specs", "create", "--dataset", "a_b_c", "--model", "logreg"), "ID@VERSION"),
        (("specs", "create", "--dataset", "a", "--model", "m@1.0.0"), "wrong at `datasets.0`"),
        (("specs", "get", "s-1", "--url", "ftp://x"), "not the URL of a portal"),
        (("jobs", "submit", "s-1", "--payload", "[1]"), "has to hold members"),
        (("jobs", "submit", "NOT AN ID"), "`spec_id` is wrong: use 1 to 40 of a-z, 0-9 and `-`"),
        (("datasets", "unregister", "heart"), "--socket"),
        (("nonsense",), "nonsense"),
    ],
)
def test_a_wrong_use_is_told_before_anything_is_sent(run: Run, portal: FakePortal, words, said: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert portal.requests == []


def test_waiting_for_what_will_not_be_ends_with_one(run: Run, portal: FakePortal) -> None:
    portal.on("GET", "/v1/specs/s-1", spec(status="failed.failed", outcome="failed", generation=1, cause="no image"))
    result = run("specs", "wait", "s-1")
    assert result.exit_code == 1
    assert "no image" in result.stderr


def test_a_job_that_fails_ends_with_one(run: Run, portal: FakePortal) -> None:
    portal.on("GET", "/v1/jobs/j-1", job(status="failed", reason="exit code 3"))
    result = run("jobs", "wait", "j-1")
    assert result.exit_code == 1
    assert "exit code 3" in result.stderr


@pytest.mark.parametrize("value", ["no.such.module:up", "os:no_such_name", "os:sep"])
def test_a_broken_plugin_breaks_itself_only(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = loaded(EntryPoint(name="up", value=value, group="fedpact.commands"))
    assert command.main(["words", "--of", "its-own"], standalone_mode=False) == 1
    assert "the command `up` is broken" in capsys.readouterr().err


def test_a_plugin_is_a_function_or_a_group(capsys: pytest.CaptureFixture[str]) -> None:
    function = loaded(EntryPoint(name="cwd", value="os:getcwd", group="fedpact.commands"))
    assert function.main([], standalone_mode=False) == str(Path.cwd())
    group = loaded(EntryPoint(name="more", value="fedpact.client.cli.specs:app", group="fedpact.commands"))
    group.main(["--help"], standalone_mode=False)
    assert "activate" in capsys.readouterr().out


def test_help_names_every_noun(run: Run) -> None:
    told = run("--help").stdout
    nouns = "specs jobs datasets models policies gateways orgs users events commands login logout whoami"
    assert all(noun in told for noun in nouns.split())
    assert "3 not logged in" in " ".join(told.split())

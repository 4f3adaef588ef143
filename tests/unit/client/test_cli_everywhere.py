"""What holds for every command: how it prints, what its exit codes mean, what the shell offers, how it ends badly."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cli_runs import Run, program, typed
from client_portal import FakePortal, FakeTime, active, options, page, spec

from fedpact.client.cli.guide import ENVIRONMENT
from fedpact.client.cli.session import EXIT_CODES, MEANING, Session
from fedpact.client.profiles import Profiles
from fedpact.contracts import api

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "command-line.md"
OTHERS = {"models init", "models check", "models run"}
"""Brought by another distribution, for authors."""


def commands(group: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name in group.list_commands(None):
        found = group.get_command(None, name)
        if hasattr(found, "list_commands"):
            yield from commands(found, (*words, name))
        else:
            yield " ".join((*words, name)), found


def test_every_command_prints_as_it_is_told() -> None:
    lacking = [
        words
        for words, command in commands(program())
        if not any("--output" in parameter.opts for parameter in command.params)
    ]
    assert set(lacking) <= OTHERS


def table(heading: str) -> dict[str, str]:
    part = PAGE.read_text().split(heading)[1].split("\n## ")[0]
    return dict(re.findall(r"^\| `?([0-9A-Z_]+)`? \| (.+) \|$", part, re.MULTILINE))


def test_the_page_on_exit_codes_says_what_the_command_does(run: Run) -> None:
    assert table("## Errors and exit codes") == {str(code): text for code, text in MEANING.items()}
    assert set(EXIT_CODES.values()) <= set(MEANING)
    assert json.loads(run("help", "exit-codes", "-o", "json").stdout) == table("## Errors and exit codes")
    assert all(text in run("help").stdout for text in MEANING.values())


def test_the_page_on_the_environment_says_what_the_command_reads(run: Run) -> None:
    assert table("## Environment") == ENVIRONMENT
    assert "FEDPACT_HOME" in run("help", "environment").stdout
    assert "it is on exit-codes and environment" in run("help", "me").stderr


def offered(words: str, portal: FakePortal, profiles: Profiles) -> list[str]:
    session = Session(environ={"FEDPACT_CONFIG_DIR": str(profiles.folder)}, options=options(portal, FakeTime()))
    count = len(words.split(" ")) - 1
    asked = {"_FEDPACT_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(count)}
    return typed([], session, asked).stdout.split()


@pytest.mark.usefixtures("run")
def test_the_shell_offers_ids_of_the_hub(portal: FakePortal, profiles: Profiles) -> None:
    portal.on("GET", "/v1/specs", page(api.SpecPage, spec().model_dump(mode="json")))
    assert offered("fedpact specs why s", portal, profiles) == ["s-1"]
    assert offered("fedpact specs why x", portal, profiles) == []
    assert offered("fedpact specs get --as d", portal, profiles) == ["default"]


@pytest.mark.usefixtures("run")
def test_the_shell_offers_nothing_when_the_hub_does_not_answer(portal: FakePortal, profiles: Profiles) -> None:
    portal.on("GET", "/v1/specs", httpx.ConnectError("nobody there"))
    assert offered("fedpact specs why s", portal, profiles) == []
    assert len(portal.asked("/v1/specs")) == 1


def test_the_shell_offers_verbs(portal: FakePortal, profiles: Profiles) -> None:
    assert offered("fedpact specs ac", portal, profiles) == ["activate"]


def event(number: int, kind: str, job: str | None = None) -> str:
    told = {"id": str(number), "type": kind, "time": "2026-01-01T00:00:00Z", "about": "s-1", "text": "t", "job_id": job}
    return f"id: {number}\ndata: {json.dumps(told)}\n\n"


def test_events_are_told_by_type_and_job(run: Run, portal: FakePortal) -> None:
    stream = event(1, "jobs.job.changed", "j-1") + event(2, "specs.spec.changed") + event(3, "jobs.job.changed", "j-2")
    portal.on("GET", "/v1/events", httpx.Response(200, text=stream))
    portal.on("GET", "/v1/specs/s-1", spec())
    portal.on("GET", "/v1/jobs/j-2", {**json.loads(_job("j-2"))})
    told = run("events", "tail", "--type", "jobs.*", "-n", "2", "-o", "json").stdout.splitlines()
    assert [json.loads(line)["id"] for line in told] == ["1", "3"]
    told = run("events", "tail", "--job", "j-2", "-n", "1", "-o", "json").stdout.splitlines()
    assert [json.loads(line)["id"] for line in told] == ["3"]
    assert portal.last.url.params["spec"] == "s-1"


def test_events_of_a_spec_that_is_not_there_are_not_waited_for(run: Run, portal: FakePortal) -> None:
    assert run("events", "tail", "--spec", "s-9").exit_code == 1
    assert portal.asked("/v1/events") == []


def test_a_watched_status_is_a_document_a_line(run: Run, portal: FakePortal) -> None:
    portal.on("GET", "/v1/specs/s-1", active(status="updating.creating", stage="creating"), active())
    told = run("specs", "status", "s-1", "--watch", "-o", "json").stdout.splitlines()
    assert [json.loads(line)["status"] for line in told] == ["updating.creating", "active.running_idle"]


def test_what_nobody_expected_is_one_sentence(tmp_path: Path) -> None:
    broken = "import sys; from fedpact.client.cli import main, accounts\n"
    broken += "main.app.command('boom')(lambda: 1 // 0)\nsys.argv[1:] = ['boom']; main.run()"
    environ = {**os.environ, "FEDPACT_CONFIG_DIR": str(tmp_path)}
    ended = subprocess.run([sys.executable, "-c", broken], capture_output=True, text=True, env=environ, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("fedpact: this is a bug (ZeroDivisionError")
    assert "Traceback" not in ended.stderr


def _job(job: str) -> str:
    told = {"job_id": job, "spec_id": "s-1", "creator": {"user": "ada", "organization": "northlab"}}
    return json.dumps(told | {"status": "running", "submitted_at": "2026-01-01T00:00:00Z", "steps": []})

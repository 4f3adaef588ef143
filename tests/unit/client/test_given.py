"""Whatever a program or a person gives, what is wrong with it is an `InputError`: the package raises nothing else."""

import errno
import math
from pathlib import Path
from typing import Annotated

import httpx
import pytest
import typer
from cli_runs import ME, Run
from client_portal import ISSUER, PORTAL, FakePortal, artifact, options, with_issuer
from pydantic import StringConstraints, TypeAdapter

from fedpact.client import AsyncFedpact, AsyncOptions, Fedpact, InputError, pact
from fedpact.client.cli.session import told
from fedpact.client.custodian import Custodian
from fedpact.client.documents import value_of
from fedpact.client.given import given
from fedpact.client.policies import new_key
from fedpact.client.profiles import Login, Profiles
from fedpact.client.progress import automatic

LOGIN = Login(url=PORTAL, issuer=ISSUER, access_token="a0", expires_at=2e6)


@pytest.mark.parametrize(
    "asked",
    [
        lambda fp: fp.jobs.submit("s-1", {}, job_id="A B"),
        lambda fp: fp.jobs.submit("s-1", {"rate": math.nan}),
        lambda fp: fp.jobs.submit("s-1", {"rate": {1, 2}}),
        lambda fp: fp.jobs.submit("s-1", {"rate": b"1"}),
        lambda fp: fp.jobs.submit("s-1", {"name": "\ud800"}),
        lambda fp: fp.jobs.submit("s-1", {}, key="a\nb"),
        lambda fp: fp.policies.publish({"policy": "p-1"}),
        lambda fp: fp.artifacts.grant("a-1"),
        lambda fp: fp.specs.get(""),
        lambda fp: fp.specs.get("\udcff"),
        lambda _: pact(None, ["heart_gateway-1_lakeside"]),
        lambda _: pact("logreg@1.0.0", None),
        lambda _: pact("logreg@1.0.0", "heart_gateway-1_lakeside"),
        lambda _: pact("logreg@1.0.0", ["heart_gateway-1_lakeside"], parameters=5),
    ],
)
def test_what_a_program_gives_wrong_is_told_before_anything_is_sent(asked) -> None:
    portal = FakePortal()
    with Fedpact(PORTAL, "token", options(portal)) as fp, pytest.raises(InputError):
        asked(fp)
    assert portal.requests == []


async def test_a_program_that_awaits_is_told_the_same() -> None:
    async with AsyncFedpact(PORTAL, "token", AsyncOptions(transport=FakePortal())) as fp:
        with pytest.raises(InputError, match="`job_id` is wrong: use 1 to 40"):
            await fp.jobs.submit("s-1", {}, job_id="A B")


@pytest.mark.parametrize(
    "noun", ["specs", "jobs", "artifacts", "datasets", "models", "policies", "gateways", "orgs", "users", "commands"]
)
def test_an_empty_id_is_told_as_one(run: Run, portal: FakePortal, noun: str) -> None:
    result = run(noun, "get", "")
    assert (result.exit_code, portal.requests) == (2, [])
    assert "the id is empty: name the one you mean of the " in result.stderr


def test_a_download_into_what_is_no_folder_is_told_with_its_path(run: Run, portal: FakePortal, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    portal.on("GET", "/v1/artifacts/a-1", artifact("model.bin", b"x"))
    result = run("artifacts", "download", "a-1", "--to", str(tmp_path / "file"))
    assert (result.exit_code, f"`{tmp_path / 'file'}` cannot be used" in result.stderr) == (2, True)


def test_a_login_that_cannot_be_kept_is_told_with_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    profiles = Profiles(tmp_path / "file" / "fedpact")
    with pytest.raises(InputError, match="cannot be used"):
        profiles.keep("default", LOGIN)
    with pytest.raises(InputError, match="cannot be used"), profiles.locked("default"):
        pass


def test_a_full_disk_is_told_and_a_connection_is_not_taken_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), told(debug=False):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert "(no space left on device): make room" in capsys.readouterr().err
    with pytest.raises(ConnectionError), given():
        raise ConnectionError


def test_a_key_is_not_written_to_a_folder() -> None:
    with pytest.raises(InputError, match="name the file"):
        new_key(Path())


def test_nobody_watches_where_there_is_no_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", None)
    automatic().show("waits")


def test_a_login_that_has_ended_is_renewed_under_its_own_name(run: Run, portal: FakePortal, profiles: Profiles) -> None:
    profiles.keep("mia", LOGIN.model_copy(update={"expires_at": 0.0, "refresh_token": "spent"}))
    spent = httpx.Response(400, json={"error": "invalid_grant", "error_description": "the token was used before"})
    with_issuer(portal).on("POST", f"{ISSUER}/token", spent).on("GET", "/v1/me", ME)
    result = run("--as", "mia", "whoami")
    assert (result.exit_code, "the token was used before: `fedpact --as mia login`" in result.stderr) == (3, True)


def test_a_name_a_gateway_would_refuse_is_told_here(run: Run, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="`Bad Name` cannot be a dataset's name"), Custodian(tmp_path / "s") as agent:
        agent.register("Bad Name", "/x.csv")
    assert run("datasets", "propose", "x", "../X", "--gateway", "gateway-1").stderr == (
        "fedpact: `entry` is wrong: it is a name in the gateway's inbox and no path: a letter or digit, then letters,"
        " digits, `.`, `_` and `-`; a folder ends with `/`\n"
    )


def test_a_pattern_is_shown_as_it_is() -> None:
    with pytest.raises(InputError, match=r"A-Z"), given():
        TypeAdapter(Annotated[str, StringConstraints(pattern="^[A-Z]$")]).validate_python("a")


def test_a_key_said_twice_is_shown_where_it_is_said_again() -> None:
    with pytest.raises(InputError, match="`a` is named twice in line 3"):
        value_of("a: 1\nb: 1\na: 2", "it")

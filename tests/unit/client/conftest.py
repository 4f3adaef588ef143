"""`fedpact ...` as somebody who is logged in at a portal that answers what a test says."""

from pathlib import Path

import pytest
from cli_runs import Result, Run, typed
from client_portal import (
    ISSUER,
    PORTAL,
    FakePortal,
    FakeTime,
    options,
)

from fedpact.client.cli.session import Session
from fedpact.client.profiles import Login, Profiles


@pytest.fixture
def portal() -> FakePortal:
    return FakePortal()


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def profiles(tmp_path: Path) -> Profiles:
    return Profiles(tmp_path / "config")


@pytest.fixture
def run(portal: FakePortal, time: FakeTime, profiles: Profiles, tmp_path: Path) -> Run:
    """`fedpact ...`, as somebody who is logged in."""
    profiles.keep("default", Login(url=PORTAL, issuer=ISSUER, access_token="a0", expires_at=2e6, refresh_token="r0"))

    def fedpact(*words: str, **environ: str) -> Result:
        here = {"FEDPACT_CONFIG_DIR": str(profiles.folder), "FEDPACT_HOME": str(tmp_path / "home")}
        session = Session(environ=here | environ, options=options(portal, time))
        return typed(words, session)

    return fedpact

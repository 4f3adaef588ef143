"""What a session does when the process that carries it answers, errs, hangs or dies. No FLARE here."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from agent_values import NOON

from fedpact.gateway_agent.adapters.federation import FlareFederation
from fedpact.gateway_agent.adapters.scripted import ScriptedFederation, ScriptedServer
from fedpact.gateway_agent.app.ports import EngineJob
from fedpact.gateway_agent.domain.engine import Status
from fedpact.gateway_agent.domain.errors import (
    FederationError,
    JobRefusedError,
    JobUnknownError,
    TokenReusedError,
    UnreachableError,
)

HOST = """
import json, os, pathlib, signal, sys

looks = {}

def answer(op, args):
    if op == "open":
        return {"ok": None} if pathlib.Path(args["kit"]).exists() else {"error": "unreachable", "text": "not up"}
    if op == "system":
        return {"ok": {"sites": {"a-1": 1767268800.0}, "running": ["j"]}}
    if op == "job":
        looks[args["engine_job"]] = looks.get(args["engine_job"], 0) + 1
        said = looks[args["engine_job"]] >= {"late": 3, "never": 99}.get(args["engine_job"], 1)
        deploy = ["server: OK", "a-1: no"] if said else []
        return {"ok": {"status": "FINISHED:FAILED_TO_RUN", "deploy": deploy, "history": []}}
    if op == "submit" and args["token"] in ("token_reused", "refused", "unknown_job", "unreachable", "failed"):
        return {"error": args["token"], "text": "because"}
    if op == "submit" and args["token"] == "hang":
        signal.pause()
    if op == "submit" and args["token"] == "die":
        os._exit(1)
    if op == "submit" and args["token"].startswith("/"):
        open(args["token"]).read()
    return {"ok": args.get("token")}

for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps({"id": request["id"], **answer(request["op"], request["args"])}), flush=True)
"""


@pytest.fixture
async def federation(tmp_path: Path) -> AsyncIterator[FlareFederation]:
    federation = FlareFederation(tmp_path / "sessions", timeout=5.0, command=(sys.executable, "-c", HOST))
    yield federation
    await federation.close()


async def test_what_the_server_says_arrives_as_values(federation: FlareFederation, tmp_path: Path) -> None:
    session = await federation.open(tmp_path)
    state = await session.system()
    assert state.sites == {"a-1": datetime(2026, 1, 1, 12, tzinfo=UTC)}
    assert state.running == {"j"}
    assert await session.job("j") == EngineJob(id="j", status=Status.FAILED_TO_RUN, reason="a-1: no")


@pytest.mark.parametrize(
    ("job", "reason"), [("early", "a-1: no"), ("late", "a-1: no"), ("never", "a site refused the job")]
)
async def test_a_failure_is_told_with_its_reason_which_flare_writes_down_a_moment_later(
    federation: FlareFederation, tmp_path: Path, job: str, reason: str
) -> None:
    federation.looks = (0, 0, 0)
    session = await federation.open(tmp_path)
    assert await session.job(job) == EngineJob(id=job, status=Status.FAILED_TO_RUN, reason=reason)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("token_reused", TokenReusedError),
        ("refused", JobRefusedError),
        ("unknown_job", JobUnknownError),
        ("unreachable", UnreachableError),
        ("failed", FederationError),
    ],
)
async def test_each_kind_of_error_is_a_class_of_its_own(
    federation: FlareFederation, tmp_path: Path, kind: str, error: type[FederationError]
) -> None:
    session = await federation.open(tmp_path)
    with pytest.raises(FederationError, match="because") as caught:
        await session.submit(tmp_path, kind)
    assert type(caught.value) is error
    assert await session.submit(tmp_path, "next") == "next"


@pytest.mark.parametrize("end", ["hang", "die"])
async def test_a_session_that_hangs_or_dies_is_over_and_a_new_one_can_be_opened(tmp_path: Path, end: str) -> None:
    federation = FlareFederation(tmp_path / "sessions", timeout=20.0, command=(sys.executable, "-c", HOST))
    session = await federation.open(tmp_path)
    session.line.timeout = 2.0
    with pytest.raises(UnreachableError):
        await session.submit(tmp_path, end)
    with pytest.raises(UnreachableError):
        await session.system()
    assert (await (await federation.open(tmp_path)).system()).running == {"j"}
    await federation.close()


async def test_the_answer_to_a_cancelled_call_is_not_taken_for_the_next_one(
    federation: FlareFederation, tmp_path: Path
) -> None:
    session = await federation.open(tmp_path)
    answer = tmp_path / "answer"
    os.mkfifo(answer)
    call = asyncio.create_task(session.submit(tmp_path, str(answer)))
    with await asyncio.to_thread(answer.open, "w"):  # opens once the process waits for it
        call.cancel()
        await asyncio.wait([call])
    assert call.cancelled()
    assert await session.submit(tmp_path, "next") == "next"


async def test_calls_at_the_same_time_get_their_own_answers(federation: FlareFederation, tmp_path: Path) -> None:
    session = await federation.open(tmp_path)
    tokens = [f"t{n}" for n in range(20)]
    assert await asyncio.gather(*(session.submit(tmp_path, token) for token in tokens)) == tokens


async def test_waiting_for_a_server_to_come_up_costs_one_process(federation: FlareFederation, tmp_path: Path) -> None:
    before = set(psutil.Process().children())
    await federation.warm()
    await federation.warm()
    for _ in range(3):
        with pytest.raises(UnreachableError, match="not up"):
            await federation.open(tmp_path / "later")
    session = await federation.open(tmp_path)
    assert len(set(psutil.Process().children()) - before) == 1
    await session.close()
    await federation.close()
    assert set(psutil.Process().children()) == before


async def test_a_session_inherits_nothing_of_the_agents_environment(
    federation: FlareFederation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(psutil.Process().children())
    monkeypatch.setenv("FEDPACT_GATEWAY_AGENT_SEED", "secret")
    await federation.open(tmp_path)
    (host,) = set(psutil.Process().children()) - before
    assert "FEDPACT_GATEWAY_AGENT_SEED" not in host.environ()


async def test_the_scripted_twin_keeps_the_promises_of_a_session(tmp_path: Path) -> None:
    server = ScriptedServer(sites={"a-1": NOON}, results={"workspace/model.bin": b"weights"})
    session = await ScriptedFederation(server).open(tmp_path)
    job = await session.submit(tmp_path / "one", "token")
    assert await session.submit(tmp_path / "one", "token") == job
    with pytest.raises(TokenReusedError):
        await session.submit(tmp_path / "other", "token")
    with pytest.raises(JobUnknownError):
        await session.job("unknown")
    with pytest.raises(FederationError, match="has not ended"):
        await session.download(job, tmp_path)
    seen = [(await session.job(job)).status for _ in range(4)]
    assert seen == [Status.SUBMITTED, Status.RUNNING, Status.COMPLETED, Status.COMPLETED]
    assert ((await session.download(job, tmp_path)) / "workspace/model.bin").read_bytes() == b"weights"
    await session.abort(job)
    assert (await session.job(job)).status == Status.COMPLETED
    server.up = False
    with pytest.raises(UnreachableError):
        await session.system()


async def test_the_scripted_twin_aborts_what_has_not_ended(tmp_path: Path) -> None:
    session = await ScriptedFederation().open(tmp_path)
    job = await session.submit(tmp_path, "token")
    await session.abort(job)
    assert (await session.job(job)).status == Status.ABORTED

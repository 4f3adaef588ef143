"""The example for other systems, run as they run it: a program with nothing of Fedpact installed but a schema."""

import asyncio
import json
import os
import sys
from pathlib import Path

import nats
import pytest
from nats.js.api import StreamConfig

from fedpact.contracts.envelope import Envelope, message_id
from fedpact.contracts.specs import Activate, CommandAccepted, CommandRefused

EXAMPLE = Path(__file__).parents[3] / "examples" / "publish_from_another_system.py"


@pytest.mark.parametrize(("accepts", "code"), [(True, 0), (False, 1)])
async def test_it_publishes_a_command_and_hears_its_outcome(
    nats_url: str, tmp_path: Path, accepts: bool, code: int
) -> None:
    (tmp_path / "token").write_text("t0ken\n")
    owner = await nats.connect(nats_url)
    js = owner.jetstream()
    await js.add_stream(StreamConfig(name="commands", subjects=["fedpact.cmd.>"]))
    commands = await owner.subscribe("fedpact.cmd.main.specs.activate.lab")
    await owner.flush()
    program = await asyncio.create_subprocess_exec(
        sys.executable, str(EXAMPLE), "s-42",
        env={**os.environ, "NATS_URL": nats_url, "FEDPACT_SYSTEM": "lab", "FEDPACT_TOKEN_FILE": str(tmp_path / "token")},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    message = await commands.next_msg(timeout=15)
    told = Envelope.from_headers(message.headers)
    assert message.headers["fedpact-token"] == "t0ken"
    assert Activate.model_validate_json(message.data).spec_id == told.subject == "s-42"
    assert (told.route, told.type, told.id) == ("lab", "specs.activate", message.headers["Nats-Msg-Id"])
    assert told.expirytime is not None
    for correlation in ("somebody-else", told.correlationid):
        await _tell(owner, told, correlation, accepts=accepts)
    out, _ = await asyncio.wait_for(program.communicate(), 15)
    await owner.close()
    assert program.returncode == code
    assert json.loads(out)["command_id"] == told.id


@pytest.mark.parametrize("reached", [True, False])
async def test_a_bus_that_does_not_take_it_is_told_in_a_sentence(nats_url: str, tmp_path: Path, reached: bool) -> None:
    """Without the stream of commands, or without a bus at all: nothing was refused, for nobody was asked."""
    (tmp_path / "token").write_text("t0ken\n")
    url = nats_url if reached else "nats://127.0.0.1:1"
    program = await asyncio.create_subprocess_exec(
        sys.executable, str(EXAMPLE), "s-42",
        env={**os.environ, "NATS_URL": url, "FEDPACT_SYSTEM": "lab", "FEDPACT_TOKEN_FILE": str(tmp_path / "token")},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, told = await asyncio.wait_for(program.communicate(), 15)
    assert (program.returncode, out) == (4, b"")
    assert told.startswith(b"the bus did not take the command: ")
    assert told.count(b"\n") == 1


async def _tell(owner: nats.NATS, told: Envelope, correlation: str, *, accepts: bool) -> None:
    command_id = told.id if correlation == told.correlationid else correlation
    common = {"command": told.type, "about": told.subject, "command_id": command_id}
    fact = CommandAccepted(**common) if accepts else CommandRefused(**common, slug="no", reason="no")
    envelope = Envelope(
        id=message_id("specs", 1, told.subject, 1), source="fedpact/specs", type=fact.type, subject=fact.key,
        time=told.time, correlationid=correlation, causationid=command_id, route="lab",
    )  # fmt: skip
    await owner.publish(fact.subject("main", "lab"), fact.model_dump_json().encode(), headers=envelope.headers())

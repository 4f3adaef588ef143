"""
Activate a compute spec from another system: no Fedpact package, only NATS, the committed JSON schema and a token.

    NATS_URL=nats://127.0.0.1:4222 NATS_SEED_FILE=lab.seed FEDPACT_SYSTEM=lab FEDPACT_TOKEN_FILE=token \
        python publish_from_another_system.py s-42

FEDPACT_SYSTEM is the name this system has on the bus: it may publish commands that end with it and hears only what
became of those. The token is that of a person or a service account (`fedpact token`); it, and not the system, says
who acts. Exit code 0: accepted, 1: refused, 4: the bus does not take it, 5: no outcome in time.
"""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import nats
from nats.aio.msg import Msg
from nats.errors import Error

SCHEMA = Path(__file__).parents[1] / "contracts" / "schemas" / "specs.activate.json"
CHANNEL = "main"
SECONDS = 30


def checked(payload: dict[str, object]) -> bytes:
    """The payload as JSON, if the schema knows its members and misses none."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    unknown, missing = payload.keys() - schema["properties"].keys(), set(schema["required"]) - payload.keys()
    if unknown or missing:
        raise ValueError(f"not a command specs.activate: unknown {sorted(unknown)}, missing {sorted(missing)}")
    return json.dumps(payload).encode()


def headers(command: str, spec: str, system: str, token: str) -> dict[str, str]:
    """CloudEvents in binary mode, and the token beside it. Publishing the same id twice is one command."""
    now = datetime.now(UTC)  # noqa: TID251 - other systems have clocks of their own
    return {
        "ce-specversion": "1.0",
        "ce-datacontenttype": "application/json",
        "ce-id": command,
        "ce-source": f"fedpact/{system}",
        "ce-type": "specs.activate",
        "ce-subject": spec,
        "ce-time": now.isoformat(),
        "ce-expirytime": (now + timedelta(seconds=SECONDS)).isoformat(),
        "ce-correlationid": command,
        "ce-route": system,
        "ce-channel": CHANNEL,
        "Nats-Msg-Id": command,
        "fedpact-token": token,
    }


async def outcome(messages: "asyncio.Queue[Msg]", command: str) -> dict[str, object]:
    """What became of our command: the fact with our correlation id."""
    while True:
        message = await messages.get()
        if (message.headers or {}).get("ce-correlationid") == command:
            told: dict[str, object] = json.loads(message.data)
            return told | {"type": (message.headers or {})["ce-type"]}


async def untold(_: Exception) -> None:
    """What goes wrong is raised by the call that wanted it."""


async def activate(spec: str, system: str, token: str) -> int:
    """Publish the command and tell its outcome."""
    connection = await nats.connect(
        os.environ["NATS_URL"],
        nkeys_seed=os.environ.get("NATS_SEED_FILE"),
        inbox_prefix=f"_INBOX_{system}".encode(),
        name=system,
        allow_reconnect=False,
        max_reconnect_attempts=1,
        error_cb=untold,
    )
    try:
        messages: asyncio.Queue[Msg] = asyncio.Queue()
        await connection.subscribe(f"fedpact.evt.{CHANNEL}.specs.command.*.{system}", cb=messages.put)
        await connection.flush()
        command = str(uuid4())
        # JetStream acknowledges that the command is stored: from here on it is carried out, whoever restarts.
        await connection.jetstream().publish(
            f"fedpact.cmd.{CHANNEL}.specs.activate.{system}",
            checked({"spec_id": spec}),
            headers=headers(command, spec, system, token),
        )
        told = await asyncio.wait_for(outcome(messages, command), SECONDS)
    except TimeoutError:
        print(f"no outcome within {SECONDS} s", file=sys.stderr)
        return 5
    finally:
        await connection.close()
    print(json.dumps(told))
    return 0 if told["type"] == "specs.command.accepted" else 1


if __name__ == "__main__":
    needed = [name for name in ("NATS_URL", "FEDPACT_SYSTEM", "FEDPACT_TOKEN_FILE") if not os.environ.get(name)]
    if needed or sys.argv[2:] or not sys.argv[1:]:
        sys.exit(f"give the id of one spec{', and set ' + ', '.join(needed) if needed else ''}:\n{__doc__}")
    secret = Path(os.environ["FEDPACT_TOKEN_FILE"]).read_text(encoding="utf-8").strip()
    try:
        sys.exit(asyncio.run(activate(sys.argv[1], os.environ["FEDPACT_SYSTEM"], secret)))
    except (Error, OSError) as error:
        print(f"the bus did not take the command: {str(error) or type(error).__name__}", file=sys.stderr)
        sys.exit(4)

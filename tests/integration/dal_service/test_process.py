"""The process as a supervisor sees it: set by its environment, stopped by a signal."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from fedpact.dal_service.settings import Settings
from fedpact.decision import keys


async def test_it_starts_from_its_environment_and_stops_at_a_signal(house) -> None:
    own = {
        "GATEWAY": "gw-1",
        "SOURCES_FILES_FOLDER": f"{house.root}:{house.base}",
        "STATE_FOLDER": str(house.base / "state"),
        "ADMIN_SOCKET": str(house.settings.admin_socket),
        "AGENT_KEYS": str(house.settings.agent_keys),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from fedpact.dal_service.main import run; run()",
        env=os.environ | {f"FEDPACT_DAL_{name}": value for name, value in own.items()}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        started = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
        assert started["msg"].startswith("dal listens on port ")
        house.port = int(started["msg"].rpartition(" ")[2])
        assert (await house.tell("GET", "/activations")) == (200, [])
        assert (await house.get("/readyz")).status == 200
        assert (await house.get("/datasets/x/")).status == 401
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 10) == 0
        assert not house.settings.admin_socket.exists()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_running_download_does_not_keep_it_from_stopping(house) -> None:
    big, dataset = house.root / "ds-a" / "big.bin", "ds-a_gw-1_org-1"
    async with house.running():
        await house.tell("PUT", f"/datasets/{dataset}", {"path": f"{house.root}/ds-a/"})
        await house.open(datasets={dataset: [""]})
        reader, writer = await asyncio.open_connection("127.0.0.1", house.port, limit=2**16)
        head = f"GET /datasets/{dataset}/big.bin HTTP/1.1\r\nHost: dal\r\nAuthorization: Bearer {house.token()}\r\n\r\n"
        writer.write(head.encode())
        await reader.readuntil(b"\r\n\r\n")
    got = 0
    try:
        while chunk := await reader.read(2**18):
            got += len(chunk)
    except ConnectionError:
        pass
    finally:
        writer.close()
    assert got < big.stat().st_size


@pytest.mark.parametrize("folder", ["relative", "/data/../etc"])
def test_an_allowed_root_is_a_plain_absolute_path(folder: str) -> None:
    with pytest.raises(ValidationError, match="absolute path"):
        Settings(
            gateway="gw-1",
            sources_files_folder=(Path(folder),),
            state_folder=Path("s"),
            admin_socket=Path("a"),
            agent_keys=Path("k"),
        )


async def test_without_an_allowed_root_it_runs_and_is_not_ready(house) -> None:
    house.settings = house.settings.model_copy(update={"sources_files_folder": ()})
    async with house.running():
        answer = await house.get("/readyz")
        assert answer.status == 503
        assert b"FEDPACT_DAL_SOURCES_FILES_FOLDER" in answer.body


async def test_the_agents_key_may_come_later(house) -> None:
    house.settings.agent_keys.unlink()
    async with house.running():
        assert (await house.get("/readyz")).status == 503
        house.settings.agent_keys.write_bytes(keys.public_pem(house.key))
        assert (await house.get("/readyz")).status == 200

"""A real S3 server (SeaweedFS) on the loopback: it verifies signatures, and lets an identity into its buckets alone."""

import asyncio
import io
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest
from servers import BIN, Server, free_port, missing, until

from fedpact.chassis.clock import SystemClock
from fedpact.dal_service.domain.signature import Credentials, Request, signed

OWNER = Credentials(key_id="OWNERKEY", secret="owner/secret+key")
READER = Credentials(key_id="READERKEY", secret="reader/secret+key")
"""May read and list the bucket `scans`."""
BUCKETS = ("scans", "others")


@contextmanager
def weed(folder: Path) -> Iterator[int]:
    """A server with an owner and a reader; yields its port. Skips the test where there is none."""
    if lacking := missing("weed"):
        pytest.skip(lacking)
    (folder / "data").mkdir(parents=True)
    identities = [
        {"name": "owner", "credentials": [_keys(OWNER)], "actions": ["Admin", "Read", "List", "Write", "Tagging"]},
        {"name": "reader", "credentials": [_keys(READER)], "actions": ["Read:scans", "List:scans"]},
    ]
    (folder / "s3.json").write_text(json.dumps({"identities": identities}))
    port = free_port()
    server = Server([str(BIN / "weed"), *_arguments(folder, port)], port, folder / "weed.log")
    server.start()
    try:
        yield port
    finally:
        server.stop(signal.SIGKILL)


@contextmanager
def bucket_of(folder: Path, objects: dict[str, bytes]) -> Iterator[str]:
    """The bucket `scans` with objects in it; yields what a DAL is told of it."""
    keys = folder / "credentials"
    with weed(folder) as port:
        asyncio.run(fill(port, {f"scans/{key}": content for key, content in objects.items()}))
        keys.touch(mode=0o600)
        keys.write_text(shared_credentials(READER))
        yield json.dumps([{"bucket": "scans", "endpoint": f"http://127.0.0.1:{port}", "credentials": str(keys)}])


def shared_credentials(keys: Credentials) -> str:
    """A file of keys as AWS's tools write it."""
    return f"[default]\naws_access_key_id = {keys.key_id}\naws_secret_access_key = {keys.secret}\n"


async def fill(port: int, objects: dict[str, bytes]) -> None:
    """Make the buckets, then `bucket/key` -> content."""
    async with aiohttp.ClientSession() as session:

        async def made(path: str, content: bytes) -> bool:
            request = Request(method="PUT", host=f"127.0.0.1:{port}", path=f"/{path}")
            headers = signed(request, OWNER, "us-east-1", SystemClock().now())
            url = aiohttp.client.URL(f"http://{request.host}{request.target}", encoded=True)
            async with session.put(url, headers=headers, data=io.BytesIO(content)) as answer:
                return answer.status == 200

        for bucket in BUCKETS:
            await until(lambda bucket=bucket: made(bucket, b""), 20)
        for path, content in objects.items():
            await until(lambda path=path, content=content: made(path, content), 10)


def _keys(credentials: Credentials) -> dict[str, str]:
    return {"accessKey": credentials.key_id, "secretKey": credentials.secret}


def _arguments(folder: Path, port: int) -> list[str]:
    ports = [f"-{name}={free_port()}" for name in (
        "master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc", "s3.port.grpc",
    )]  # fmt: skip
    return [
        "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}/data", "-volume.max=20",
        "-master.volumeSizeLimitMB=64", "-filer", "-s3", f"-s3.port={port}", f"-s3.config={folder}/s3.json",
        "-s3.port.iceberg=0", "-s3.port.lance=0", f"-filer.localSocket={folder}/f.sock", f"-s3.localSocket={folder}/s.sock", *ports,
    ]  # fmt: skip

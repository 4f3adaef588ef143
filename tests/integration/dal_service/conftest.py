"""A DAL on real sockets, with a folder full of traps behind it."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from fedpact.chassis.clock import FakeClock
from fedpact.dal_service.main import compose
from fedpact.dal_service.settings import Settings
from fedpact.decision import keys, tokens

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
A, AB, ZIP, TOP = "ds-a_gw-1_org-1", "ds-ab_gw-1_org-1", "scan_gw-1_org-1", "top_gw-1_org-1"
ACTIVATION = "s-1-1-gw-1-1"
SECRET = b"TOP-SECRET"
BIG = 64 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes
    complete: bool


@dataclass(kw_only=True)
class House:
    """Everything a test may turn."""

    base: Path
    settings: Settings
    key: keys.PrivateKey
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    port: int = 0

    @property
    def root(self) -> Path:
        return self.base / "root"

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(self.clock.now().timestamp())
        said: dict[str, Any] = {
            "iss": "gateway-agent:gw-1",
            "aud": "dal:gw-1",
            "sub": ACTIVATION,
            "datasets": {A: [""], ZIP: [""]},
            "iat": now,
            "nbf": now,
            "exp": now + 86400,
            "jti": "t-1",
        }
        return {name: value for name, value in (said | changes).items() if value is not None}

    def token(self, **changes: Any) -> str:
        return tokens.mint(self.claims(**changes), self.key)

    async def raw(self, request: bytes, *, patience: float = 10) -> Answer:
        """Send bytes as they are, read until the end."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(request)
            return await asyncio.wait_for(answer_of(reader), patience)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def get(
        self, target: str | bytes, *, token: str | None = None, method: str = "GET", **headers: str
    ) -> Answer:
        """A request with the target to the letter. Header names take `_` for `-`."""
        sent = target.encode() if isinstance(target, str) else target
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        bearer = self.token() if token is None else token
        head = [f"Authorization: Bearer {bearer}", "Host: dal", "Connection: close", *lines]
        return await self.raw(
            method.encode() + b" " + sent + b" HTTP/1.1\r\n" + "\r\n".join(head).encode() + b"\r\n\r\n"
        )

    async def tell(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Speak as the agent."""
        connector = aiohttp.UnixConnector(str(self.settings.admin_socket))
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.request(method, f"http://dal{path}", json=body) as response,
        ):
            return response.status, await response.json(content_type=None) if response.status != 204 else None

    async def open(self, activation: str = ACTIVATION, **changes: Any) -> Any:
        body = {
            "datasets": {A: [""], ZIP: [""]},
            "permissions": {"explore": True},
            "privacy": {"floor": 10},
            "valid_until": (self.clock.now() + timedelta(minutes=10)).isoformat(),
            "requester": {"user": "u-1", "organization": "org-2"},
            "model": {"id": "statistics", "version": "1.0.0", "digest": "sha256:" + "0" * 64},
        }
        status, told = await self.tell("PUT", f"/activations/{activation}", body | changes)
        assert status == 200, told
        return told

    async def streams(self) -> int:
        """How many responses are being sent."""
        return sum(access["streams"] for access in (await self.tell("GET", "/activations"))[1])

    async def until(self, condition: Callable[[], Awaitable[bool]], patience: float) -> None:
        """Wait for the other side to get there."""
        async with asyncio.timeout(patience):
            while not await condition():  # noqa: ASYNC110 - it happens on the other end of a socket
                await asyncio.sleep(0.02)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["House"]:
        async with compose(self.settings, self.clock).serving() as self.port:
            yield self


async def answer_of(reader: asyncio.StreamReader) -> Answer:
    head = await reader.readuntil(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")[:-2]
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    try:
        body = await reader.read(-1)
    except ConnectionResetError:
        return Answer(status=int(status_line.split()[1]), headers=headers, body=b"", complete=False)
    expected = int(headers.get("content-length", len(body)))
    return Answer(status=int(status_line.split()[1]), headers=headers, body=body, complete=len(body) == expected)


def furnish(base: Path) -> None:
    """Two datasets whose names begin alike, a file, and every kind of thing that must not be served."""
    root = base / "root"
    (root / "ds-a" / "in" / "deep").mkdir(parents=True)
    (root / "ds-ab").mkdir()
    for place, content in {
        "root/ds-a/one.csv": b"id,age\n1,40\n2,50\n",
        "root/ds-a/one.csv.gz": b"GZIP",
        "root/ds-a/one.csv.br": b"BROTLI",
        "root/ds-a/empty": b"",
        "root/ds-a/in/two.txt": b"two",
        "root/ds-a/in/deep/three.txt": b"three",
        "root/ds-a/a b?#%é.txt": b"odd name",
        "root/ds-a/%2e%2e": b"literally percent",
        "root/ds-a/back\\slash": b"backslash",
        "root/ds-ab/x": SECRET,
        "root/scan.zip": b"PK-zip",
        "root/other.zip": SECRET,
        "secret": SECRET,
    }.items():
        (base / place).write_bytes(content)
    (root / "ds-a" / "link-out").symlink_to(base / "secret")
    (root / "ds-a" / "link-in").symlink_to("one.csv")
    (root / "ds-a" / "link-beside").symlink_to("../ds-ab/x")
    (root / "ds-a" / "link-folder").symlink_to("../ds-ab")
    (root / "ds-a" / "link-root").symlink_to("/")
    (root / "ds-a" / "link-loop").symlink_to("link-loop")
    os.mkfifo(root / "ds-a" / "pipe")
    with (root / "ds-a" / "big.bin").open("wb") as big:
        big.truncate(BIG)


@pytest.fixture
def stall() -> float:
    """Seconds that a reader may take nothing. Most tests read slowly where the machine is busy."""
    return 20.0


@pytest.fixture
def house(tmp_path: Path, stall: float) -> House:
    furnish(tmp_path)
    key = keys.generate()
    (tmp_path / "agent.pem").write_bytes(keys.public_pem(key))
    settings = Settings(
        gateway="gw-1",
        sources_files_folder=(tmp_path / "root",),
        state_folder=tmp_path / "state",
        admin_socket=tmp_path / "run" / "dal.sock",
        agent_keys=tmp_path / "agent.pem",
        stall_seconds=stall,
        requests_per_token=8,
    )
    return House(base=tmp_path, settings=settings, key=key)


@pytest.fixture
async def dal(house: House) -> AsyncIterator[House]:
    """Running, three datasets mapped, one activation open for two of them."""
    async with house.running():
        for dataset, path in {A: "ds-a/", AB: "ds-ab/", ZIP: "scan.zip"}.items():
            status, told = await house.tell("PUT", f"/datasets/{dataset}", {"path": f"{house.root}/{path}"})
            assert status == 200, told
        await house.open()
        yield house


@pytest.fixture
def unix_socket_in() -> Callable[[Path], socket.socket]:
    """Bind a socket at a path of any length."""

    def bound(path: Path) -> socket.socket:
        listening = socket.socket(socket.AF_UNIX)
        folder = os.open(path.parent, os.O_PATH)
        try:
            listening.bind(f"/proc/self/fd/{folder}/{path.name}")
        finally:
            os.close(folder)
        return listening

    return bound

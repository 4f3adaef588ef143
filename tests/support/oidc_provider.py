"""A real OpenID provider (npm `oidc-provider`, installed once into a cache folder) and a browser that logs in there."""

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Self
from urllib.parse import urljoin

import aiohttp
from servers import Server

PACKAGE = "oidc-provider@9.13.3"
SCRIPT = Path(__file__).with_suffix(".mjs")
CLIENT, SECRET = "fedpact", "a secret: of & the hub"
SECONDS = 120


class LackingError(Exception):
    """What this machine lacks to run the provider."""


def installed() -> Path:
    """The folder with the package; installs it when it is not there yet."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise LackingError("needs node and npm")
    folder = _cache() / PACKAGE.replace("@", "-")
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:  # another worker may be installing it
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            _install(folder)
    return folder


def _install(folder: Path) -> None:
    (folder / "package.json").write_text('{"private": true}')
    argv = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", PACKAGE]
    try:
        ended = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise LackingError(f"`npm install {PACKAGE}` takes longer than {SECONDS} s here") from None
    if ended.returncode != 0:
        raise LackingError(f"`npm install {PACKAGE}` fails here: {ended.stderr.strip()[-200:]}")
    (folder / "done").touch()


@contextmanager
def provider(folder: Path, port: int, *callbacks: str) -> Iterator[Server]:
    """The provider, with keys of its own, on that port."""
    argv = ["node", str(SCRIPT), str(installed()), str(port), *callbacks]
    server = Server(argv, port, folder / "provider.log")
    server.start()
    try:
        yield server
    finally:
        server.kill()


class Browser:
    """Follows links, keeps cookies and fills in the provider's forms as whoever it is told to be."""

    def __init__(self, who: str) -> None:
        self.who = who
        self.http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.stop_at: str | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()

    async def open(self, url: str) -> tuple[str, str]:
        """Where a link ends, after all that has to be filled in; and the page there."""
        return await self._follow("GET", url, None, {})

    async def send(self, url: str, origin: str, **form: str) -> tuple[str, str]:
        """A form of a page of `origin`, and where that ends."""
        return await self._follow("POST", url, form, {"Origin": origin})

    async def _follow(
        self, method: str, url: str, form: dict[str, str] | None, headers: dict[str, str]
    ) -> tuple[str, str]:
        for _ in range(20):
            if self.stop_at and url.startswith(self.stop_at):
                return url, ""
            sent = self.http.request(method, url, data=form, headers=headers, allow_redirects=False)
            async with sent as answer:
                text, place = await answer.text(), answer.headers.get("Location")
            method, headers = "GET", {}
            if place:
                url, form = urljoin(url, place), None
            elif onward := re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', text):
                url, form = unescape(onward[1]), None
            elif prompt := re.search(r'name="prompt" value="(\w+)"', text):
                method, form = "POST", {"prompt": prompt[1], "login": self.who, "password": "any"}
                url = urljoin(url, unescape(re.search(r'<form[^>]* action="([^"]+)"', text)[1]))
            else:
                return url, text
        raise AssertionError(f"no end of redirects at {url}")


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fedpact-tests"

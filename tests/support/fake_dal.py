"""A data access layer with one custodian's files and policy. The n-th reader of a path gets its n-th content."""

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

TOKEN = "token-of-the-site"


@dataclass(slots=True, kw_only=True)
class FakeDal:
    """What it serves and what it was asked."""

    contents: Mapping[str, Sequence[bytes]]
    policy: object = field(default_factory=lambda: {"permissions": {"allowed_functions": ["*"]}, "privacy": {}})
    links: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self, paths: Mapping[str, str]) -> dict[str, str]:
        return {"APH_API_DAL_URL": self.url, "APH_DAL_TOKEN": TOKEN, "APH_DATA": json.dumps(dict(paths))}

    def answer(self, path: str) -> tuple[int, bytes, str | None]:
        self.asked.append(path)
        if path.startswith("/policies/"):
            return 200, json.dumps(self.policy).encode(), None
        name = path.removeprefix("/datasets/")
        if name not in self.contents:
            return 404, b"a text with secrets", None
        turn = self.asked.count(path) - 1
        return 200, self.contents[name][turn % len(self.contents[name])], self.links.get(name)


@contextlib.contextmanager
def serving(dal: FakeDal) -> Iterator[FakeDal]:
    """The layer on a free port, gone at the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body, link = 403, b"", None
            if self.headers.get("Authorization") == f"Bearer {TOKEN}":
                status, body, link = dal.answer(unquote(self.path))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if link:
                self.send_header("Link", link)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        dal.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield dal
        finally:
            server.shutdown()
            thread.join()

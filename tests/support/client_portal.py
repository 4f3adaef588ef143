"""A portal and an issuer in memory, spoken to through httpx's own transport port; and time that passes by itself."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

import httpx
from pydantic import BaseModel

from fedpact.client.clock import Clock
from fedpact.client.hub import Options
from fedpact.contracts import api

PORTAL = "http://127.0.0.1:7070"
ISSUER = "http://127.0.0.1:8081"
DIGEST = "sha256:" + "ab" * 32
CREATOR = {"user": "ada", "organization": "northlab"}
AT = "2026-01-02T03:04:05Z"

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class FakePortal(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Answers what it was told to, in order, the last one for ever; remembers what it was asked."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self._answers: dict[tuple[str, str], list[Answer]] = {}

    def on(self, method: str, path: str, *answers: Answer | BaseModel | Mapping[str, Any]) -> "FakePortal":
        """`path` begins with a host other than the portal's when it is a whole URL."""
        url = path if "://" in path else PORTAL + path
        self._answers[method, url] = [_answer(answer) for answer in answers]
        return self

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return self._answered(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return self._answered(request)

    def _answered(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        key = (request.method, str(request.url.copy_with(query=None)))
        if key not in self._answers:
            return problem(404, "not_found", f"the fake knows no {key}")
        answers = self._answers[key]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else _copy(answer)

    @property
    def last(self) -> httpx.Request:
        return self.requests[-1]

    def asked(self, path: str) -> list[httpx.Request]:
        """The requests to that path, oldest first."""
        return [request for request in self.requests if request.url.path == path]


@dataclass
class FakeTime:
    """Sleeping takes no time and makes time pass."""

    seconds: float = 1_000_000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds

    def read(self) -> float:
        return self.seconds

    @property
    def clock(self) -> Clock:
        return Clock(now=self.read, elapsed=self.read, sleep=self.sleep)


def options(portal: FakePortal, time: FakeTime | None = None) -> Options:
    return Options(transport=portal, clock=(time or FakeTime()).clock)


def problem(status: int, slug: str, detail: str, **members: Any) -> httpx.Response:
    body = {"type": f"urn:fedpact:problem:{slug}", "title": slug, "status": status, "slug": slug, "detail": detail}
    return httpx.Response(status, json=body | members, headers={"Content-Type": "application/problem+json"})


def pending(command: str = "c-1", status: str = "pending", code: int = 202, **members: Any) -> httpx.Response:
    body = {"command_id": command, "command": "specs.activate", "about": "s-1", "status": status}
    return httpx.Response(code, json=body | {"status_url": f"/v1/commands/{command}"} | members)


def form_of(request: httpx.Request) -> dict[str, str]:
    return dict(parse_qsl(request.content.decode()))


def body_of(request: httpx.Request) -> Any:
    return json.loads(request.content) if request.content else None


def spec(**members: Any) -> api.SpecView:
    content = {"datasets": ["heart_gateway-1_lakeside"], "model": {"id": "logreg", "version": "1.0.0"}}
    told = {
        "spec_id": "s-1",
        "creator": CREATOR,
        "datasets": content["datasets"],
        "model": content["model"],
        "status": "inactive.awaiting_activation",
        "created_at": AT,
        "content": content,
        "digest": DIGEST,
        "sites": [],
        "verdict": "approved",
        "stage": "idle",
        "generation": 0,
    }
    return api.SpecView.model_validate(told | members)


def active(**members: Any) -> api.SpecView:
    return spec(**({"status": "active.running_idle", "stage": "active", "generation": 1} | members))


def job(**members: Any) -> api.JobView:
    told = {"job_id": "j-1", "spec_id": "s-1", "creator": CREATOR, "status": "running", "submitted_at": AT, "steps": []}
    return api.JobView.model_validate(told | members)


def artifact(name: str, content: bytes, digest: str = "") -> dict[str, Any]:

    found = digest or f"sha256:{sha256(content).hexdigest()}"
    told = {"name": name, "digest": found, "size": len(content), "kind": "result", "creator": CREATOR}
    about = {"artifact_id": "a-1", "job_id": "j-1", "spec_id": "s-1", "media_type": "text/plain", "created_at": AT}
    return told | about | {"url": "/v1/artifacts/a-1/content"}


def page(kind: type[BaseModel], *items: Any, **members: Any) -> BaseModel:
    return kind.model_validate({"page": 0, "page_size": 50, "total": len(items), "items": items} | members)


def with_issuer(portal: FakePortal, *grants: str) -> FakePortal:
    """The same portal, with an issuer that offers these grants."""
    portal.on("GET", "/v1/config", {"issuer": ISSUER, "channel": "main", "version": "1"})
    portal.on(
        "GET",
        f"{ISSUER}/.well-known/openid-configuration",
        {
            "issuer": "fedpact",
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "device_authorization_endpoint": f"{ISSUER}/device_authorization",
            "revocation_endpoint": f"{ISSUER}/revoke",
            "grant_types_supported": list(grants),
        },
    )
    return portal


def _answer(answer: Answer | BaseModel | Mapping[str, Any]) -> Answer:
    match answer:
        case BaseModel():
            return httpx.Response(200, content=answer.model_dump_json().encode())
        case Mapping():
            return httpx.Response(200, json=dict(answer))
        case _:
            return answer


def _copy(answer: httpx.Response) -> httpx.Response:
    return httpx.Response(answer.status_code, headers=dict(answer.headers), content=answer.content)

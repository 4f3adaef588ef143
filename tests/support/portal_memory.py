"""The whole portal in this process: documents in memory, owners scripted, tokens that are their bearer's name."""

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from aiohttp import ClientSession, web
from portal_owners import Owners, Told
from portal_values import NOON, PEOPLE

from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.clock import FakeClock
from fedpact.chassis.copies import Copies
from fedpact.chassis.documents import Entry
from fedpact.chassis.errors import UnavailableError
from fedpact.chassis.http import make_app, serving
from fedpact.chassis.memory import MemoryDocuments
from fedpact.contracts.envelope import COMMANDS, TOKEN_HEADER, Accepted, Actor, Envelope, Fact, Refused
from fedpact.contracts.identity import OrganizationRegistered, UserChanged
from fedpact.contracts.queries import DownloadTicket
from fedpact.contracts.registry import ModelChanged
from fedpact.contracts.statuses import STATUS_OF
from fedpact.portal.adapters.vault import SecretVault
from fedpact.portal.app import kinds
from fedpact.portal.app.handlers import Handlers
from fedpact.portal.app.ports import LoginRequest, Opened, ReadModel, Tokens
from fedpact.portal.domain.errors import LoginEndedError, NotLoggedInError, RangeError
from fedpact.portal.main import Outside, Portal, assemble
from fedpact.portal.settings import Settings


def read_model() -> ReadModel:
    return ReadModel(
        organizations=Copies(MemoryDocuments(), OrganizationRegistered),
        users=Copies(MemoryDocuments(), UserChanged),
        models=Copies(MemoryDocuments(), ModelChanged),
        datasets=Stored(MemoryDocuments(), kinds.DATASETS),
        proposals=Stored(MemoryDocuments(), kinds.PROPOSALS),
        gateways=Stored(MemoryDocuments(), kinds.GATEWAYS),
        policies=Stored(MemoryDocuments(), kinds.POLICIES),
        specs=Stored(MemoryDocuments(), kinds.SPECS),
        jobs=Stored(MemoryDocuments(), kinds.JOBS),
        artifacts=Stored(MemoryDocuments(), kinds.ARTIFACTS),
        metrics=Stored(MemoryDocuments(), kinds.METRICS),
        entries=Stored(MemoryDocuments(), kinds.ENTRIES),
        heads=Stored(MemoryDocuments(), kinds.HEADS),
        sent=Stored(MemoryDocuments(), kinds.SENT),
        settled=Stored(MemoryDocuments(), kinds.SETTLED),
        logins=Stored(MemoryDocuments(), kinds.LOGINS),
    )


async def verify(token: str, _: datetime) -> Actor:
    if token not in PEOPLE:
        raise NotLoggedInError("the token vouches for nobody: log in again")
    return PEOPLE[token]


@dataclass
class MemoryFiles:
    """Files by ticket URL."""

    files: dict[str, bytes] = field(default_factory=dict)

    @asynccontextmanager
    async def open(self, ticket: DownloadTicket, part: str | None = None) -> AsyncIterator[Opened]:
        if ticket.url not in self.files:
            raise UnavailableError("the file cannot be had now")
        found, told = self.files[ticket.url], ""
        if part is not None:
            first = int(part.removeprefix("bytes=").partition("-")[0])
            if first >= len(found):
                raise RangeError("the file ends before that")
            told, found = f"bytes {first}-{len(found) - 1}/{len(found)}", found[first:]

        async def chunks() -> AsyncIterator[bytes]:
            yield found

        yield Opened(size=len(found), part=told, chunks=chunks())


@dataclass
class MemoryIssuer:
    """An issuer whose codes are `<user>.<challenge>` and whose access tokens are their bearer's name."""

    asked: list[LoginRequest] = field(default_factory=list)
    renewed: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    down: bool = False
    slow: float = 0.0

    async def page(self, ask: LoginRequest) -> str:
        self.asked.append(ask)
        return f"http://issuer.test/authorize?state={ask.state}"

    async def redeem(self, code: str, verifier: str, redirect_uri: str) -> Tokens:
        user, _, challenge = code.partition(".")
        made = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
        if (challenge, redirect_uri) != (made, self.asked[-1].redirect_uri):
            raise LoginEndedError("the code is worth nothing: log in again")
        return Tokens(access=user, refresh=f"{user}.0", seconds=900)

    async def renew(self, refresh: str) -> Tokens:
        await asyncio.sleep(self.slow)
        if self.down:
            raise UnavailableError("the login service does not answer")
        if refresh in self.renewed or refresh in self.ended:
            raise LoginEndedError("the refresh token was used before: log in again")
        self.renewed.append(refresh)
        user, _, number = refresh.partition(".")
        return Tokens(access=user, refresh=f"{user}.{int(number) + 1}", seconds=900)

    async def end(self, refresh: str) -> None:
        self.ended.append(refresh)


@dataclass
class MemoryLine:
    """A bus on which owners answer at once. `down` is a bus nobody reaches."""

    owners: Owners
    answers: dict[str, str] = field(default_factory=dict)
    down: bool = False
    handlers: Handlers | None = None
    positions: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def publish(self, entry: Entry) -> None:
        if self.down:
            raise UnavailableError("`commands` did not take the message")
        envelope = Envelope.from_headers(entry["headers"])
        command = COMMANDS[envelope.type].model_validate_json(entry["body"])
        for told in self.owners.take(command, envelope, entry["headers"][TOKEN_HEADER]):
            await self.deliver(told)

    async def ask(self, context: str, verb: str, question: str) -> bytes:
        self.asked.append(question)
        if f"{context}.{verb}" not in self.answers:
            raise UnavailableError(f"`{context}` does not answer")
        return self.answers[f"{context}.{verb}"].encode()

    async def deliver(self, told: Told) -> None:
        fact, envelope = told
        position = self.positions.get(fact.stream, 0) + 1
        self.positions[fact.stream] = position
        cause = Cause(now=NOON, envelope=envelope, stream=fact.stream, stream_sequence=position)
        await self.handle(fact, cause)

    async def handle(self, fact: Fact, cause: Cause) -> None:
        handlers = self.handlers
        assert handlers is not None
        if isinstance(fact, Accepted | Refused):
            assert cause.envelope is not None
            await handlers.heard(cause.envelope, fact.model_dump_json().encode())
            return await handlers.outcome(fact, cause)
        named = fact.type.rsplit(".", 1)[0]
        by_entity = {
            "identity.organization": handlers.organization,
            "identity.user": handlers.user,
            "registry.model": handlers.models,
            "registry.dataset": handlers.dataset,
            "registry.proposal": handlers.proposal,
            "registry.gateway": handlers.gateway,
            "identity.gateway": handlers.gateway,
            "policy.policy": handlers.policy,
            "specs.spec": handlers.spec,
            "specs.verdict": handlers.spec,
            "jobs.job": handlers.job,
            "jobs.artifacts": handlers.job,
            "jobs.artifact": handlers.artifact,
        }
        await by_entity[named](fact, cause)  # type: ignore[arg-type]
        await handlers.feed.advance()
        return None


@dataclass
class Stage:
    """A portal with everything around it."""

    portal: Portal
    model: ReadModel
    line: MemoryLine
    owners: Owners
    files: MemoryFiles
    issuer: "MemoryIssuer"
    clock: FakeClock

    async def tell(self, *facts: Fact) -> None:
        """The owners say something unasked."""
        for fact in facts:
            await self.line.deliver(self.owners.tell(fact))


def stage(folder: Path, **settings: object) -> Stage:
    model, owners, files = read_model(), Owners(), MemoryFiles()
    line = MemoryLine(owners)
    issuer, clock = MemoryIssuer(), FakeClock(NOON)
    outside = Outside(
        line=line, verify=verify, files=files, issuer=issuer, vault=SecretVault(), clock=clock, checks={"bus": _fine}
    )
    chosen = {"outcome_seconds": 0.05, "sequence_seconds": 0.05, "mongo_url_file": folder / "none", **settings}
    portal = assemble(model, outside, Settings.model_validate(chosen))
    line.handlers = portal.handlers
    return Stage(portal=portal, model=model, line=line, owners=owners, files=files, issuer=issuer, clock=clock)


async def _fine() -> str | None:
    return None


def application(stage: Stage) -> web.Application:
    app = make_app(checks={}, status_of=STATUS_OF)
    stage.portal.api.add_to(app)
    stage.portal.site.add_to(app)
    return app


@asynccontextmanager
async def client_of(stage: Stage) -> AsyncIterator["Client"]:
    async with (
        serving(application(stage), "127.0.0.1", 0) as port,
        ClientSession(f"http://127.0.0.1:{port}") as session,
    ):
        yield Client(session)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: dict[str, object]
    headers: Mapping[str, str]
    text: str = ""


@dataclass(frozen=True, slots=True)
class Client:
    """Requests with a bearer."""

    session: ClientSession

    async def send(
        self, method: str, path: str, user: str | None = "ada", *, body: object = None, **headers: str
    ) -> Answer:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        if user is not None:
            told["Authorization"] = f"Bearer {user}"
        text = body.encode() if isinstance(body, str) else body
        raw = {"data": BytesIO(text)} if isinstance(text, bytes) else {"json": body} if body is not None else {}
        async with self.session.request(method, path, headers=told, **raw) as response:
            read = await response.text()
            found = await response.json(content_type=None) if "json" in response.content_type else {}
            return Answer(response.status, found, response.headers, read)

    async def get(self, path: str, user: str | None = "ada", **headers: str) -> Answer:
        return await self.send("GET", path, user, **headers)

    async def post(self, path: str, body: object = None, user: str | None = "ada", **headers: str) -> Answer:
        return await self.send("POST", path, user, body=body, **headers)

"""What the portal needs beyond its own documents: a line to the bus, result files from where they are kept, logins."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from fedpact.chassis.aggregates import Stored
from fedpact.chassis.copies import Copies
from fedpact.chassis.documents import Entry as Outgoing
from fedpact.contracts.envelope import Actor
from fedpact.contracts.identity import OrganizationRegistered, UserChanged
from fedpact.contracts.queries import DownloadTicket
from fedpact.contracts.registry import ModelChanged
from fedpact.portal.domain.artifacts import ArtifactState
from fedpact.portal.domain.model import (
    DatasetState,
    Entry,
    GatewayState,
    Head,
    JobState,
    Login,
    MetricsState,
    PolicyState,
    ProposalState,
    Sent,
    Settled,
    SpecState,
)

Verify = Callable[[str, datetime], Awaitable[Actor]]
"""Who a bearer token vouches for at a moment; raises a `DomainError` when it vouches for nobody."""


class Line(Protocol):
    """The bus, as far as the portal speaks on it."""

    async def publish(self, entry: Outgoing) -> None:
        """Have the stream store it; `UnavailableError` when it does not."""
        ...

    async def ask(self, context: str, verb: str, question: str) -> bytes:
        """The answer to a query; `UnavailableError` when nobody answers in time."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A result file, or the part of it that was asked for, as it is being read. `part` is its `Content-Range`."""

    size: int
    part: str = ""
    chunks: AsyncIterator[bytes]


class Files(Protocol):
    """Where result files are kept."""

    def open(self, ticket: DownloadTicket, part: str | None = None) -> AbstractAsyncContextManager[Opened]:
        """
        The file a ticket stands for, or the range of it that `part` is; `UnavailableError` when it cannot be had now.

        `RangeError` when the file ends before the range begins.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRequest:
    """What the issuer is asked for, in the name of a browser. `challenge` is the PKCE verifier's SHA-256."""

    redirect_uri: str
    state: str
    challenge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a login is worth. `seconds` is how long the access token holds."""

    access: str = field(repr=False)
    refresh: str | None = field(default=None, repr=False)
    seconds: int = 0


class Issuer(Protocol):
    """Where people log in. Everything raises `LoginEndedError` when it says no, `UnavailableError` when nothing."""

    async def page(self, ask: LoginRequest) -> str:
        """Where the browser goes to log in."""
        ...

    async def redeem(self, code: str, verifier: str, redirect_uri: str) -> Tokens:
        """Tokens for the code that the browser came back with."""
        ...

    async def renew(self, refresh: str) -> Tokens:
        """New tokens for a refresh token, which is spent by it."""
        ...

    async def end(self, refresh: str) -> None:
        """The refresh token is worth nothing any more."""
        ...


IDENTITY = "/identity"
"""Below which path of the portal people reach identity, where it has no address of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that is passed on. `target` is path and query, as they are sent."""

    method: str
    target: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came back, header by header."""

    status: int
    headers: Sequence[tuple[str, str]] = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)


class Identity(Protocol):
    """Identity, at an address that nobody outside reaches."""

    async def ask(self, asked: Asked) -> Answered:
        """What it answers, whatever that is; `UnavailableError` when nothing."""
        ...


class Vault(Protocol):
    """What is made from a browser's secret."""

    def fresh(self) -> str:
        """A new secret nobody can guess, fit for a cookie."""
        ...

    def mark(self, secret: str, purpose: str) -> str:
        """The same 43 characters for the same secret and purpose; they tell nothing about the secret."""
        ...

    def seal(self, secret: str, text: str) -> str:
        """`text`, readable with the secret only."""
        ...

    def open(self, secret: str, sealed: str) -> str | None:
        """What was sealed; `None` when it was not, or not with this secret."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadModel:
    """Everything the portal keeps. What others own can be dropped and told anew by the streams."""

    organizations: Copies[OrganizationRegistered]
    users: Copies[UserChanged]
    models: Copies[ModelChanged]
    datasets: Stored[DatasetState]
    proposals: Stored[ProposalState]
    gateways: Stored[GatewayState]
    policies: Stored[PolicyState]
    specs: Stored[SpecState]
    jobs: Stored[JobState]
    artifacts: Stored[ArtifactState]
    metrics: Stored[MetricsState]
    entries: Stored[Entry]
    heads: Stored[Head]
    sent: Stored[Sent]
    settled: Stored[Settled]
    logins: Stored[Login]

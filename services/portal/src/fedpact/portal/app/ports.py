"""What the portal needs beyond its own documents: a line to the bus, and result files from where they are kept."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from fedpact.chassis.aggregates import Stored
from fedpact.chassis.copies import Copies
from fedpact.chassis.documents import Entry as Outgoing
from fedpact.contracts.envelope import Actor
from fedpact.contracts.identity import OrganizationRegistered, UserChanged
from fedpact.contracts.queries import DownloadTicket
from fedpact.contracts.registry import ModelChanged
from fedpact.portal.domain.model import (
    DatasetState,
    Entry,
    GatewayState,
    Head,
    JobState,
    MetricsState,
    PolicyState,
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
    """A result file that is being read."""

    size: int
    chunks: AsyncIterator[bytes]


class Files(Protocol):
    """Where result files are kept."""

    def open(self, ticket: DownloadTicket) -> AbstractAsyncContextManager[Opened]:
        """The file a ticket stands for; `UnavailableError` when it cannot be had now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadModel:
    """Everything the portal keeps. All of it can be dropped and told anew by the streams."""

    organizations: Copies[OrganizationRegistered]
    users: Copies[UserChanged]
    models: Copies[ModelChanged]
    datasets: Stored[DatasetState]
    gateways: Stored[GatewayState]
    policies: Stored[PolicyState]
    specs: Stored[SpecState]
    jobs: Stored[JobState]
    metrics: Stored[MetricsState]
    entries: Stored[Entry]
    heads: Stored[Head]
    sent: Stored[Sent]
    settled: Stored[Settled]

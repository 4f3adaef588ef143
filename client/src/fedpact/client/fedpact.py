"""
The federation, as a program speaks to it.

    with connect() as fp:
        spec = fp.specs.create(pact("logreg@0.1.0", ["heart_gateway-1_lakeside"]))
        with spec.activated() as activation:
            job = activation.submit({"num_rounds": 5})
            job.wait()
            print(job.metrics())

`AsyncFedpact` has the same nouns and verbs; what gives an answer is awaited, what tells many things is iterated over
with `async for`, and an activation is entered with `async with`.
"""

import os
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Self

from fedpact.client import operations
from fedpact.client.addresses import checked
from fedpact.client.artifacts import Artifacts
from fedpact.client.async_hub import AsyncHub, AsyncOptions
from fedpact.client.catalog import Datasets, Gateways, Models
from fedpact.client.hub import Hub, Options
from fedpact.client.jobs import Job, Jobs
from fedpact.client.listening import listen
from fedpact.client.people import Organizations, Users
from fedpact.client.policies import Policies
from fedpact.client.specs import Spec, Specs
from fedpact.client.steps import Flow, Telling
from fedpact.client.tokens import GivenToken, TokenSource
from fedpact.client.verbs import H, series, verb
from fedpact.contracts.api import CommandView, ConfigView, EventQuery, MeView, StatusView, TimelineEntry


class Federation(Generic[H]):
    """One account at one portal. Nouns are attributes."""

    def __init__(self, hub: H) -> None:
        self.hub = hub
        self.jobs = Jobs(hub)
        self.specs = Specs(hub, self.jobs)
        self.artifacts = Artifacts(hub)
        self.datasets = Datasets(hub)
        self.models = Models(hub)
        self.policies = Policies(hub)
        self.gateways = Gateways(hub)
        self.organizations = Organizations(hub)
        self.users = Users(hub)

    @verb
    def me(self) -> Flow[MeView]:
        """Who the token vouches for."""
        return self.hub.flow(operations.me())

    @verb
    def config(self) -> Flow[ConfigView]:
        """What a client needs before it can log in."""
        return self.hub.flow(operations.config())

    @verb
    def status(self) -> Flow[StatusView]:
        """How the hub does."""
        return self.hub.flow(operations.status())

    @verb
    def command(self, command_id: str) -> Flow[CommandView]:
        """What became of a command one sent."""
        return self.hub.flow(operations.command(command_id))

    @verb
    def spec(self, spec_id: str) -> Flow[Spec[H]]:
        """A spec, to activate."""
        return Spec(specs=self.specs, view=(yield from self.hub.flow(operations.spec(spec_id))))

    @verb
    def job(self, job_id: str) -> Flow[Job[H]]:
        """A job, to follow."""
        return Job(jobs=self.jobs, view=(yield from self.hub.flow(operations.job(job_id))))

    @series
    def events(
        self, query: EventQuery | None = None, *, last_id: str = "", on_gap: Callable[[], None] | None = None
    ) -> Telling[TimelineEntry]:
        """
        What happens from now on, or from behind `last_id`, as it happens; connects again by itself.

        `on_gap` is called when more was missed than is told again: what one keeps has to be read anew.
        """
        return listen(self.hub, query or EventQuery(), last_id=last_id, on_gap=on_gap)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.hub.url}>"


class Fedpact(Federation[Hub]):
    """The client for programs and notebooks that wait."""

    def __init__(self, url: str, tokens: TokenSource | str, options: Options | None = None) -> None:
        super().__init__(Hub(checked(url, os.environ), source_of(tokens), options or Options()))

    def close(self) -> None:
        self.hub.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncFedpact(Federation[AsyncHub]):
    """The client for programs that await."""

    def __init__(self, url: str, tokens: TokenSource | str, options: AsyncOptions | None = None) -> None:
        super().__init__(AsyncHub(checked(url, os.environ), source_of(tokens), options or AsyncOptions()))

    async def close(self) -> None:
        await self.hub.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def source_of(tokens: TokenSource | str) -> TokenSource:
    """A token alone is a source that cannot renew it."""
    return GivenToken(tokens) if isinstance(tokens, str) else tokens

"""
The federation, as a program speaks to it.

    with connect() as fp, fp.specs.activated("s-42") as activation:
        job = activation.submit({"num_rounds": 5})
        job.wait()
        print(job.metrics())
"""

import os
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from fedpact.client import listening, operations
from fedpact.client.addresses import checked
from fedpact.client.catalog import Datasets, Gateways, Models
from fedpact.client.hub import Hub, Options
from fedpact.client.jobs import Job, Jobs
from fedpact.client.people import Organizations, Users
from fedpact.client.policies import Policies
from fedpact.client.specs import Specs
from fedpact.client.tokens import GivenToken, TokenSource
from fedpact.contracts.api import CommandView, ConfigView, EventQuery, MeView, StatusView, TimelineEntry


class Fedpact:
    """One account at one portal. Nouns are attributes."""

    def __init__(self, url: str, tokens: TokenSource | str, options: Options | None = None) -> None:
        source = GivenToken(tokens) if isinstance(tokens, str) else tokens
        self.hub = Hub(checked(url, os.environ), source, options or Options())
        self.jobs = Jobs(self.hub)
        self.specs = Specs(self.hub, self.jobs)
        self.datasets = Datasets(self.hub)
        self.models = Models(self.hub)
        self.policies = Policies(self.hub)
        self.gateways = Gateways(self.hub)
        self.organizations = Organizations(self.hub)
        self.users = Users(self.hub)

    def me(self) -> MeView:
        """Who the token vouches for."""
        return self.hub.call(operations.me())

    def config(self) -> ConfigView:
        """What a client needs before it can log in."""
        return self.hub.call(operations.config())

    def status(self) -> StatusView:
        """How the hub does."""
        return self.hub.call(operations.status())

    def command(self, command_id: str) -> CommandView:
        """What became of a command one sent."""
        return self.hub.call(operations.command(command_id))

    def job(self, job_id: str) -> Job:
        """A job, to follow."""
        return Job(jobs=self.jobs, id=job_id)

    def events(
        self, query: EventQuery | None = None, *, last_id: str = "", on_gap: Callable[[], None] | None = None
    ) -> Iterator[TimelineEntry]:
        """
        What happens from now on, or from behind `last_id`, as it happens; connects again by itself.

        `on_gap` is called when more was missed than is told again: what one keeps has to be read anew.
        """
        return listening.listen(self.hub, query or EventQuery(), last_id=last_id, on_gap=on_gap)

    def close(self) -> None:
        self.hub.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

"""
Ids, offered by the shell while one types.

A person who presses TAB wants an answer or nothing: the hub is asked once, for a moment, as whoever is logged in, and
whatever goes wrong offers nothing. One answer holds 200 ids at most: the newest specs, jobs and artifacts, of the
others the first by id. `fedpact --install-completion` teaches the shell to ask.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace

import httpx
import typer

from fedpact.client.cli.nouns import chosen, session_of
from fedpact.client.fedpact import Fedpact
from fedpact.client.flows import Patience
from fedpact.contracts.api import ArtifactQuery, JobQuery, PageQuery, SpecQuery
from fedpact.contracts.envelope import DomainError

MOST = 200
PAGE = PageQuery(page_size=MOST)
Completion = Callable[[typer.Context, str], list[str]]


def _offering(ids: Callable[[Fedpact], Iterable[str]]) -> Completion:
    """The ids that begin as what is typed."""

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        said = {name: ctx.params.get(name) or ctx.find_root().params.get(name) for name in ("profile", "url")}
        session = chosen(session_of(ctx), **said)
        hurried = replace(session, options=replace(session.options, patience=Patience(tries=1)))
        with suppress(DomainError, httpx.HTTPError, OSError), hurried.fedpact() as fp:
            return sorted(known for known in ids(fp) if known.startswith(incomplete))
        return []

    return complete


specs = _offering(lambda fp: (item.spec_id for item in fp.specs.list(SpecQuery(page_size=MOST)).items))
jobs = _offering(lambda fp: (item.job_id for item in fp.jobs.list(JobQuery(page_size=MOST)).items))
artifacts = _offering(lambda fp: (item.artifact_id for item in fp.artifacts.list(ArtifactQuery(page_size=MOST)).items))
datasets = _offering(lambda fp: (item.dataset for item in fp.datasets.list(PAGE).items))
models = _offering(lambda fp: (item.model for item in fp.models.list(PAGE).items))
versions = _offering(
    lambda fp: (f"{item.model}@{version.version}" for item in fp.models.list(PAGE).items for version in item.versions)
)
policies = _offering(lambda fp: (item.policy for item in fp.policies.list(PAGE).items))
gateways = _offering(lambda fp: (item.gateway for item in fp.gateways.list(PAGE).items))
organizations = _offering(lambda fp: (item.organization for item in fp.organizations.list(PAGE).items))
users = _offering(lambda fp: (item.user for item in fp.users.list(PAGE).items))

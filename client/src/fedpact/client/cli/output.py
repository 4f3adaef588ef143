"""
What commands print: a table for people, JSON or YAML for programs.

Texts come from other people, so nothing in them reaches the terminal as a command to it.
"""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import yaml
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fedpact.client.cli.brief import brief
from fedpact.client.custodian import Offered, Offers
from fedpact.client.texts import clean
from fedpact.contracts import api

WIDE = 10_000
"""Columns of what is not a terminal: nothing is cut off."""


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


Row = Callable[[Any], Sequence[object]]
ROWS: Mapping[type[BaseModel], tuple[Sequence[str], Row]] = {
    api.OrganizationView: (("ORGANIZATION", "NAME"), lambda o: (o.organization, o.name)),
    api.UserView: (
        ("USER", "ORGANIZATION", "NAME", "ROLES", "GROUPS", "KIND"),
        lambda u: (u.user, u.organization, u.name, u.roles, u.groups, _kind(u)),
    ),
    api.GatewayView: (
        ("GATEWAY", "ORGANIZATION", "ROLE", "CPU", "GPU", "MEMORY", "VERSION"),
        lambda g: (g.gateway, g.organization, g.role, *_totals(g), g.version),
    ),
    api.DatasetView: (
        ("DATASET", "KIND", "ROWS", "DESCRIPTION"),
        lambda d: (d.dataset, d.shape.kind, d.shape.rows, d.description),
    ),
    api.ProposalView: (
        ("PROPOSAL", "NAME", "GATEWAY", "STATUS", "DATASET", "REASON", "BY", "MADE"),
        lambda p: (p.proposal, p.name, p.gateway, p.status, p.dataset, p.reason, p.proposed_by, p.made_at),
    ),
    api.ModelView: (
        ("MODEL", "NAME", "VERSIONS", "PUBLISHER"),
        lambda m: (m.model, m.name, [version.version for version in m.versions], m.publisher),
    ),
    api.PolicyView: (
        ("POLICY", "REVISION", "ORGANIZATION", "DATASETS", "MODELS", "SIGNED", "IN FORCE"),
        lambda p: (
            p.policy,
            p.revision,
            p.organization,
            [scope.id for scope in p.datasets],
            sorted({rule.model for rule in p.rules}),
            p.signed,
            _force(p),
        ),
    ),
    api.SpecSummary: (
        ("SPEC", "STATUS", "MODEL", "DATASETS", "CREATOR", "CREATED"),
        lambda s: (s.spec_id, s.status, f"{s.model.id}@{s.model.version}", s.datasets, s.creator.user, s.created_at),
    ),
    api.JobSummary: (
        ("JOB", "SPEC", "STATUS", "CREATOR", "SUBMITTED", "ENDED"),
        lambda j: (j.job_id, j.spec_id, j.status, j.creator.user, j.submitted_at, j.ended_at),
    ),
    api.TimelineEntry: (
        ("TIME", "TYPE", "ABOUT", "TEXT"),
        lambda e: (e.time, e.type, e.about, e.text),
    ),
    api.ArtifactView: (
        ("NAME", "KIND", "SIZE", "ARTIFACT", "JOB", "CREATED", "DIGEST"),
        lambda a: (a.name, a.kind, a.size, a.artifact_id, a.job_id, _lived(a), a.digest),
    ),
    Offered: (("DATASET", "PATH", "DESCRIPTION"), lambda o: (o.dataset, o.path, o.description)),
    api.MetricPoint: (
        ("GATEWAY", "ROUND", "METRICS", "AT"),
        lambda m: (m.gateway, m.round, [f"{k}={v:g}" for k, v in sorted(m.metrics.items())], m.at),
    ),
}
_LISTS: Mapping[type[BaseModel], tuple[str, type[BaseModel]]] = {
    Offers: ("root", Offered),
    api.TimelineView: ("entries", api.TimelineEntry),
    api.ArtifactsView: ("items", api.ArtifactView),
    api.ArtifactPage: ("items", api.ArtifactView),
    api.MetricsView: ("points", api.MetricPoint),
    api.OrganizationPage: ("items", api.OrganizationView),
    api.UserPage: ("items", api.UserView),
    api.GatewayPage: ("items", api.GatewayView),
    api.DatasetPage: ("items", api.DatasetView),
    api.ProposalPage: ("items", api.ProposalView),
    api.ModelPage: ("items", api.ModelView),
    api.PolicyPage: ("items", api.PolicyView),
    api.SpecPage: ("items", api.SpecSummary),
    api.JobPage: ("items", api.JobSummary),
}
_LONG: Mapping[type[BaseModel], Any] = {
    api.SpecView: {"datasets": True, "model": True},
    api.PolicyView: {"envelope": True},
    api.ModelView: {"versions": {"__all__": {"payload_schema"}}},
}
"""What a person is not shown of one thing: it is said twice, or pages long. JSON and YAML hold it."""
_WRITTEN = {"bounds", "payload", "parameters"}
"""Members whose content is somebody's own JSON."""


def _lived(artifact: api.ArtifactView) -> object:
    return f"deleted {artifact.deleted.at:%Y-%m-%d}" if artifact.deleted else artifact.created_at


def _force(policy: api.PolicyView) -> str:
    """When the policy counts. What time it is, its reader knows."""
    if policy.withdrawn:
        return "withdrawn"
    begins = [f"from {policy.not_before:%Y-%m-%d}"] if policy.not_before else []
    ends = [f"until {policy.not_after:%Y-%m-%d}"] if policy.not_after else []
    return " ".join([*begins, *ends]) or "always"


class _Blocks(yaml.SafeDumper):
    """A text of several lines is written in lines, where it can be."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Blocks.add_representer(str, _text)


def rendered(value: BaseModel, form: Format) -> str:
    """`value` in that form, without the last line's end."""
    match form:
        case Format.JSON:
            return json.dumps(value.model_dump(mode="json"), indent=2)
        case Format.YAML:
            data = value.model_dump(mode="json")
            return yaml.dump(data, Dumper=_Blocks, sort_keys=False, allow_unicode=False, width=WIDE).rstrip()
        case Format.TABLE:
            return _for_people(value)


def line(entry: BaseModel, form: Format) -> str:
    """One of many on a line of its own; as YAML, a document of its own."""
    match form:
        case Format.JSON:
            return json.dumps(entry.model_dump(mode="json"))
        case Format.YAML:
            return "---\n" + rendered(entry, form)
        case Format.TABLE:
            return "  ".join(_cell(part) for part in ROWS[type(entry)][1](entry))


def more_pages(value: BaseModel) -> str:
    """What to say when a page is not all there is."""
    if not isinstance(value, api.Page) or (value.page + 1) * value.page_size >= value.total:
        return ""
    return f"page {value.page} of {-(-value.total // value.page_size)}: `--page {value.page + 1}` shows the next"


def _for_people(value: BaseModel) -> str:
    if isinstance(value, api.WhyView):
        return "\n".join(clean(sentence) for sentence in value.sentences)
    if type(value) in _LISTS:
        member, kind = _LISTS[type(value)]
        header, row = ROWS[kind]
        return _table(header, (row(item) for item in getattr(value, member)))
    told = value.model_dump(mode="json", exclude_none=True, exclude=_LONG.get(type(value)))
    told = _without_empties(told | brief(value))
    return _table((), told.items())


def _without_empties(told: dict[str, Any]) -> dict[str, Any]:
    """Without what says nothing; where people wrote JSON themselves, an empty member may mean something."""
    found = {name: value if name in _WRITTEN else _lean(value) for name, value in told.items()}
    return {name: value for name, value in found.items() if value not in ("", [], {})}


def _lean(value: object) -> object:
    match value:
        case dict():
            return _without_empties(value)
        case list():
            return [_lean(item) for item in value]
        case _:
            return value


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    console = Console(file=sys.stdout, markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDE
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=bool(header), header_style="bold")
    for name in header or ("", ""):
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    with console.capture() as captured:
        console.print(table)
    return "\n".join(text.rstrip() for text in captured.get().splitlines())


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        case list() | tuple() if all(not isinstance(item, list | tuple | dict) for item in value):
            return clean(", ".join(str(item) for item in value))
        case list() | tuple() | dict():
            return clean(yaml.safe_dump(value, sort_keys=False, allow_unicode=True).rstrip())
        case _:
            return clean(str(value))


def _kind(user: api.UserView) -> str:
    kind = "service account" if user.service_account else "person"
    return f"{kind}, disabled" if user.disabled else kind


def _totals(gateway: api.GatewayView) -> tuple[object, object, object]:
    totals = gateway.totals
    return (totals.cpu, totals.gpu, totals.memory) if totals else (None, None, None)

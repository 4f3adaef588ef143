"""
The bus as data: which streams there are, who consumes what, who may say what.

One stream per publishing context, one durable per service and stream, one per site on `directives`. A service may
publish only its own facts, read only through its own durables and listen only at its own inbox; a site may speak only
under its own last token. Nobody but the administrator makes, changes or lists streams and durables. The same data
makes the server's permissions and what `fedpact bus apply` creates, so that neither can drift.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fedpact.contracts.ids import RESERVED
from fedpact.contracts.sites import (
    RENEWAL,
    TOLD,
    Durable,
    Permissions,
    Site,
    directives_of,
    reading,
    site_permissions,
)
from fedpact.infra.errors import ReservedNameError

DAY = 24 * 3600
CONTEXTS = ("identity", "registry", "policy", "specs", "scheduling", "jobs", "workloads")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Ages in seconds; 0 keeps for ever."""

    name: str
    subjects: tuple[str, ...]
    max_age: int = 0
    work_queue: bool = False
    per_subject: int = -1
    message_ttl: bool = False
    told_as: str = ""
    """Tells what it stored once more, under this prefix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """One hub service on the bus."""

    name: str
    context: str | None
    reads: Mapping[str, tuple[str, ...]]
    """Stream -> patterns below the channel, as `<entity>.<fact>` (`*` is all of it)."""
    commands: bool = False
    asks: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    publishes: tuple[str, ...] = ()
    watches: tuple[str, ...] = ()


_KEYS = "identity.keys"
_ORGANIZATION = "identity.organization"
SERVICES: tuple[Consumer, ...] = (
    Consumer(
        name="identity",
        context="identity",
        reads={"registry": ("gateway.registered",)},
        commands=True,
        asks=(_KEYS,),
        answers=(_KEYS, _ORGANIZATION, RENEWAL),
    ),
    Consumer(
        name="registry",
        context="registry",
        reads={"workloads": ("gateway.*", "dataset.*", "proposal.*")},
        commands=True,
        asks=(_KEYS, _ORGANIZATION),
        publishes=("fedpact.dir.*.*.*._proposal",),
    ),
    Consumer(
        name="policy",
        context="policy",
        reads={
            "registry": ("dataset.*", "model.*"),
            "policy": ("policy.*",),
            "specs": ("spec.created", "activation.*"),
        },
        commands=True,
        asks=(_KEYS,),
        answers=("policy.preview",),
    ),
    Consumer(
        name="spec_lifecycle",
        context="specs",
        reads={
            "registry": ("dataset.*", "model.*"),
            "policy": ("spec.*", "grants.*"),
            "scheduling": ("spec.*", "gang.*", "activation.*"),
            "jobs": ("job.submitted", "job.cancelled"),
            "workloads": ("participant.*", "server.*", "sites.*", "job.*", "inventory.*"),
        },
        commands=True,
        asks=(_KEYS,),
        publishes=("fedpact.dir.>",),
    ),
    Consumer(
        name="scheduler",
        context="scheduling",
        reads={
            "registry": ("gateway.announced",),
            "specs": ("spec.created", "activation.*", "participant.*", "job.opened", "job.closed"),
        },
        answers=("scheduling.why",),
    ),
    Consumer(
        name="jobs",
        context="jobs",
        reads={
            "identity": ("user.*", "organization.*"),
            "registry": ("model.*",),
            "policy": ("spec.*",),
            "specs": ("spec.created", "spec.changed", "job.*", "activation.*"),
            "jobs": ("artifacts.*",),
            "workloads": ("job.*",),
        },
        commands=True,
        asks=(_KEYS,),
        answers=("jobs.upload", "jobs.download"),
    ),
    Consumer(
        name="portal",
        context=None,
        reads={
            "identity": ("organization.*", "user.*", "gateway.*", "command.*"),
            "registry": ("gateway.*", "dataset.*", "proposal.*", "model.*", "command.*"),
            "policy": ("policy.*", "command.*"),
            "specs": ("spec.created", "spec.changed", "verdict.*", "command.*"),
            "scheduling": ("gang.*",),
            "jobs": ("job.changed", "artifacts.*", "artifact.*", "command.*"),
        },
        asks=(_KEYS, "scheduling.why", "jobs.download", "policy.preview"),
        publishes=("fedpact.cmd.*.*.*.portal",),
        watches=("fedpact.evt.*.*.command.*.portal", "fedpact.tel.*.metrics.*", "fedpact.tel.*.alive.*"),
    ),
)


def streams() -> tuple[Stream, ...]:
    """Every stream of a federation."""
    facts = tuple(
        Stream(
            name=context,
            subjects=(f"fedpact.evt.*.{context}.>",),
            max_age=7 * DAY if context == "workloads" else 0,
            message_ttl=True,
            told_as="" if context == "workloads" else TOLD,
        )
        for context in CONTEXTS
    )
    return (
        Stream(name="commands", subjects=_commands_of(SERVICES), work_queue=True, max_age=7 * DAY),
        *facts,
        Stream(name="directives", subjects=("fedpact.dir.>",), per_subject=1, message_ttl=True),
        Stream(name="telemetry", subjects=("fedpact.tel.>",), max_age=3600, told_as=TOLD),
        Stream(name="dlq", subjects=("fedpact.dlq.>",), max_age=90 * DAY),
    )


def durables(sites: Iterable[Site] = ()) -> tuple[Durable, ...]:
    """Every durable of the hub's services, and that of each site."""
    hub = (durable for service in SERVICES for durable in durables_of(service))
    return (*hub, *(directives_of(site.gateway) for site in sites))


def durables_of(service: Consumer) -> tuple[Durable, ...]:
    facts = [
        Durable(stream=stream, name=service.name, filters=tuple(_filter(stream, p) for p in patterns))
        for stream, patterns in service.reads.items()
    ]
    if service.commands:
        facts.append(Durable(stream="commands", name=service.name, filters=_commands_of([service])))
    return tuple(facts)


def service_permissions(service: Consumer) -> Permissions:
    """A service's own facts, its own durables, its own inbox, and nothing else."""
    name = service.name
    publish = [f"fedpact.evt.*.{service.context}.>"] if service.context else []
    publish += [*service.publishes, f"fedpact.dlq.*.{name}", *(f"fedpact.qry.{q}" for q in service.asks)]
    publish += [subject for durable in durables_of(service) for subject in reading(durable)]
    subscribe = [f"_INBOX_{name}.>", *(f"fedpact.qry.{q}" for q in service.answers), *service.watches]
    return Permissions(tuple(publish), tuple(subscribe), responds=bool(service.answers))


def outsider_permissions(system: str) -> Permissions:
    """
    Another system: commands under its own name, and what became of those alone.

    Facts that hold policy documents or a custodian's reasons are not among what it may hear.
    """
    heard = ("*.command.*", "specs.spec.changed", "specs.activation.completed", "specs.activation.ended", "jobs.job.*")
    outcomes = tuple(f"fedpact.evt.*.{kind}.{system}" for kind in heard)
    return Permissions((f"fedpact.cmd.*.*.*.{system}",), (*outcomes, f"_INBOX_{system}.>"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Identities:
    """Who is on the bus: name -> public NKey. `administrator` may do everything."""

    administrator: str
    services: Mapping[str, str]
    sites: Mapping[Site, str]
    systems: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One identity on the bus, in an account of its own."""

    account: str
    key: str
    allowed: Permissions


def members(identities: Identities) -> list[Member]:
    """
    Everyone but the administrator.

    A site or system with a name of the hub's own, or of another, would share its seed and inbox: it is refused.
    """
    names = [*(site.gateway for site in identities.sites), *identities.systems]
    for name in names:
        if name in RESERVED or names.count(name) > 1:
            raise ReservedNameError(name)
    known = {service.name: service for service in SERVICES}
    rows = [("service", name, key, service_permissions(known[name])) for name, key in identities.services.items()]
    rows += [("site", site.gateway, key, site_permissions(site)) for site, key in identities.sites.items()]
    rows += [("system", name, key, outsider_permissions(name)) for name, key in identities.systems.items()]
    return [Member(account=f"{kind}-{name}", key=key, allowed=allowed) for kind, name, key, allowed in rows]


def _commands_of(services: Iterable[Consumer]) -> tuple[str, ...]:
    """What is sent to them. The stream holds nothing else: nobody would ever take it out."""
    return tuple(f"fedpact.cmd.*.{service.context}.>" for service in services if service.commands)


def _filter(stream: str, pattern: str) -> str:
    entity, fact = pattern.split(".")
    return f"fedpact.evt.*.{stream}.{entity}.{fact}.*"

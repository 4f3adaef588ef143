"""
What a site may do on the bus, as data.

Whoever gives sites their keys reads it here, be that the server's configuration or identity at an enrolment: the two
cannot drift. A site may speak only under its own last token, and read only what is wanted of it.
"""

from dataclasses import dataclass
from typing import Final

from fedpact.contracts import subjects

TOLD: Final = "told"
"""Before the subject of what a stream tells those who listen without a durable."""
DOMAIN: Final = "hub"
"""Under this name JetStream is reached from an account of another: `$JS.<DOMAIN>.API`."""
RENEWAL: Final = "identity.renew_gateway"
"""The query by which a site's agent gets its next credentials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Durable:
    """A consumer of `stream` that sees only `filters`, one message at a time, redelivered without limit."""

    stream: str
    name: str
    filters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Permissions:
    """What one identity may publish and subscribe to; `responds` lets it answer queries."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    responds: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """A gateway or the orchestrator's agent."""

    gateway: str
    orchestrator: bool = False


def directives_of(gateway: str) -> Durable:
    """What is wanted of one site: the last word on each subject, since the stream keeps no other."""
    return Durable(stream="directives", name=f"gw-{gateway}", filters=(f"{subjects.ROOT}.dir.*.{gateway}.>",))


def site_permissions(site: Site) -> Permissions:
    """A site speaks under its own last token and reads only directives addressed to it."""
    gateway, durable = site.gateway, directives_of(site.gateway)
    publish = [
        f"fedpact.evt.*.workloads.*.*.{gateway}",
        f"fedpact.tel.*.*.{gateway}",
        f"fedpact.dlq.directives.{durable.name}",
        f"$JS.{DOMAIN}.API.CONSUMER.RESET.directives.{durable.name}",
        f"fedpact.qry.{RENEWAL}",
        *reading(durable),
    ]
    if site.orchestrator:
        publish.append("fedpact.qry.jobs.upload")
    return Permissions(tuple(publish), (f"_INBOX_{gateway}.>",))


def reading(durable: Durable) -> list[str]:
    """What its reader publishes to read one durable."""
    verbs = (f"$JS.{DOMAIN}.API.CONSUMER.{verb}.{durable.stream}.{durable.name}" for verb in ("INFO", "MSG.NEXT"))
    return [*verbs, f"$JS.ACK.{durable.stream}.{durable.name}.>"]

"""What the registry keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from fedpact.contracts.registry import (
    DatasetProposed,
    DatasetRegistered,
    GatewayAnnounced,
    ProposalSettled,
    VersionRecord,
)
from fedpact.contracts.workloads import DatasetOffered, GatewaySpoke

SiteRole = Literal["gateway", "orchestrator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A site an admin made known. Only what such a site says is believed."""

    id: str
    organization: str
    role: SiteRole
    announced: GatewayAnnounced | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What a site last said of itself, believed or not: it may speak before an admin makes it known."""

    id: str
    spoken: GatewaySpoke | None = None
    offers: Mapping[str, DatasetOffered] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    id: str
    registered: DatasetRegistered | None
    """`None` after its gateway took it back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A dataset a steward wants registered. Once settled, what was made is forgotten, and with it the entry's name."""

    made: DatasetProposed | None = None
    settled: ProposalSettled | None = None

    @property
    def due(self) -> datetime | None:
        """When it lapses."""
        return self.made.until if self.made else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    id: str
    name: str
    description: str
    publisher: str
    versions: tuple[VersionRecord, ...] = ()

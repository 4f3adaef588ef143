"""Gateways, datasets (never their paths) and models, as the registry publishes them; and what it is asked to do."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field, JsonValue, StringConstraints

from fedpact.contracts.envelope import Accepted, Command, Fact, Quarantined, Refused, Strict
from fedpact.contracts.ids import DatasetId, Digest, Id, Version
from fedpact.contracts.pact import Resources

EntryName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,118}/?$")]
"""A file or (with `/` at its end) a folder in the inbox of a gateway: a name and never a path."""
Description = Annotated[str, Field(max_length=5000)]


class Capability(StrEnum):
    """What a gateway may announce that others act on. It may announce more."""

    PROPOSALS = "proposals"
    """It has an inbox whose entries stewards may propose as datasets."""
    UNSIGNED_POLICIES = "unsigned_policies"
    """Its operator lets it take policies that nobody signed."""


class DatasetShape(Strict):
    """What may be told about a dataset's form without telling its content or its place."""

    kind: Literal["file", "archive", "folder"] = "file"
    bytes: int | None = None
    rows: int | None = None
    columns: tuple[str, ...] = ()


class Example(Strict):
    """A payload that works, with one sentence on what it does."""

    title: Annotated[str, Field(max_length=500)]
    payload: dict[str, JsonValue]


Examples = Annotated[tuple[Example, ...], Field(max_length=32)]
"""From the model's card: what a form for a job begins with."""


class VersionRecord(Strict):
    """One model version. `components` are class prefixes a rendered job may name; a trailing dot is a package."""

    version: Version
    digest: Digest
    commit: Annotated[str, Field(max_length=80)] = ""
    engine: Annotated[str, Field(max_length=40)] = "nvflare"
    components: Annotated[tuple[str, ...], Field(max_length=64)] = ()
    payload_schema: dict[str, JsonValue] = {}
    permissions: tuple[str, ...] = ()
    privacy: tuple[str, ...] = ()
    examples: Examples = ()


class GatewayRegistered(Fact):
    """A custodian's site is known."""

    type: ClassVar[str] = "registry.gateway.registered"

    gateway: Id
    organization: Id
    role: Literal["gateway", "orchestrator"] = "gateway"

    @property
    def key(self) -> str:
        return self.gateway


class GatewayAnnounced(Fact):
    """What a gateway last said of itself: the totals it allots to Fedpact, never what is free."""

    type: ClassVar[str] = "registry.gateway.announced"

    gateway: Id
    organization: Id
    role: Literal["gateway", "orchestrator"] = "gateway"
    totals: Resources
    version: str
    capabilities: tuple[str, ...] = ()
    limits_enforced: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return self.gateway


class DatasetRegistered(Fact):
    """The whole dataset, at registration and at every change."""

    type: ClassVar[str] = "registry.dataset.registered"

    dataset: DatasetId
    name: str
    description: str
    gateway: Id
    organization: Id
    shape: DatasetShape = DatasetShape()
    derived_from: tuple[DatasetId, ...] = ()

    @property
    def key(self) -> str:
        return self.dataset


class DatasetUnregistered(Fact):
    type: ClassVar[str] = "registry.dataset.unregistered"

    dataset: DatasetId

    @property
    def key(self) -> str:
        return self.dataset


class DatasetProposed(Fact):
    """
    A steward proposes an entry of a gateway's inbox as a dataset; the gateway decides.

    The stream forgets it a day after the proposal lapsed, so that the hub keeps no entry's name longer than needed.
    """

    type: ClassVar[str] = "registry.proposal.made"
    ttl: ClassVar[int | None] = 8 * 24 * 3600

    proposal: Id
    gateway: Id
    organization: Id
    name: Id
    description: Description = ""
    entry: EntryName
    proposed_by: Id
    made_at: AwareDatetime
    until: AwareDatetime
    """When it lapses if the gateway has not answered."""

    @property
    def key(self) -> str:
        return self.proposal


class ProposalSettled(Fact):
    """What became of a proposal, whole: accepted as `dataset`, or refused for a reason. No entry is named any more."""

    type: ClassVar[str] = "registry.proposal.settled"

    proposal: Id
    gateway: Id
    organization: Id
    name: Id
    description: Description = ""
    proposed_by: Id
    made_at: AwareDatetime
    accepted: bool
    dataset: DatasetId | None = None
    reason: str = ""

    @property
    def key(self) -> str:
        return self.proposal


class ModelChanged(Fact):
    """The whole model with all its versions, at registration and at every new version."""

    type: ClassVar[str] = "registry.model.changed"

    model: Id
    name: str
    description: str = ""
    publisher: Id
    versions: tuple[VersionRecord, ...] = ()

    @property
    def key(self) -> str:
        return self.model


class CommandAccepted(Accepted):
    type: ClassVar[str] = "registry.command.accepted"


class CommandRefused(Refused):
    type: ClassVar[str] = "registry.command.refused"


class MessageQuarantined(Quarantined):
    type: ClassVar[str] = "registry.message.quarantined"


class RegisterGateway(Command):
    """An admin makes a site known and says which organization manages it."""

    type: ClassVar[str] = "registry.register_gateway"

    gateway: Id
    organization: Id
    role: Literal["gateway", "orchestrator"] = "gateway"

    @property
    def key(self) -> str:
        return self.gateway


class ProposeDataset(Command):
    """A steward proposes an entry of a gateway's inbox as a dataset called `<name>_<gateway>_<organization>`."""

    type: ClassVar[str] = "registry.propose_dataset"

    proposal: Id
    gateway: Id
    name: Id
    entry: EntryName
    description: Description = ""

    @property
    def key(self) -> str:
        return self.proposal


class RegisterModel(Command):
    """A model manager makes a model known."""

    type: ClassVar[str] = "registry.register_model"

    model: Id
    name: Annotated[str, Field(min_length=1, max_length=200)]
    description: Annotated[str, Field(max_length=5000)] = ""

    @property
    def key(self) -> str:
        return self.model


class AddModelVersion(Command):
    """A model manager adds a version. The same version with the same digest again changes nothing."""

    type: ClassVar[str] = "registry.add_model_version"

    model: Id
    record: VersionRecord

    @property
    def key(self) -> str:
        return self.model

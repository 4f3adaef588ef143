"""Gateways, datasets (never their paths) and models, as the registry publishes them; and what it is asked to do."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, JsonValue

from fedpact.contracts.envelope import Accepted, Command, Fact, Quarantined, Refused, Strict
from fedpact.contracts.ids import DatasetId, Digest, Id, Version
from fedpact.contracts.pact import Resources


class DatasetShape(Strict):
    """What may be told about a dataset's form without telling its content or its place."""

    kind: Literal["file", "archive", "folder"] = "file"
    bytes: int | None = None
    rows: int | None = None
    columns: tuple[str, ...] = ()


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

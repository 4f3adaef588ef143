"""Organizations, users and service accounts, as identity publishes them; and what it is asked to do."""

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from fedpact.contracts.envelope import Accepted, Command, Fact, Quarantined, Refused
from fedpact.contracts.ids import Email, Id

Subject = Annotated[str, Field(min_length=1, max_length=255)]
"""Who somebody is at the identity provider: the value of the claim that identity is set to read."""


class Role(StrEnum):
    """What a person may do. Several a person."""

    OWNER = "owner"
    """All of its organization; the only one who writes asset policies."""
    DATA_STEWARD = "data_steward"
    """Datasets and own gateways."""
    DATA_SCIENTIST = "data_scientist"
    """Compute specs and jobs."""
    MODEL_MANAGER = "model_manager"
    """The model registry."""
    ADMIN = "admin"
    """The federation."""


class OrganizationRegistered(Fact):
    type: ClassVar[str] = "identity.organization.registered"

    organization: Id
    name: str

    @property
    def key(self) -> str:
        return self.organization


class UserChanged(Fact):
    """The whole user, at registration and at every change. A service account is a user that holds a secret."""

    type: ClassVar[str] = "identity.user.changed"

    user: Id
    organization: Id
    name: str
    email: Email | None = None
    roles: tuple[Role, ...] = ()
    groups: tuple[str, ...] = ()
    service_account: bool = False
    disabled: bool = False

    @property
    def key(self) -> str:
        return self.user


class CommandAccepted(Accepted):
    type: ClassVar[str] = "identity.command.accepted"


class CommandRefused(Refused):
    type: ClassVar[str] = "identity.command.refused"


class MessageQuarantined(Quarantined):
    type: ClassVar[str] = "identity.message.quarantined"


class RegisterOrganization(Command):
    """An admin adds a legal party to the federation."""

    type: ClassVar[str] = "identity.register_organization"

    organization: Id
    name: Annotated[str, Field(min_length=1, max_length=200)]

    @property
    def key(self) -> str:
        return self.organization


class RegisterUser(Command):
    """
    An owner adds somebody to its organization, an admin to any.

    `secret_hash` (SHA-256, hex) makes it a service account: the sender keeps the secret, identity never sees it.
    `provider_subject` says beforehand who this is at the identity provider; without it the first login by `email` does.
    """

    type: ClassVar[str] = "identity.register_user"

    user: Id
    organization: Id
    name: Annotated[str, Field(min_length=1, max_length=200)]
    email: Email | None = None
    roles: tuple[Role, ...] = ()
    groups: tuple[Id, ...] = ()
    secret_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    provider_subject: Subject | None = None

    @property
    def key(self) -> str:
        return self.user


class ChangeUser(Command):
    """
    New roles, groups or standing for somebody; members left out stay as they are.

    `provider_subject` says who this is at the identity provider from now on; an empty one leaves it to the next login.
    """

    type: ClassVar[str] = "identity.change_user"

    user: Id
    roles: tuple[Role, ...] | None = None
    groups: tuple[Id, ...] | None = None
    disabled: bool | None = None
    provider_subject: Subject | Literal[""] | None = None

    @property
    def key(self) -> str:
        return self.user

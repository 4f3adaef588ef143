"""Organizations and users in the HTTP API."""

from typing import Annotated, Literal

from pydantic import Field

from fedpact.contracts.api.common import Name, Page
from fedpact.contracts.envelope import Model, Strict
from fedpact.contracts.identity import Role, Subject
from fedpact.contracts.ids import Email, Id


class NewOrganization(Strict):
    organization: Id
    name: Name


class NewUser(Strict):
    """
    `organization` is one's own when it is left out. `secret_hash` (SHA-256, hex) makes it a service account.

    `provider_subject`: who this is at the identity provider, where its e-mail address shall not decide.
    """

    user: Id
    organization: Id | None = None
    name: Name
    email: Email | None = None
    roles: tuple[Role, ...] = ()
    groups: tuple[Id, ...] = ()
    secret_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    provider_subject: Subject | None = None


class UserChange(Strict):
    """Members left out stay as they are; an empty `provider_subject` leaves to the next login who this is."""

    roles: tuple[Role, ...] | None = None
    groups: tuple[Id, ...] | None = None
    disabled: bool | None = None
    provider_subject: Subject | Literal[""] | None = None


class OrganizationView(Model):
    organization: Id
    name: str


class UserView(Model):
    user: Id
    organization: Id
    name: str
    email: str | None = None
    roles: tuple[Role, ...] = ()
    groups: tuple[str, ...] = ()
    service_account: bool = False
    disabled: bool = False


OrganizationPage = Page[OrganizationView]


UserPage = Page[UserView]

"""Organizations and users in the HTTP API."""

from typing import Annotated

from pydantic import Field

from fedpact.contracts.api.common import Name, Page
from fedpact.contracts.envelope import Model, Strict
from fedpact.contracts.identity import Role
from fedpact.contracts.ids import Email, Id


class NewOrganization(Strict):
    organization: Id
    name: Name


class NewUser(Strict):
    """`organization` is one's own when it is left out. `secret_hash` (SHA-256, hex) makes it a service account."""

    user: Id
    organization: Id | None = None
    name: Name
    email: Email | None = None
    roles: tuple[Role, ...] = ()
    groups: tuple[Id, ...] = ()
    secret_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class UserChange(Strict):
    """Members left out stay as they are."""

    roles: tuple[Role, ...] | None = None
    groups: tuple[Id, ...] | None = None
    disabled: bool | None = None


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

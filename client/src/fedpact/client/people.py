"""Who takes part: organizations, users and service accounts."""

from dataclasses import dataclass

from fedpact.client import operations
from fedpact.client.hub import Hub
from fedpact.contracts.api import (
    NewOrganization,
    NewUser,
    OrganizationPage,
    OrganizationView,
    PageQuery,
    UserChange,
    UserPage,
    UserView,
)


@dataclass(frozen=True, slots=True)
class Organizations:
    """`fp.organizations`."""

    hub: Hub

    def list(self, query: PageQuery | None = None) -> OrganizationPage:
        return self.hub.call(operations.organizations(query or PageQuery()))

    def get(self, organization: str) -> OrganizationView:
        return self.hub.call(operations.organization(organization))

    def register(self, organization: str, name: str, *, key: str | None = None) -> OrganizationView:
        """Add a legal party to the federation."""
        new = NewOrganization(organization=organization, name=name)
        return self.hub.call(operations.register_organization(new, self.hub.key(key)))


@dataclass(frozen=True, slots=True)
class Users:
    """`fp.users`."""

    hub: Hub

    def list(self, query: PageQuery | None = None) -> UserPage:
        return self.hub.call(operations.users(query or PageQuery()))

    def get(self, user: str) -> UserView:
        return self.hub.call(operations.user(user))

    def register(self, new: NewUser, *, key: str | None = None) -> UserView:
        """Add somebody to an organization; with the hash of a secret, a service account."""
        return self.hub.call(operations.register_user(new, self.hub.key(key)))

    def change(self, user: str, change: UserChange, *, key: str | None = None) -> UserView:
        """New roles, groups or standing; what `change` leaves out stays."""
        return self.hub.call(operations.change_user(user, change, self.hub.key(key)))

"""Who takes part: organizations, users and service accounts."""

from fedpact.client import operations
from fedpact.client.steps import Flow
from fedpact.client.verbs import H, Noun, verb
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


class Organizations(Noun[H]):
    """`fp.organizations`."""

    __slots__ = ()

    @verb
    def list(self, query: PageQuery | None = None) -> Flow[OrganizationPage]:
        return self.hub.flow(operations.organizations(query or PageQuery()))

    @verb
    def get(self, organization: str) -> Flow[OrganizationView]:
        return self.hub.flow(operations.organization(organization))

    @verb
    def register(self, organization: str, name: str, *, key: str | None = None) -> Flow[OrganizationView]:
        """Add a legal party to the federation."""
        new = NewOrganization(organization=organization, name=name)
        return self.hub.flow(operations.register_organization(new, self.hub.key(key)))


class Users(Noun[H]):
    """`fp.users`."""

    __slots__ = ()

    @verb
    def list(self, query: PageQuery | None = None) -> Flow[UserPage]:
        return self.hub.flow(operations.users(query or PageQuery()))

    @verb
    def get(self, user: str) -> Flow[UserView]:
        return self.hub.flow(operations.user(user))

    @verb
    def register(self, new: NewUser, *, key: str | None = None) -> Flow[UserView]:
        """Add somebody to an organization; with the hash of a secret, a service account."""
        return self.hub.flow(operations.register_user(new, self.hub.key(key)))

    @verb
    def change(self, user: str, change: UserChange, *, key: str | None = None) -> Flow[UserView]:
        """New roles, groups or standing; what `change` leaves out stays."""
        return self.hub.flow(operations.change_user(user, change, self.hub.key(key)))

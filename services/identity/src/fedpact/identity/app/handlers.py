"""Commands to identity: load, decide, save."""

from dataclasses import dataclass

from fedpact.chassis.aggregates import Aggregates, Cause
from fedpact.contracts.envelope import Order
from fedpact.contracts.identity import ChangeUser, RegisterOrganization, RegisterUser
from fedpact.identity.app.kinds import LOGIN
from fedpact.identity.domain import members
from fedpact.identity.domain.model import Organization, User, login_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Handlers:
    organizations: Aggregates[Organization]
    users: Aggregates[User]
    provider: str | None = None
    """Who logs people in, when somebody else does."""

    async def register_organization(self, order: Order[RegisterOrganization], cause: Cause) -> None:
        """Make an organization known."""
        await self.organizations.change(
            order.command.key, lambda known: members.register_organization(known, order), cause
        )

    async def register_user(self, order: Order[RegisterUser], cause: Cause) -> None:
        """Make a user or service account known."""
        await self._check_free(order.command)
        organization = await self.organizations.find(order.command.organization)
        await self.users.change(
            order.command.key, lambda known: members.register_user(known, order, organization, self.provider), cause
        )

    async def change_user(self, order: Order[ChangeUser], cause: Cause) -> None:
        """Give a user new roles, groups, standing or another login."""
        await self._check_free(order.command)
        await self.users.change(
            order.command.key, lambda known: members.change_user(known, order, self.provider), cause
        )

    async def _check_free(self, command: RegisterUser | ChangeUser) -> None:
        if self.provider and command.provider_subject:
            members.check_free(
                command.user, await self.users.where(LOGIN, login_at(self.provider, command.provider_subject))
            )

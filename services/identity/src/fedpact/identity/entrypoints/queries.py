"""Which questions identity answers."""

from datetime import timedelta

from fedpact.chassis.aggregates import Aggregates
from fedpact.chassis.bus import Bus
from fedpact.chassis.clock import Clock
from fedpact.contracts.queries import AskKeys, AskOrganization, Keys, OrganizationKnown
from fedpact.identity.app import queries as asked
from fedpact.identity.app.ports import Signer
from fedpact.identity.domain.model import Organization, User

LONGEST = timedelta(hours=1, minutes=1)
"""No access token lives longer, with what clocks may differ."""


def subscribe(
    bus: Bus, signer: Signer, users: Aggregates[User], organizations: Aggregates[Organization], clock: Clock
) -> None:
    """Say which keys verify access tokens, whose tokens ended early, and which organizations there are."""

    async def keys(_: AskKeys) -> Keys:
        return await asked.keys(signer, users, clock.now() - LONGEST)

    async def organization(question: AskOrganization) -> OrganizationKnown:
        return await asked.organization(organizations, question)

    bus.on_query(AskKeys, keys)
    bus.on_query(AskOrganization, organization)

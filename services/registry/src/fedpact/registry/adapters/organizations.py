"""Organizations, by asking identity."""

from dataclasses import dataclass

from pydantic import ValidationError

from fedpact.chassis.errors import UnavailableError
from fedpact.chassis.questions import Ask
from fedpact.contracts.queries import AskOrganization, OrganizationKnown


@dataclass(frozen=True, slots=True)
class AskedOrganizations:
    """`ask` asks on the bus."""

    ask: Ask

    async def known(self, organization: str) -> bool:
        question = AskOrganization(organization=organization).model_dump_json()
        try:
            return OrganizationKnown.model_validate_json(await self.ask("identity", "organization", question)).known
        except ValidationError as error:
            raise UnavailableError("identity does not say which organizations there are") from error

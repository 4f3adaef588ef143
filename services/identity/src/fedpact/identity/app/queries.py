"""What other services ask identity."""

from collections.abc import Mapping
from datetime import datetime

from fedpact.chassis.aggregates import Aggregates
from fedpact.contracts.queries import AskOrganization, Keys, OrganizationKnown
from fedpact.identity.app.kinds import CUT
from fedpact.identity.app.ports import Signer
from fedpact.identity.domain.members import end_of_tokens
from fedpact.identity.domain.model import Organization, User


def jwks(signer: Signer) -> str:
    """The JWKS that verifies access tokens, as JSON."""
    return Keys(keys=tuple(dict(key) for key in signer.public())).model_dump_json(exclude={"ended"})


async def keys(signer: Signer, users: Aggregates[User], since: datetime) -> Keys:
    """The same with the tokens that end before their time, as far as some from after `since` can exist."""
    lessened = [user for user in await users.where(CUT, CUT) if user.cut and user.cut >= since]
    public = tuple(dict(key) for key in signer.public())
    return Keys(keys=public, ended={user.id: end_of_tokens(user) for user in lessened})


async def organization(organizations: Aggregates[Organization], asked: AskOrganization) -> OrganizationKnown:
    """Whether it is registered now."""
    return OrganizationKnown(known=await organizations.find(asked.organization) is not None)


def profile(user: User, organization: Organization | None) -> Mapping[str, object]:
    """What a user may know of themself, as OIDC claims."""
    claims = {
        "sub": user.id,
        "name": user.name,
        "email": user.email,
        "org": user.organization,
        "org_name": organization.name if organization else user.organization,
        "roles": list(user.roles),
        "groups": list(user.groups),
        "service_account": user.service_account,
    }
    return {name: value for name, value in claims.items() if value is not None}

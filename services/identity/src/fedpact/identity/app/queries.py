"""What other services ask identity."""

from collections.abc import Mapping

from fedpact.contracts.queries import Keys
from fedpact.identity.app.ports import Signer
from fedpact.identity.domain.model import Organization, User


def keys(signer: Signer) -> str:
    """The JWKS that verifies access tokens, as JSON."""
    return Keys(keys=tuple(dict(key) for key in signer.public())).model_dump_json()


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

"""
Who comes in through the identity provider, and as whom.

* Somebody is known again by the provider's issuer and subject alone: an address may pass to another person.
* A first login finds the user whom an owner registered with that address, if the provider says that it is verified and
  exactly one user without a login has it. From then on the two belong together.
* Who is not registered is refused, unless the operator lets the provider register people; then the provider has to
  say of which organization they are.
* What the provider says of roles replaces what was known. It moves nobody to another organization, and a user who is
  disabled here stays out whatever it says.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from fedpact.contracts.envelope import Fact
from fedpact.identity.domain.errors import NotAdmittedError
from fedpact.identity.domain.members import lessened
from fedpact.identity.domain.model import AccountChanged, Organization, User
from fedpact.identity.domain.vouching import Vouched


class Strangers(StrEnum):
    """What becomes of people whom nobody registered."""

    REFUSE = "refuse"
    REGISTER = "register"
    """The provider's word is enough."""


def of_address(people: Sequence[User], email: str) -> User | None:
    """The one user who waits for a first login with that address."""
    waiting = [p for p in people if p.email and p.email.lower() == email and p.login is None and not p.service_account]
    if len(waiting) > 1:
        raise NotAdmittedError(f"several users are registered as `{email}`: ask an owner to leave one, or an admin")
    return waiting[0] if waiting else None


def register(known: User | None, vouched: Vouched, home: Organization | None) -> Sequence[Fact]:
    """The facts that make somebody known whom only the provider knows."""
    if known is not None:
        raise NotAdmittedError("somebody else became known under this name at the same moment: log in again")
    if vouched.organization is None:
        raise NotAdmittedError("the identity provider does not say of which organization you are: ask the operator")
    if home is None:
        raise NotAdmittedError(f"your organization `{vouched.organization}` does not take part here: ask an admin")
    user = User(
        id=vouched.id,
        organization=home.id,
        name=vouched.name,
        email=vouched.email,
        roles=vouched.roles or (),
        login=vouched.login,
    )
    return [AccountChanged.of(user)]


def come(known: User | None, vouched: Vouched, now: datetime) -> Sequence[Fact]:
    """The facts that follow from a registered user's login."""
    assert known is not None
    if known.disabled:
        raise NotAdmittedError(f"`{known.id}` is disabled: ask an owner of `{known.organization}`")
    if known.login not in (None, vouched.login):
        raise NotAdmittedError(f"`{known.id}` is somebody else at the identity provider: ask an owner or an admin")
    if vouched.organization not in (None, known.organization):
        raise NotAdmittedError(
            f"`{known.id}` belongs to `{known.organization}`, and the identity provider says `{vouched.organization}`:"
            " who moved is registered there under another id"
        )
    roles = known.roles if vouched.roles is None else vouched.roles
    wanted = replace(known, login=vouched.login, roles=roles)
    return [] if wanted == known else [AccountChanged.of(lessened(known, wanted, now))]


def unknown(vouched: Vouched) -> NotAdmittedError:
    """Why somebody is refused whom nobody registered."""
    if vouched.email is None:
        return NotAdmittedError(
            "nobody registered you, and the identity provider does not say that it verified your e-mail address:"
            " ask an owner of your organization to register you with your subject"
        )
    return NotAdmittedError(
        f"nobody registered `{vouched.email}`: ask an owner of your organization to register a user with that address"
    )

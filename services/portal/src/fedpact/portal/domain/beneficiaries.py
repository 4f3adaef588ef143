"""
Whom a policy names and nobody knows: often a mistyped name, and then it lets nobody in.

That is no error, since somebody may be named before they are registered. An id that is near is offered for
organizations only, which everybody may see; who the users of others are is not told.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from fedpact.contracts.identity import OrganizationRegistered, UserChanged
from fedpact.contracts.policies import Beneficiaries


def strangers(
    named: Beneficiaries, users: Sequence[UserChanged], organizations: Sequence[OrganizationRegistered]
) -> Iterable[str]:
    """A sentence for each."""
    names = [organization.organization for organization in organizations]
    for user in set(named.users) - {known.user for known in users}:
        yield _told("user", user, "")
    for group in set(named.groups) - {group for known in users for group in known.groups}:
        yield _told("group", group, "")
    for organization in set(named.organizations) - set(names):
        yield _told("organization", organization, *get_close_matches(organization, names, n=1))


def _told(kind: str, name: str, close: str = "") -> str:
    meant = f" (did you mean `{close}`?)" if close else ""
    return (
        f"there is no {kind} `{name}` in this federation{meant}: correct it and publish the next revision, or wait"
        " until it is registered; till then this lets nobody in"
    )

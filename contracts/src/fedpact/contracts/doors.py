"""
The doors between accounts on the bus, made from what somebody may do.

A NATS server checks where a client publishes and subscribes, but not where it has an answer sent. In one account for
all, whoever may pull a single message could have it delivered to the subject that deletes a stream, or to one that
only another may publish. So only the administrator lives where the streams are. Everybody else has an own account
with one door for each thing it may do, and an answer comes back through the door: into that account and no other.
What came in through a door goes out by none, so listeners hear what the streams tell once more after storing it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from fedpact.contracts.sites import DOMAIN, TOLD, Permissions

HUB: Final = "hub"
"""The account that holds the streams."""
QUERY: Final = "fedpact.qry."
_API = f"$JS.{DOMAIN}.API."


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """`subject` of the account `to`, usable by `by` under the name `local`. `listens`: facts come out of it."""

    by: str
    to: str
    subject: str
    local: str
    listens: bool = False

    @property
    def streams(self) -> bool:
        """Whether one request may be answered more than once."""
        return ".MSG.NEXT." in self.subject


def doors(account: str, allowed: Permissions, answering: Mapping[str, str]) -> Iterator[Door]:
    """What `account` needs for `allowed`. `answering`: query -> account; one that nobody answers has no door."""
    for subject in allowed.publish:
        to = answering.get(subject) if subject.startswith(QUERY) else HUB
        if to is not None and to != account:
            there = subject.replace(_API, "$JS.API.", 1)
            yield Door(by=account, to=to, subject=there, local=subject)
    for subject in allowed.subscribe:
        if not subject.startswith((QUERY, "_INBOX_")):
            yield Door(by=account, to=HUB, subject=f"{TOLD}.{subject}", local=subject, listens=True)

"""
One account for everybody on the bus, and the doors between accounts, made from the topology's permissions.

A NATS server checks where a client publishes and subscribes, but not where it has an answer sent. In one account for
all, whoever may pull a single message could have it delivered to the subject that deletes a stream, or to one that
only another may publish. So only the administrator lives where the streams are. Everybody else has an own account
with one door for each thing it may do, and an answer comes back through the door: into that account and no other.
What came in through a door goes out by none, so listeners hear what the streams tell once more after storing it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fedpact.infra.topology import DOMAIN, TOLD, Member

HUB = "hub"
"""The account that holds the streams."""
_QUERY = "fedpact.qry."
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One identity, what others may do here (subject -> who), and its own doors."""

    member: Member
    doors: Sequence[Door] = field(default=())


def accounts(members: Iterable[Member]) -> list[Account]:
    """Everybody's account. A query nobody here answers has no door."""
    known = list(members)
    answering = {s: m.account for m in known for s in m.allowed.subscribe if s.startswith(_QUERY)}
    return [Account(member=member, doors=tuple(_doors(member, answering))) for member in known]


def doors_to(account: str, everybody: Iterable[Account]) -> Mapping[tuple[str, bool], list[Door]]:
    """The doors that lead to `account`, by subject and whether facts come out."""
    found: dict[tuple[str, bool], list[Door]] = {}
    for door in (door for other in everybody for door in other.doors if door.to == account):
        found.setdefault((door.subject, door.listens), []).append(door)
    return found


def _doors(member: Member, answering: Mapping[str, str]) -> Iterable[Door]:
    for subject in member.allowed.publish:
        to = answering.get(subject) if subject.startswith(_QUERY) else HUB
        if to is not None and to != member.account:
            there = subject.replace(_API, "$JS.API.", 1)
            yield Door(by=member.account, to=to, subject=there, local=subject)
    for subject in member.allowed.subscribe:
        if not subject.startswith((_QUERY, "_INBOX_")):
            yield Door(by=member.account, to=HUB, subject=f"{TOLD}.{subject}", local=subject, listens=True)

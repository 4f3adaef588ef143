"""Everybody's account on the bus, with its doors to the others (why one each: `contracts/doors.py`)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fedpact.contracts.doors import HUB, QUERY, Door, doors
from fedpact.infra.topology import Member

__all__ = ["HUB", "Account", "Door", "accounts", "answering", "doors_to"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One identity, what others may do here (subject -> who), and its own doors."""

    member: Member
    doors: Sequence[Door] = field(default=())


def accounts(members: Iterable[Member]) -> list[Account]:
    """Everybody's account. A query nobody here answers has no door."""
    known = list(members)
    queries = answering(known)
    return [Account(member=one, doors=tuple(doors(one.account, one.allowed, queries))) for one in known]


def answering(members: Iterable[Member]) -> Mapping[str, str]:
    """Query -> the account of who answers it."""
    return {s: m.account for m in members for s in m.allowed.subscribe if s.startswith(QUERY)}


def doors_to(account: str, everybody: Iterable[Account]) -> Mapping[tuple[str, bool], list[Door]]:
    """The doors that lead to `account`, by subject and whether facts come out."""
    found: dict[tuple[str, bool], list[Door]] = {}
    for door in (door for other in everybody for door in other.doors if door.to == account):
        found.setdefault((door.subject, door.listens), []).append(door)
    return found

"""Accounts on the bus as an operator vouches for them, made from the same permissions and doors as everything else."""

from collections.abc import Iterable, Mapping

from fedpact.contracts.doors import Door, doors
from fedpact.contracts.sites import Permissions, Site, site_permissions
from fedpact.decision.nats_jwt import Export, Import, Rights


def rights(allowed: Permissions) -> Rights:
    """What a user of an account may do, of those doors that its account has."""
    return Rights(publish=allowed.publish, subscribe=allowed.subscribe, responds=allowed.responds)


def imports(account: str, allowed: Permissions, answering: Mapping[str, str], keys: Mapping[str, str]) -> list[Import]:
    """The doors of an account. `answering`: query -> account; `keys`: account -> its public key."""
    return [
        Import(account=keys[door.to], subject=door.subject, local=door.local, listens=door.listens)
        for door in doors(account, allowed, answering)
    ]


def exports(doors_here: Iterable[Door]) -> list[Export]:
    """What an account lets others use: each subject once, and none that another one covers."""
    wanted = {(door.subject, door.listens): door.streams for door in doors_here}
    return [
        Export(subject=subject, listens=listens, streams=streams)
        for (subject, listens), streams in sorted(wanted.items())
        if not any(other != subject and kind == listens and covers(other, subject) for other, kind in wanted)
    ]


def doors_of_any_site(answering: Mapping[str, str]) -> list[Door]:
    """The doors of a site that nobody has named yet: a gateway's name is one whole token in them."""
    found = doors("", site_permissions(Site("*", orchestrator=True)), answering)
    return [
        Door(by="", to=door.to, subject=door.subject.replace("gw-*", "*"), local="", listens=door.listens)
        for door in found
    ]


def covers(pattern: str, subject: str) -> bool:
    """Whether everything that `subject` means is meant by `pattern` too."""
    ours, theirs = pattern.split("."), subject.split(".")
    for n, word in enumerate(ours):
        match word:
            case ">":
                return len(theirs) > n
            case _ if n >= len(theirs) or theirs[n] == ">" or word not in {"*", theirs[n]}:
                return False
    return len(ours) == len(theirs)

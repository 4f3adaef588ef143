"""
The gateway's rules for what is proposed to it.

A proposal names an entry of the inbox, a folder that the gateway's operator set aside for this. Nothing else of the
machine can be named, an entry is what it says it is, and what is offered already is not quietly replaced.
"""

from enum import StrEnum

from fedpact.contracts.directives import ProposalDirective
from fedpact.gateway_agent.domain.errors import ProposalRefusedError


class Found(StrEnum):
    """What lies in the inbox under a name."""

    FILE = "file"
    FOLDER = "folder"
    OTHER = "other"
    NOTHING = "nothing"


def entry_of(wanted: ProposalDirective) -> str:
    """The entry it names."""
    if wanted.entry is None:
        raise ProposalRefusedError("the proposal names no entry: propose it again")
    return wanted.entry


def check(entry: str, found: Found) -> None:
    """Refuses an entry that is not there as it is named."""
    name = entry.removesuffix("/")
    match found:
        case Found.NOTHING:
            raise ProposalRefusedError(f"there is no `{name}` in this gateway's inbox: put it there, then propose it")
        case Found.OTHER:
            raise ProposalRefusedError(f"`{name}` is neither a file nor a folder, and links are not followed: copy it")
        case Found.FOLDER if not entry.endswith("/"):
            raise ProposalRefusedError(f"`{name}` is a folder: propose it as `{name}/`")
        case Found.FILE if entry.endswith("/"):
            raise ProposalRefusedError(f"`{name}` is a file: propose it without the slash")
        case _:
            return


def check_free(name: str, path: str, offered_at: str | None) -> None:
    """Refuses a name that another file has; the same once more is what a crash leaves half done."""
    if offered_at is not None and offered_at != path:
        raise ProposalRefusedError(f"this gateway offers another `{name}` already: choose another name")

"""
What an identifier may look like, once for every door.

Identifiers become subject tokens, file names and certificate names, so the alphabet is the smallest that
all of those share. Only a dataset id holds `_`: it separates name, gateway and organization.
"""

from typing import Annotated

from pydantic import StringConstraints

Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
"""A lower-case token of at most 40 characters."""

ParticipantId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,48}$")]
"""A FLARE site name, `<gateway>-<index>`, or `server`."""

DatasetId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}_[a-z0-9-]{1,40}_[a-z0-9-]{1,40}$")]
"""`<name>_<gateway>_<organization>`."""

Version = Annotated[str, StringConstraints(pattern=r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9a-z.-]+)?$")]
"""A semantic version."""

Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
"""What a model version is pinned by, and what a result file is stored under."""

Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]{1,64}@[^@\s]{1,190}$", max_length=254)]


RESERVED = frozenset(
    {
        *("administrator", "hub", "identity", "registry", "policy", "specs", "spec_lifecycle"),
        *("scheduling", "scheduler", "jobs", "workloads", "portal"),
    }
)
"""Names that are the hub's own: no site and no other system is called so."""


def participant_id(gateway: str, index: int) -> str:
    """The FLARE site name of the `index`-th client (from 1) at `gateway`."""
    return f"{gateway}-{index}"


SERVER = "server"
"""The participant that is an activation's FLARE server."""


def dataset_gateway(dataset: str) -> str:
    """The gateway named inside a dataset id."""
    return dataset.split("_")[1]


def dataset_organization(dataset: str) -> str:
    """The organization named inside a dataset id: its owner."""
    return dataset.split("_")[2]

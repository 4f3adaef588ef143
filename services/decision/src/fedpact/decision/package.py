"""
A model package, as everybody reads it: its card, and the digest that pins it where no image does.

The gateway recomputes the digest before every launch and the publisher's tool computes it once, so the rule lives
below both: one digest over every file of the folder, whatever order they are listed in.
"""

import hashlib
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from fedpact.contracts.envelope import Strict
from fedpact.contracts.ids import Id, Version
from fedpact.contracts.pact import Demand
from fedpact.contracts.registry import Examples, VersionRecord

CARD = "model.yaml"
"""The file in the package's folder that holds the card."""


class Control(Strict):
    """A permission or privacy control that a custodian may set for this model."""

    type: Literal["boolean", "integer", "number", "string", "array"]
    meaning: Annotated[str, Field(min_length=1, max_length=1000)]
    values: tuple[str, ...] = ()
    """The members an array may have."""
    default: JsonValue = None
    """What holds when a policy says nothing."""


class ModelCard(Strict):
    """Everything a registry, a custodian and a data scientist need to know of a model version."""

    id: Id
    version: Version
    name: Annotated[str, Field(min_length=1, max_length=200)]
    description: Annotated[str, Field(max_length=5000)] = ""
    engine: Annotated[str, Field(max_length=40)] = "nvflare"
    components: Annotated[tuple[str, ...], Field(min_length=1, max_length=64)]
    payload_schema: dict[str, JsonValue]
    permissions: dict[str, Control] = {}
    privacy: dict[str, Control] = {}
    resources: Demand = Demand()
    examples: Examples = ()

    def record(self, digest: str, commit: str = "") -> VersionRecord:
        """The version as the registry keeps it."""
        return VersionRecord(
            version=self.version,
            digest=digest,
            commit=commit,
            engine=self.engine,
            components=self.components,
            payload_schema=self.payload_schema,
            permissions=tuple(self.permissions),
            privacy=tuple(self.privacy),
            examples=self.examples,
        )


def digest_of(entries: Iterable[tuple[str, bytes]]) -> str:
    """`sha256:` over (path, content) pairs sorted by path. Lengths are part of it, so no two listings share one."""
    total = hashlib.sha256()
    for path, content in sorted(entries):
        name = path.encode()
        total.update(len(name).to_bytes(8, "big"))
        total.update(name)
        total.update(hashlib.sha256(content).digest())
    return f"sha256:{total.hexdigest()}"


def counts(path: str) -> bool:
    """Whether a file belongs to the package: byte code and installation metadata are made on the machine itself."""
    folders = path.split("/")[:-1]
    return not any(folder == "__pycache__" or folder.endswith(".egg-info") for folder in folders)

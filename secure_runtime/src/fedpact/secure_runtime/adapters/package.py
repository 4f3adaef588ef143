"""
A model folder as others see it: its digest, and its card `model.yaml`.

Kept free of everything but pydantic and PyYAML: the gateway's agent and the command line read packages with it too.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, JsonValue, ValidationError

from fedpact.contracts.envelope import Strict
from fedpact.contracts.ids import Id, Version
from fedpact.contracts.pact import Demand
from fedpact.contracts.registry import VersionRecord
from fedpact.secure_runtime.domain.errors import PackageError
from fedpact.secure_runtime.domain.package import counts, digest_of

CARD = "model.yaml"


class Control(Strict):
    """A permission or privacy control that a custodian may set for this model."""

    type: Literal["boolean", "integer", "number", "string", "array"]
    meaning: Annotated[str, Field(min_length=1, max_length=1000)]
    values: tuple[str, ...] = ()
    """The members an array may have."""
    default: JsonValue = None
    """What holds when a policy says nothing."""


class Example(Strict):
    """A payload that works, with one sentence on what it does."""

    title: str
    payload: dict[str, JsonValue]


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
    examples: tuple[Example, ...] = ()

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
        )


def package_digest(root: Path) -> str:
    """What pins the model in `root`: SHA-256 over its files, byte code and installation metadata left out."""
    return digest_of(_entries(root))


def read_model_card(root: Path) -> ModelCard:
    """The card of the model in `root`."""
    try:
        return ModelCard.model_validate(yaml.safe_load((root / CARD).read_text(encoding="utf-8")))
    except FileNotFoundError as fault:
        raise PackageError(f"`{root.name}` holds no `{CARD}`") from fault
    except yaml.YAMLError as fault:
        raise PackageError(f"`{CARD}` is not YAML", path=CARD) from fault
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_context=False)[0]
        member = ".".join(str(part) for part in first["loc"])
        raise PackageError(f"`{CARD}` is wrong at `{member}`: {first['msg'].lower()}", path=member) from fault


def _entries(root: Path) -> Iterator[tuple[str, bytes]]:
    if not root.is_dir():
        raise PackageError(f"`{root.name}` is not a folder")
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        if not counts(f"{name}/" if path.is_dir() else name):
            continue
        if path.is_symlink():
            raise PackageError(f"`{name}` is a link; a model package holds its files itself", path=name)
        if path.is_file():
            yield name, path.read_bytes()

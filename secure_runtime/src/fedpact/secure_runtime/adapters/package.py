"""A model folder as the runtime reads it: the digest of its files, and its card `model.yaml`."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import ValidationError

from fedpact.contracts.mistakes import first_misfit
from fedpact.decision.package import CARD, ModelCard, counts, digest_of
from fedpact.secure_runtime.domain.errors import PackageError


def package_digest(root: Path) -> str:
    """What pins the model in `root`: SHA-256 over its files, byte code and installation metadata left out."""
    return digest_of(_entries(root))


def read_model_card(root: Path) -> ModelCard:
    """The card of the model in `root`."""
    try:
        return _card((root / CARD).read_text(encoding="utf-8"))
    except FileNotFoundError as fault:
        raise PackageError(f"`{root.name}` holds no `{CARD}`") from fault


@lru_cache(maxsize=32)
def _card(text: str) -> ModelCard:
    """What `text` says; remembered, because it is read again for every job."""
    try:
        return ModelCard.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as fault:
        raise PackageError(f"`{CARD}` is not YAML", path=CARD) from fault
    except ValidationError as fault:
        first = first_misfit(fault)
        raise PackageError(f"`{CARD}` is wrong at `{first.path}`: {first.text}", path=first.path) from fault


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

"""A model package in a folder: what its card says, and what pins it. The rule of both is `fedpact.decision.package`."""

from collections.abc import Iterator
from pathlib import Path

from fedpact.client.documents import read_document
from fedpact.client.errors import InputError
from fedpact.decision.package import CARD, ModelCard, counts, digest_of


def read_card(folder: Path) -> ModelCard:
    """The card of the model in `folder`."""
    if not (folder / CARD).is_file():
        raise InputError(f"`{folder}` holds no `{CARD}`: name the folder of a model package")
    return read_document(ModelCard, folder / CARD)


def package_digest(folder: Path) -> str:
    """What pins the model in `folder`, as gateways compute it before they run it."""
    return digest_of(_files(folder))


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    if not folder.is_dir():
        raise InputError(f"`{folder}` is not a folder: name the one that holds `{CARD}`")
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if not counts(f"{name}/" if path.is_dir() else name):
            continue
        if path.is_symlink():
            raise InputError(f"`{name}` is a link: a model package holds its files itself", path=name)
        if path.is_file():
            yield name, path.read_bytes()

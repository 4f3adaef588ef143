"""
Which datasets and objects a policy may be about.

An organization speaks for its own data only: by the registry and by the dataset id alike. A derived dataset
holds what went into it, so the policies of its roots decide, and none may be about itself.
"""

from collections.abc import Mapping
from difflib import get_close_matches

from fedpact.contracts.ids import dataset_organization
from fedpact.contracts.policies import PolicyDocument
from fedpact.policy.domain.errors import ScopeError
from fedpact.policy.domain.model import Dataset


def check(document: PolicyDocument, datasets: Mapping[str, Dataset]) -> None:
    """Refuses a policy about something its organization cannot speak for. `datasets` are the organization's."""
    for index, scope in enumerate(document.datasets):
        path = f"document.datasets.{index}"
        _check_dataset(scope.id, document.organization, datasets, f"{path}.id")
        for position, item in enumerate(scope.objects):
            _check_object(item, f"{path}.objects.{position}")


def _check_dataset(dataset: str, organization: str, datasets: Mapping[str, Dataset], path: str) -> None:
    if dataset_organization(dataset) != organization:
        raise ScopeError(f"`{dataset}` does not belong to `{organization}`: leave it out", path=path)
    kept = datasets.get(dataset)
    if kept is None or not kept.registered or kept.organization != organization:
        names = [known.id for known in datasets.values() if known.registered]
        close = "".join(f", or did you mean `{name}`" for name in get_close_matches(dataset, names, n=1))
        raise ScopeError(f"`{organization}` has no dataset `{dataset}`: register it first{close}", path=path)
    if kept.derived_from:
        roots = ", ".join(f"`{root}`" for root in kept.derived_from)
        raise ScopeError(f"`{dataset}` is derived from {roots}: the policies about these hold for it", path=path)


def _check_object(item: str, path: str) -> None:
    """Anything but a plain path below the root would match no object, and so set nothing aside."""
    segments = item.removesuffix("/").split("/")
    if any(segment in {"", ".", ".."} for segment in segments) or "\\" in item or not item.isprintable():
        raise ScopeError(f"`{item}` is not a path below the dataset's root: write it as `folder/file`", path=path)

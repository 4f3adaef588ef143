"""
What a dataset holds data of.

A derived dataset holds what went into it, so the policies of all its roots decide about it, and none of its own. Its
gateway says what it is derived from, and is believed about its own datasets only: a dataset of another gateway is a
root, whatever else is said of it. So gateway and hub come to the same, each on its own evidence.
"""

from collections.abc import Iterable, Mapping

from fedpact.contracts.ids import dataset_gateway

Parents = Mapping[str, tuple[str, ...]]
"""Dataset -> what it is directly derived from."""


def lineage(datasets: Iterable[str], parents: Parents) -> dict[str, tuple[str, ...]]:
    """Each of `datasets` that is derived, with its roots."""
    found = {dataset: roots(dataset, parents) for dataset in datasets}
    return {dataset: above for dataset, above in found.items() if above != (dataset,)}


def roots(dataset: str, parents: Parents) -> tuple[str, ...]:
    """What `dataset` holds data of in the end: itself, if it is not derived."""
    gateway, seen, found, left = dataset_gateway(dataset), set[str](), set[str](), [dataset]
    while left:
        one = left.pop()
        if one in seen:
            continue
        seen.add(one)
        above = parents.get(one, ()) if dataset_gateway(one) == gateway else ()
        left += above
        if not above:
            found.add(one)
    # what is derived from itself has no root: whoever asks for it needs a policy about each, and there is none
    return tuple(sorted(found or seen))

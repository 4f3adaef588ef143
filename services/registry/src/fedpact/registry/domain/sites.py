"""
What sites say, kept before anybody decides whether to believe it.

Registration by an admin and the first words of a site come over different streams, in any order. So what a site says
is written down first and believed second: whoever comes later, the admin or the site, finds what the other left.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from fedpact.contracts.envelope import Fact
from fedpact.contracts.ids import dataset_gateway
from fedpact.contracts.workloads import DatasetOffered, DatasetTakenBack, GatewaySpoke
from fedpact.registry.domain.errors import ForeignDatasetError, TooMuchOfferedError
from fedpact.registry.domain.model import Site

OFFERS = 500
"""Datasets kept for one gateway."""
OFFER_BYTES = 16_000
"""Length of one of them: name, description, columns."""


def hear(site: Site | None, said: GatewaySpoke | DatasetOffered | DatasetTakenBack) -> Sequence[Fact]:
    """`said`, if it is news."""
    match said:
        case GatewaySpoke():
            return [] if site and site.spoken == said else [said]
        case DatasetOffered():
            _check(said, site.offers if site else {})
            return [] if site and site.offers.get(said.dataset) == said else [said]
        case DatasetTakenBack():
            _check_gateway(said.dataset, said.gateway)
            return [said] if site and said.dataset in site.offers else []


def evolve(site: Site | None, fact: Fact) -> Site:
    """The site after `fact`."""
    match fact:
        case GatewaySpoke():
            return replace(site or Site(id=fact.gateway), spoken=fact)
        case DatasetOffered():
            known = site or Site(id=fact.gateway)
            return replace(known, offers={**known.offers, fact.dataset: fact})
        case DatasetTakenBack():
            assert site is not None
            return replace(site, offers={name: o for name, o in site.offers.items() if name != fact.dataset})
        case _:
            raise AssertionError(fact)


def roots_first(offers: Mapping[str, DatasetOffered]) -> Iterator[str]:
    """The offered datasets, each after those it is derived from; what is derived from itself never comes."""
    left = dict(offers)
    while ready := [name for name, offer in left.items() if not left.keys() & set(offer.derived_from)]:
        for name in ready:
            del left[name]
        yield from ready


def derived_from(dataset: str, offers: Mapping[str, DatasetOffered]) -> Iterator[str]:
    """The offered datasets that stand on `dataset`, directly or not, roots first."""
    standing = {dataset}
    for name in roots_first(offers):
        if name not in standing and standing & set(offers[name].derived_from):
            standing.add(name)
            yield name


def _check(offer: DatasetOffered, kept: Mapping[str, DatasetOffered]) -> None:
    _check_gateway(offer.dataset, offer.gateway)
    if len(offer.model_dump_json()) > OFFER_BYTES:
        raise TooMuchOfferedError(
            f"what is told about `{offer.dataset}` is longer than {OFFER_BYTES} bytes: describe it more briefly"
        )
    if offer.dataset not in kept and len(kept) >= OFFERS:
        raise TooMuchOfferedError(f"`{offer.gateway}` offers {OFFERS} datasets already: take one back first")


def _check_gateway(dataset: str, gateway: str) -> None:
    if dataset_gateway(dataset) != gateway:
        raise ForeignDatasetError(f"`{dataset}` names another gateway than `{gateway}`, which speaks of it: rename it")

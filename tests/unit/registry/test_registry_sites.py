"""Gateways and datasets: what is said, and what is believed of it."""

from datetime import UTC, datetime

import pytest

from fedpact.contracts.envelope import Actor, Order
from fedpact.contracts.identity import Role
from fedpact.contracts.pact import Resources
from fedpact.contracts.registry import (
    DatasetRegistered,
    DatasetShape,
    DatasetUnregistered,
    GatewayAnnounced,
    GatewayRegistered,
    RegisterGateway,
)
from fedpact.contracts.workloads import DatasetOffered, DatasetTakenBack, GatewaySpoke
from fedpact.registry.domain import datasets, gateways, sites
from fedpact.registry.domain.errors import (
    AlreadyRegisteredError,
    ForeignDatasetError,
    NotAllowedError,
    RoleMismatchError,
    TooMuchOfferedError,
    UnknownRootError,
)
from fedpact.registry.domain.model import Dataset, Gateway, Site

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADMIN = Actor(user="root", organization="federation", roles=(Role.ADMIN,))
OWNER = Actor(user="olga", organization="clinic", roles=(Role.OWNER,))
KNOWN = Gateway(id="gw-1", organization="clinic", role="gateway")
SPOKEN = GatewaySpoke(gateway="gw-1", totals=Resources(cpu=8), version="0.1.0", capabilities=("process",))
SCANS = DatasetOffered(gateway="gw-1", dataset="scans_gw-1_clinic", name="scans", shape=DatasetShape(rows=3))
BACK = DatasetTakenBack(gateway="gw-1", dataset="scans_gw-1_clinic")
REGISTERED = DatasetRegistered(
    dataset="scans_gw-1_clinic",
    name="scans",
    description="",
    gateway="gw-1",
    organization="clinic",
    shape=DatasetShape(rows=3),
)


def order(actor, **changed):
    wanted = {"gateway": "gw-1", "organization": "clinic"} | changed
    return Order(command=RegisterGateway(**wanted), actor=actor, now=NOW)


def register(known, wanted):
    return gateways.register(known, wanted, organization_known=True)


def derived(name, *roots):
    return DatasetOffered(gateway="gw-1", dataset=f"{name}_gw-1_clinic", name=name, derived_from=roots)


def site(*said):
    known = None
    for fact in said:
        known = sites.evolve(known, fact)
    return known


def test_an_admin_makes_a_gateway_known():
    [fact] = register(None, order(ADMIN))
    assert fact == GatewayRegistered(gateway="gw-1", organization="clinic")
    assert gateways.evolve(None, fact) == KNOWN


def test_nobody_else_makes_a_gateway_known():
    with pytest.raises(NotAllowedError):
        register(None, order(OWNER))


def test_making_it_known_again_changes_nothing():
    assert register(KNOWN, order(ADMIN)) == []


@pytest.mark.parametrize("changed", [{"organization": "lab"}, {"role": "orchestrator"}])
def test_a_gateway_keeps_its_organization_and_role(changed):
    with pytest.raises(AlreadyRegisteredError, match="choose another id"):
        register(KNOWN, order(ADMIN, **changed))


def test_a_known_gateway_is_announced_under_its_registered_organization():
    [fact] = gateways.announce(KNOWN, SPOKEN)
    assert fact == GatewayAnnounced(
        gateway="gw-1", organization="clinic", totals=Resources(cpu=8), version="0.1.0", capabilities=("process",)
    )
    assert gateways.announce(gateways.evolve(KNOWN, fact), SPOKEN) == []


@pytest.mark.parametrize(("known", "spoken"), [(None, SPOKEN), (KNOWN, None)])
def test_nothing_is_announced_without_both(known, spoken):
    assert gateways.announce(known, spoken) == []


def test_a_gateway_that_says_it_is_the_orchestrator_is_not_believed():
    with pytest.raises(RoleMismatchError, match="registered as a gateway"):
        gateways.announce(KNOWN, SPOKEN.model_copy(update={"role": "orchestrator"}))


@pytest.mark.parametrize("said", [SPOKEN, SCANS])
def test_a_site_is_heard_once(said):
    assert sites.hear(None, said) == [said]
    assert sites.hear(site(said), said) == []


def test_a_changed_offer_is_news_and_replaces_the_older():
    other = SCANS.model_copy(update={"description": "new"})
    assert sites.hear(site(SCANS), other) == [other]
    assert site(SPOKEN, SCANS, other) == Site(id="gw-1", spoken=SPOKEN, offers={SCANS.dataset: other})


def test_what_is_taken_back_is_no_longer_offered():
    assert sites.hear(site(SCANS), BACK) == [BACK]
    assert sites.hear(None, BACK) == []
    assert site(SCANS, BACK) == Site(id="gw-1")


@pytest.mark.parametrize("said", [SCANS, BACK])
def test_a_gateway_speaks_of_its_own_datasets_only(said):
    with pytest.raises(ForeignDatasetError, match="names another gateway"):
        sites.hear(site(SCANS), said.model_copy(update={"gateway": "gw-2"}))


def test_one_gateway_offers_a_bounded_number_of_datasets():
    full = Site(id="gw-1", offers={f"d{n}_gw-1_clinic": derived(f"d{n}") for n in range(sites.OFFERS)})
    with pytest.raises(TooMuchOfferedError, match="take one back"):
        sites.hear(full, SCANS)
    again = derived("d0").model_copy(update={"description": "new"})
    assert sites.hear(full, again) == [again]


def test_one_offer_is_of_bounded_length():
    with pytest.raises(TooMuchOfferedError, match="more briefly"):
        sites.hear(None, SCANS.model_copy(update={"description": "x" * sites.OFFER_BYTES}))


def test_roots_come_before_what_is_derived_from_them_and_circles_never():
    offers = site(
        derived("c", "b_gw-1_clinic", "x_gw-2_clinic"),
        derived("b", "a_gw-1_clinic"),
        derived("a"),
        derived("p", "q_gw-1_clinic"),
        derived("q", "p_gw-1_clinic"),
    ).offers
    assert list(sites.roots_first(offers)) == ["a_gw-1_clinic", "b_gw-1_clinic", "c_gw-1_clinic"]
    assert list(sites.derived_from("a_gw-1_clinic", offers)) == ["b_gw-1_clinic", "c_gw-1_clinic"]
    assert list(sites.derived_from("c_gw-1_clinic", offers)) == []


def test_an_offer_is_registered_under_the_gateways_organization():
    assert datasets.settle(None, SCANS, KNOWN, ()) == [REGISTERED]
    assert datasets.settle(datasets.evolve(None, REGISTERED), SCANS, KNOWN, ()) == []


def test_a_dataset_of_another_organization_is_not_believed():
    with pytest.raises(ForeignDatasetError, match="another organization than `lab`"):
        datasets.settle(None, SCANS, Gateway(id="gw-1", organization="lab", role="gateway"), ())


def test_a_dataset_derived_from_nothing_known_is_not_believed():
    with pytest.raises(UnknownRootError, match="`a_gw-1_clinic`"):
        datasets.settle(None, derived("b", "a_gw-1_clinic"), KNOWN, ["a_gw-1_clinic"])


def test_what_is_no_longer_offered_is_unregistered_once_and_can_come_back():
    known = datasets.evolve(None, REGISTERED)
    [fact] = datasets.settle(known, None, KNOWN, ())
    gone = datasets.evolve(known, fact)
    assert fact == DatasetUnregistered(dataset="scans_gw-1_clinic")
    assert gone == Dataset(id="scans_gw-1_clinic", registered=None)
    assert datasets.settle(gone, None, KNOWN, ()) == []
    assert datasets.settle(None, None, KNOWN, ()) == []
    assert datasets.settle(gone, SCANS, KNOWN, ()) == [REGISTERED]

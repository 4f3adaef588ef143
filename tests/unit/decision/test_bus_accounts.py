"""Accounts made from permissions: no door too many, none too few."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedpact.contracts.doors import HUB, Door, doors
from fedpact.contracts.sites import Site, site_permissions
from fedpact.decision import bus_accounts

ANSWERING = {"fedpact.qry.identity.renew_gateway": "identity", "fedpact.qry.jobs.upload": "jobs"}
KEYS = {HUB: "AHUB", "identity": "AIDENTITY", "jobs": "AJOBS"}
tokens = st.lists(st.sampled_from(["a", "b", "*"]), min_size=1, max_size=4)
subjects = st.tuples(tokens, st.booleans()).map(lambda drawn: ".".join([*drawn[0], *([">"] * drawn[1])]))


def door(subject: str, *, listens: bool = False) -> Door:
    return Door(by="x", to=HUB, subject=subject, local=subject, listens=listens)


@pytest.mark.parametrize("gateway", ["gateway-1", "orchestrator"])
def test_whatever_a_site_imports_the_hub_exports_before_it_knows_the_site(gateway: str) -> None:
    allowed = site_permissions(Site(gateway, orchestrator=gateway == "orchestrator"))
    exported = bus_accounts.doors_of_any_site(ANSWERING)
    for wanted in doors("site", allowed, ANSWERING):
        assert any(d.to == wanted.to and bus_accounts.covers(d.subject, wanted.subject) for d in exported), wanted


def test_a_sites_imports_name_nobody_else() -> None:
    found = bus_accounts.imports("site", site_permissions(Site("gateway-1")), ANSWERING, KEYS)
    assert {one.account for one in found} == {"AHUB", "AIDENTITY"}
    about = [one.subject for one in found if "gateway-1" not in one.subject]
    assert about == ["fedpact.qry.identity.renew_gateway"]


def test_an_export_that_another_covers_is_left_out() -> None:
    found = bus_accounts.exports([door("a.>"), door("a.b"), door("a.*.c"), door("b"), door("a.b", listens=True)])
    assert [(one.subject, one.listens) for one in found] == [("a.>", False), ("a.b", True), ("b", False)]


@given(subjects, subjects)
def test_of_two_that_cover_each_other_both_are_the_same(one: str, other: str) -> None:
    if bus_accounts.covers(one, other) and bus_accounts.covers(other, one):
        assert one == other


@given(subjects, subjects, subjects)
def test_what_is_covered_stays_covered(one: str, middle: str, other: str) -> None:
    if bus_accounts.covers(one, middle) and bus_accounts.covers(middle, other):
        assert bus_accounts.covers(one, other)

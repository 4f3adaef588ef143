"""A local run stands on the same policies, grants and checks as any other."""

from datetime import UTC, datetime

import pytest

from fedpact.contracts.pact import PinnedModel, Resources
from fedpact.model_tools.errors import TermsError
from fedpact.model_tools.pact import AUTHOR, Pact, Part, Terms

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MODEL = PinnedModel(id="mine", version="0.1.0", digest=f"sha256:{'0' * 64}", components=("mine.",))
PARTS = [Part(gateway=f"site-{n}", organization=f"org-{n}", dataset=f"table_site-{n}_org-{n}") for n in range(1, 4)]


def pact(terms: Terms) -> Pact:
    return Pact(model=MODEL, resources=Resources(), parts=PARTS, terms=terms, now=NOON)


def test_each_site_opens_its_own_dataset_under_the_terms() -> None:
    terms = Terms(permissions={"allowed": ["mean"]}, privacy={"min_count": 7})
    made = pact(terms)
    decision = made.decision()
    for part in PARTS:
        access = made.access(part, decision)
        assert list(access.datasets) == [part.dataset]
        assert (access.permissions, access.privacy) == ({"allowed": ["mean"]}, {"min_count": 7})
        assert (access.requester, access.model) == (AUTHOR, MODEL)


def test_the_custodians_bounds_hold_once_for_each_site() -> None:
    bounds = {"type": "object", "properties": {"rounds": {"type": "integer", "maximum": 3}}}
    assert list(pact(Terms(bounds=bounds)).decision().bounds) == [bounds] * 3


def test_bounds_that_cannot_be_decided_are_told() -> None:
    made = pact(Terms(bounds={"type": "object", "properties": {"x": {"type": "string", "pattern": "a"}}}))
    with pytest.raises(TermsError, match="pattern"):
        made.decision()

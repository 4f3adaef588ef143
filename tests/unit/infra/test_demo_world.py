"""What the demo's people find at a hub that others use, too."""

import pytest
from client_portal import PORTAL, FakePortal, options

from fedpact.client.errors import RefusedError, refused
from fedpact.client.fedpact import Fedpact
from fedpact.contracts.api import DatasetPage, DatasetView, ModelPage, ModelView, Problem
from fedpact.contracts.registry import DatasetShape
from fedpact.infra.demo_world import heard, knows

OURS = DatasetView(
    dataset="own_gateway-1_lake",
    name="own",
    description="",
    gateway="gateway-1",
    organization="lake",
    shape=DatasetShape(),
)
MODEL = ModelView(model="logreg", name="Logistic", publisher="lab", versions=())


@pytest.fixture
def hub() -> FakePortal:
    """More datasets and models than a page holds; ours are on a later one."""
    crowded = {"page": 0, "page_size": 50, "total": 451, "items": ()}
    return (
        FakePortal()
        .on("GET", "/v1/datasets", DatasetPage.model_validate(crowded))
        .on("GET", "/v1/models", ModelPage.model_validate(crowded))
    )


def test_what_is_not_on_the_first_page_of_a_list_is_known(hub: FakePortal) -> None:
    hub.on("GET", f"/v1/datasets/{OURS.dataset}", OURS).on("GET", "/v1/models/logreg", MODEL)
    with Fedpact(PORTAL, "t0ken", options(hub)) as fp:
        assert knows(fp, [OURS.dataset], [MODEL.model])


def test_one_that_is_not_there_yet_is_not_known(hub: FakePortal) -> None:
    hub.on("GET", f"/v1/datasets/{OURS.dataset}", OURS)
    with Fedpact(PORTAL, "t0ken", options(hub)) as fp:
        assert not knows(fp, [OURS.dataset], [MODEL.model])


class Deciding:
    """A service that has not heard of what it is asked about, the first `late` times."""

    def __init__(self, late: int, slug: str) -> None:
        self.late, self.slug, self.asked = late, slug, 0

    def decide(self) -> int:
        self.asked += 1
        if self.asked <= self.late:
            raise refused(
                Problem(
                    type=f"urn:fedpact:problem:{self.slug}",
                    title=self.slug,
                    status=404,
                    slug=self.slug,
                    detail="not known",
                )
            )
        return self.asked


def test_who_decides_is_asked_again_until_it_has_heard_of_what_is_named() -> None:
    assert heard(Deciding(1, "unknown_model").decide) == 2
    with pytest.raises(RefusedError, match="not known"):
        heard(Deciding(1, "unknown_model").decide, patience=0)


def test_who_refuses_for_another_reason_is_asked_once() -> None:
    deciding = Deciding(1, "not_owner")
    with pytest.raises(RefusedError):
        heard(deciding.decide)
    assert deciding.asked == 1

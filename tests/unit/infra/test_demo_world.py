"""What the demo's people find at a hub that others use, too."""

import pytest
from client_portal import PORTAL, FakePortal, options

from fedpact.client.fedpact import Fedpact
from fedpact.contracts.api import DatasetPage, DatasetView, ModelPage, ModelView
from fedpact.contracts.registry import DatasetShape
from fedpact.infra.demo_world import knows

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

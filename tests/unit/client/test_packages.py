"""A model package is pinned by the same digest here and at every gateway."""

from pathlib import Path

import pytest
from client_portal import PORTAL, FakePortal, body_of, options, problem

from fedpact.client import Fedpact, ForbiddenError, InputError
from fedpact.client.packages import package_digest, read_card
from fedpact.secure_runtime.adapters.package import package_digest as gateways_digest

CARD = "id: mean\nversion: 1.2.0\nname: Mean\ncomponents: [models.mean.]\npayload_schema: {type: object}\n"
MODEL = {"model": "mean", "name": "Mean", "publisher": "northlab"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("model.yaml", CARD), ("src/code.py", "a = 1"), ("src/__pycache__/code.pyc", "made here")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_client_and_gateway_compute_one_digest(folder: Path) -> None:
    assert package_digest(folder) == gateways_digest(folder)


def test_a_link_or_no_folder_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="is not a folder"):
        package_digest(folder / "none")
    (folder / "link").symlink_to("/etc/hostname")
    with pytest.raises(InputError, match="`link` is a link"):
        package_digest(folder)


def test_a_card_that_is_wrong_says_where(folder: Path) -> None:
    (folder / "model.yaml").write_text(CARD.replace("1.2.0", "1.2"))
    with pytest.raises(InputError, match="wrong at `version`"):
        read_card(folder)


def test_pushing_registers_a_model_and_adds_its_version(folder: Path) -> None:
    portal = FakePortal().on("GET", "/v1/models/mean", problem(404, "not_found", "no"))
    portal.on("POST", "/v1/models", MODEL).on("POST", "/v1/models/mean/versions", MODEL)
    Fedpact(PORTAL, "t", options(portal)).models.push(folder, commit="abc")
    sent = body_of(portal.last)
    assert [request.method for request in portal.requests] == ["GET", "POST", "POST"]
    assert (sent["version"], sent["digest"], sent["commit"]) == ("1.2.0", package_digest(folder), "abc")


def test_pushing_again_adds_a_version_only(folder: Path) -> None:
    portal = FakePortal().on("GET", "/v1/models/mean", MODEL).on("POST", "/v1/models/mean/versions", MODEL)
    Fedpact(PORTAL, "t", options(portal)).models.push(folder)
    assert not portal.asked("/v1/models")


def test_a_refusal_while_pushing_is_the_pusher_s(folder: Path) -> None:
    portal = FakePortal().on("GET", "/v1/models/mean", problem(403, "forbidden", "this needs the role `model_manager`"))
    with pytest.raises(ForbiddenError, match="model_manager"):
        Fedpact(PORTAL, "t", options(portal)).models.push(folder)

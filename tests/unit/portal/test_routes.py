"""The table, the application and the document say the same."""

import json
import re
from pathlib import Path

import pytest
from portal_memory import application, stage

from fedpact.portal.entrypoints import openapi
from fedpact.portal.entrypoints.routes import ROUTES, Route

COMMITTED = Path(__file__).parents[3] / "docs" / "openapi.json"


def test_the_committed_document_is_the_one_the_table_makes() -> None:
    assert COMMITTED.read_text() == openapi.text(), (
        "run: python -m fedpact.portal.entrypoints.openapi > docs/openapi.json"
    )


def test_every_operation_has_its_own_name_and_place() -> None:
    assert len({route.handler for route in ROUTES}) == len(ROUTES)
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)


@pytest.mark.parametrize("route", [r for r in ROUTES if not r.public], ids=lambda route: route.handler)
def test_every_route_has_somebody_who_carries_it_out(route: Route, tmp_path: Path) -> None:
    assert callable(stage(tmp_path).portal.api.operation(route))


def test_the_application_serves_the_table_and_the_chassis_nothing_else(tmp_path: Path) -> None:
    app = application(stage(tmp_path))
    served = {(r.method, r.resource.canonical) for r in app.router.routes() if r.resource and r.method != "HEAD"}
    wanted = {(route.method.value, route.path) for route in ROUTES}
    beside = {(method, path) for method, path in served - wanted if path.startswith("/v1") or path.endswith("z")}
    assert beside | {("GET", "/metrics")} == {("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics")}
    assert wanted <= served


def test_every_reference_in_the_document_leads_somewhere() -> None:
    document = openapi.document(ROUTES)
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert names <= set(document["components"]["schemas"])
    assert not [name for name in document["components"]["schemas"] if not re.fullmatch(r"[A-Za-z0-9._-]+", name)]


def test_everything_but_the_way_in_needs_a_token() -> None:
    assert {route.handler for route in ROUTES if route.public} == {"config", "openapi"}


def test_every_write_may_be_answered_later_and_takes_a_key() -> None:
    for route in ROUTES:
        operation = openapi.document([route])["paths"][route.path][route.method.value.lower()]
        keyed = any(parameter["name"] == "Idempotency-Key" for parameter in operation["parameters"])
        assert keyed is ("202" in operation["responses"]) is route.write

"""
The portal keeps to its own OpenAPI: what the document allows, what it forbids, and nothing else is ever answered.

Schemathesis makes the requests from the committed document, the right ones and the wrong ones, always the same ones.
Paths name things that exist as often as not, so that requests get past the first look.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from portal_memory import application, stage
from portal_values import (
    FILE,
    announced,
    changed,
    created,
    dataset,
    gateway,
    job,
    model,
    organization,
    published,
    registered,
    user,
)
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks as openapi

from fedpact.chassis.http import serving
from fedpact.contracts.artifacts import artifact_id

DOCUMENT = Path(__file__).parents[3] / "docs" / "openapi.json"
EXAMPLES = 6


def nothing_fails_inside(_: object, response: Any, __: object) -> None:
    """Nobody else runs here, so what has to come from them is late or away; nothing else is."""
    assert response.status_code < 500 or response.json()["slug"] in {"behind", "unavailable"}, response.text


CHECKS = [
    nothing_fails_inside,
    openapi.status_code_conformance,
    openapi.content_type_conformance,
    openapi.response_schema_conformance,
    openapi.response_headers_conformance,
    openapi.negative_data_rejection,
    openapi.ignored_auth,
]
KNOWN = {
    "spec": "s-1",
    "job": "j-1",
    "model": "logreg",
    "policy": "p-lake",
    "dataset": "one_gateway-1_lake",
    "gateway": "gateway-1",
    "organization": "lab",
    "user": "ada",
    "artifact": artifact_id("j-1", FILE.name),
}
SCHEMA = schemathesis.openapi.from_path(DOCUMENT, config=SchemathesisConfig())
OPERATIONS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations()}
CASES = [
    (label, mode)
    for label, operation in OPERATIONS.items()
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or [*operation.iter_parameters(), *operation.body]
]


async def serve(folder: Path, ready: "Future[tuple[str, Callable[[], object]]]") -> None:
    """A portal that knows one thing of each kind, until it is told to end."""
    loop, end = asyncio.get_running_loop(), asyncio.Event()
    there = stage(folder, stream_seconds=0.05)
    await there.tell(organization(), user(), model(), gateway(), announced(), dataset(), published())
    await there.tell(created(), changed(), job(), registered())
    async with serving(application(there), "127.0.0.1", 0) as port:
        ready.set_result((f"http://127.0.0.1:{port}", lambda: loop.call_soon_threadsafe(end.set)))
        await end.wait()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A portal in a thread of its own: who asks it here waits for its answer."""
    ready: Future[tuple[str, Callable[[], object]]] = Future()
    with ThreadPoolExecutor(1) as thread:
        served = thread.submit(asyncio.run, serve(tmp_path_factory.mktemp("portal"), ready))
        if served in wait((ready, served), 20, FIRST_COMPLETED).done:
            served.result()
        address, end = ready.result(0)
        yield address
        end()
        served.result(20)


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as found:
        yield found


@pytest.mark.parametrize(("label", "mode"), CASES, ids=[f"{label} {mode.value}" for label, mode in CASES])
def test_an_operation_answers_as_the_document_says(
    label: str, mode: GenerationMode, url: str, session: requests.Session
) -> None:
    operation = OPERATIONS[label]
    right = mode is GenerationMode.POSITIVE
    people = st.sampled_from(["ada", "olga", "root", "stan", "max"])

    @settings(
        max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy(generation_mode=mode), who=people, known=st.booleans())
    def follow(case: Any, who: str, known: bool) -> None:
        if right and known:
            case.path_parameters.update({k: v for k, v in KNOWN.items() if k in case.path_parameters})
        headers = {"Authorization": f"Bearer {who}"}
        case.call_and_validate(base_url=url, session=session, headers=headers, checks=CHECKS)

    follow()

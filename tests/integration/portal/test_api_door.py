"""What the API lets in: one meaning, a valid token, its own channel; every answer guarded."""

from pathlib import Path

import pytest
from portal_memory import Client, client_of, stage
from portal_values import (
    created,
    dataset,
)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"content": 1, "content": 2}', 422),
        ('{"content": NaN}', 422),
        ("[]", 422),
        ("{", 422),
        ("", 422),
        ('{"content": {}, "extra": 1}', 422),
        (b"\xff\xfe", 422),
        ("[" * 100 + "]" * 100, 422),
        ("x" * (2**20 + 1), 413),
    ],
)
async def test_a_body_with_more_than_one_meaning_is_refused(client: Client, body: str | bytes, status: int) -> None:
    answer = await client.post("/v1/specs", body)
    assert answer.status == status
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/v1/specs?page=-1",
        "/v1/specs?page_size=201",
        "/v1/specs?nonsense=1",
        "/v1/specs?page=0&page=1",
        "/v1/specs?status=blue",
        "/v1/specs?dataset=a&model=b",
        "/v1/specs?min_sequence=x",
        "/v1/jobs?status=blue",
    ],
)
async def test_a_query_nobody_understands_is_refused(client: Client, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status, answer.body["slug"]) == (422, "malformed")


async def test_without_a_valid_token_there_is_nothing_but_the_way_in(client: Client) -> None:
    for who in (None, "nobody"):
        answer = await client.get("/v1/specs", who)
        assert (answer.status, answer.body["slug"]) == (401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert (await client.get("/v1/config", None)).body["channel"] == "main"
    assert (await client.get("/v1/openapi.json", None)).body["openapi"] == "3.1.0"


async def test_every_answer_is_labelled_and_guarded(client: Client) -> None:
    for path in ("/v1/me", "/v1/nowhere", "/v1/specs/s-9"):
        answer = await client.get(path, X_Request_Id="mine-1")
        assert answer.headers["X-Request-Id"] == "mine-1"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
    assert (await client.get("/v1/me", X_Request_Id="a b")).headers["X-Request-Id"] != "a b"
    assert (await client.get("/v1/me")).body["user"] == "ada"
    assert (await client.get("/v1/status")).body == {"ready": True, "checks": {"bus": "ok"}}


async def test_an_actor_of_another_channel_is_sent_away(tmp_path: Path) -> None:
    async with client_of(stage(tmp_path, channel="other")) as client:
        answer = await client.get("/v1/specs")
    assert (answer.status, answer.body["slug"]) == (403, "wrong_channel")


async def test_facts_of_another_channel_are_not_kept(tmp_path: Path) -> None:
    there = stage(tmp_path, channel="other")
    await there.tell(created("s-1"), dataset())
    assert not await there.model.specs.every()
    assert not await there.model.datasets.every()

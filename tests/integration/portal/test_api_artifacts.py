"""Artifacts at the API: each seen by whom it is for, passed on in parts, shared and deleted by commands."""

import json

import pytest
from portal_memory import Client, Stage
from portal_values import FILE, NOON, deleted, granted, job, registered, revoked, stored

from fedpact.contracts.artifacts import Grantee, artifact_id
from fedpact.contracts.envelope import Denied
from fedpact.contracts.queries import DownloadTicket

KEY = artifact_id("j-1", FILE.name)
TICKET = DownloadTicket(url="http://jobs/f", token="t", expires=NOON)
MOOR, OLGA = Grantee(organization="moor"), Grantee(user="olga")
ONE, CONTENT = f"/v1/artifacts/{KEY}", f"/v1/artifacts/{KEY}/content"


@pytest.fixture
async def kept(there: Stage) -> Stage:
    await there.tell(job(), stored(), registered())
    there.line.answers["jobs.download"] = TICKET.model_dump_json()
    there.files.files[TICKET.url] = b"hello"
    return there


async def names(client: Client, user: str, query: str = "") -> list[str]:
    found = (await client.get(f"/v1/artifacts{query}", user)).body
    return [item["name"] for item in found["items"]]  # type: ignore[attr-defined]


async def test_an_artifact_is_streamed_to_those_who_may_have_it(client: Client, kept: Stage) -> None:
    listed = (await client.get("/v1/jobs/j-1/artifacts")).body
    assert (listed["stored"], listed["items"][0]["url"]) == (True, CONTENT)  # type: ignore[index]
    for url in (CONTENT, "/v1/jobs/j-1/artifacts/sub/model%20file.bin"):
        got = await client.get(url)
        assert (got.status, got.text, got.headers["Content-Length"]) == (200, "hello", "5")
        assert got.headers["Content-Disposition"] == "attachment; filename*=UTF-8''model%20file.bin"
        assert got.headers["Content-Type"] == "application/octet-stream"
        assert got.headers["Repr-Digest"].startswith("sha-256=:")
        assert (await client.get(url, "olga")).status == 404
    assert json.loads(kept.line.asked[-1]) == {"artifact_id": KEY, "token": "ada"}
    assert (await client.get("/v1/jobs/j-1/artifacts/other.bin")).status == 404


async def test_what_its_keeper_says_is_told_on(client: Client, kept: Stage) -> None:
    kept.files.files.clear()
    assert (await client.get(CONTENT)).status == 503
    for slug, status in (("unknown_file", 409), ("unknown_artifact", 404), ("artifact_deleted", 410)):
        kept.line.answers["jobs.download"] = Denied(slug=slug, reason="it is gone").model_dump_json()
        refused = await client.get(CONTENT)
        assert (refused.status, refused.body["detail"]) == (status, "it is gone")
    kept.line.answers["jobs.download"] = "{}"
    assert (await client.get(CONTENT)).status == 503


TAG = f'"{FILE.digest}"'


@pytest.mark.parametrize(
    ("headers", "status", "text", "part"),
    [
        ({"Range": "bytes=2-"}, 206, "llo", "bytes 2-4/5"),
        ({"Range": "bytes=2-", "If-Range": TAG}, 206, "llo", "bytes 2-4/5"),
        ({"Range": "bytes=2-", "If-Range": '"other"'}, 200, "hello", None),
        ({"Range": "bytes=0-1,3-4"}, 200, "hello", None),
        ({"Range": "lines=2-"}, 200, "hello", None),
        ({"Range": "bytes=5-"}, 416, None, None),
    ],
)
async def test_a_part_of_it_can_be_asked_for(
    client: Client, kept: Stage, headers: dict[str, str], status: int, text: str | None, part: str | None
) -> None:
    got = await client.get(CONTENT, **{name.replace("-", "_"): value for name, value in headers.items()})
    assert (got.status, got.headers.get("Content-Range")) == (status, part)
    if text is None:
        assert got.body["slug"] == "range_not_satisfiable"
    else:
        assert (got.text, got.headers["ETag"], got.headers["Accept-Ranges"]) == (text, TAG, "bytes")


async def test_who_sees_an_artifact(client: Client, kept: Stage) -> None:
    for user, status in (("ada", 200), ("lea", 200), ("bob", 404), ("olga", 404), ("eve", 404), ("root", 404)):
        assert (await client.get(ONE, user)).status == status, user
        assert len(await names(client, user)) == (status == 200), user
    seen = (await client.get(ONE)).body
    assert (seen["job_id"], seen["model"]) == ("j-1", {"id": "logreg", "version": "1.0.0"})
    assert (seen["grants"], seen["deleted"]) == ([], None)


async def test_a_grantee_sees_it_and_not_to_whom_else_it_is_granted(client: Client, kept: Stage) -> None:
    await kept.tell(granted(MOOR), granted(OLGA))
    for user in ("eve", "olga"):
        assert (await client.get(ONE, user)).body["grants"] is None
        assert (await client.get(CONTENT, user)).text == "hello"
        assert (await client.get("/v1/jobs/j-1", user)).status == 404
    assert len((await client.get(ONE)).body["grants"]) == 2  # type: ignore[arg-type]
    await kept.tell(revoked(MOOR))
    assert (await client.get(ONE, "eve")).status == (await client.get(CONTENT, "eve")).status == 404
    assert (await names(client, "eve"), await names(client, "olga")) == ([], [FILE.name])


async def test_a_list_does_not_show_what_another_replica_saw_end(client: Client, kept: Stage) -> None:
    index = kept.portal.index
    await kept.tell(granted(MOOR))
    await index.settle()
    other = index.artifacts.get(KEY)
    await kept.tell(revoked(MOOR))
    await index.settle()
    assert other is not None
    index.artifacts.put(KEY, other)
    assert await names(client, "eve") == []


async def test_lists_are_filtered_and_paged(client: Client, kept: Stage) -> None:
    await kept.tell(job("j-2"), registered("j-2", "b"), registered("j-2", "c"))
    assert await names(client, "ada", "?job=j-2&page_size=1&page=1") != await names(
        client, "ada", "?job=j-2&page_size=1"
    )
    assert (await client.get("/v1/artifacts?job=j-2&page_size=1")).body["total"] == 2
    assert await names(client, "ada", "?spec=s-2") == await names(client, "ada", "?kind=log") == []
    assert len(await names(client, "ada", "?kind=checkpoint&spec=s-1")) == 3
    assert (await client.get("/v1/artifacts?kind=picture")).status == 422


async def test_of_a_deleted_one_a_tombstone_remains_for_those_who_could_share_it(client: Client, kept: Stage) -> None:
    await kept.tell(granted(OLGA), deleted())
    gone = (await client.get(ONE)).body
    assert (gone["url"], gone["grants"], gone["deleted"]["by"]) == ("", [], "ada")  # type: ignore[index]
    assert (await client.get(CONTENT)).status == 410
    assert (await client.get(ONE, "olga")).status == 404
    assert (await names(client, "ada"), await names(client, "ada", "?deleted=true")) == ([], [FILE.name])
    assert (await client.get("/v1/jobs/j-1")).body["artifacts"][0]["deleted"]["cause"] == "asked"  # type: ignore[index]


async def test_sharing_is_by_commands(client: Client, kept: Stage) -> None:
    shared = await client.post(f"{ONE}/grant", {"organization": "moor"})
    assert (shared.status, shared.body["grants"]) == (200, [{"user": None, "organization": "moor"}])
    assert (await client.get(ONE, "eve")).status == 200
    back = await client.post(f"{ONE}/revoke", {"organization": "moor"})
    assert (back.status, back.body["grants"]) == (200, [])
    assert (await client.get(ONE, "eve")).status == 404
    gone = await client.send("DELETE", ONE)
    assert (gone.status, gone.body["deleted"]["cause"]) == (200, "asked")  # type: ignore[index]
    assert [command.type for command, _, _ in kept.owners.seen] == [
        "jobs.grant_artifact",
        "jobs.revoke_artifact",
        "jobs.delete_artifact",
    ]


@pytest.mark.parametrize("body", [{}, {"user": "bob", "organization": "moor"}, {"users": ["bob"]}])
async def test_a_grant_is_to_a_user_or_an_organization(client: Client, kept: Stage, body: dict[str, object]) -> None:
    assert (await client.post(f"{ONE}/grant", body)).status == 422
    assert kept.owners.seen == []


async def test_nobody_gives_orders_about_what_they_may_not_see(client: Client, kept: Stage) -> None:
    assert (await client.post(f"{ONE}/grant", {"user": "eve"}, "eve")).status == 404
    assert (await client.send("DELETE", ONE, "eve")).status == 404
    assert kept.owners.seen == []


async def test_its_events_are_told_to_whom_they_concern(client: Client, kept: Stage) -> None:
    await kept.tell(granted(OLGA), revoked(OLGA), deleted())
    entries = (await client.get("/v1/specs/s-1/timeline")).body
    assert entries.get("entries", []) == []  # the spec itself was never heard of
    lines = [entry for entry in await kept.model.entries.every() if entry.artifact_id == KEY]
    assert [(line.kind, line.text) for line in sorted(lines, key=lambda line: line.position)] == [
        ("jobs.artifact.registered", ""),
        ("jobs.artifact.granted", f"artifact {KEY} granted to user `olga`"),
        ("jobs.artifact.revoked", f"artifact {KEY} revoked from user `olga`"),
        ("jobs.artifact.deleted", f"artifact {KEY} deleted by ada"),
    ]


async def test_an_artifact_whose_registration_is_on_its_way_is_known_by_its_job(client: Client, there: Stage) -> None:
    await there.tell(job(), stored())
    [item] = (await client.get("/v1/jobs/j-1")).body["artifacts"]  # type: ignore[misc]
    assert (item["artifact_id"], item["created_at"], item["url"]) == (KEY, None, CONTENT)

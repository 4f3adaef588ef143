"""The stream of events: in order, filtered, resumable, and over when it is over."""

import asyncio
import json
from pathlib import Path

from aiohttp import ClientResponse
from portal_memory import Client, Stage, client_of, stage
from portal_values import changed, content, created, job, organization


async def _frames(response: ClientResponse, count: int) -> list[dict[str, str]]:
    """The next `count` frames that hold data."""
    found: list[dict[str, str]] = []
    while len(found) < count:
        frame = (await response.content.readuntil(b"\n\n")).decode()
        members = dict(line.split(": ", 1) for line in frame.splitlines() if ": " in line and line[0] != ":")
        if "data" in members:
            found.append(members)
    return found


async def test_events_arrive_and_go_on_where_one_stopped(client: Client, there: Stage) -> None:
    await there.tell(created("s-0"))
    headers = {"Authorization": "Bearer ada"}
    async with client.session.get("/v1/events", headers=headers) as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        await response.content.readuntil(b"\n\n")
        await there.tell(created("s-1"), job())
        first, second = await _frames(response, 2)
    assert (first["event"], second["event"]) == ("specs.spec.created", "jobs.job.changed")
    await there.tell(changed("s-1"), created("s-2"))
    headers["Last-Event-ID"] = first["id"]
    async with client.session.get("/v1/events", headers=headers) as response:
        again = await _frames(response, 3)
    assert sorted(frame["event"] for frame in again) == ["jobs.job.changed", "specs.spec.changed", "specs.spec.created"]
    assert again[-1]["id"] == "jobs=1,specs=4"


async def test_events_are_filtered_by_viewer_spec_and_correlation(client: Client, there: Stage) -> None:
    async with (
        client.session.get("/v1/events", headers={"Authorization": "Bearer eve"}) as stranger,
        client.session.get("/v1/events?spec=s-2", headers={"Authorization": "Bearer ada"}) as one,
    ):
        for response in (stranger, one):
            await response.content.readuntil(b"\n\n")
        await there.tell(created("s-1"), created("s-2"), job(), organization("fen"))
        assert [frame["event"] for frame in await _frames(stranger, 1)] == ["identity.organization.registered"]
        assert [json.loads(frame["data"])["spec_id"] for frame in await _frames(one, 1)] == ["s-2"]
    made = await client.post("/v1/specs", {"content": content().model_dump(mode="json")})
    query = {"correlation": made.headers["Fedpact-Command"]}
    asked = {"Authorization": "Bearer ada", "Last-Event-ID": "specs=0"}
    async with client.session.get("/v1/events", params=query, headers=asked) as response:
        found = [json.loads(frame["data"])["about"] for frame in await _frames(response, 2)]
    assert found == [made.body["spec_id"]] * 2


async def test_a_cursor_nobody_gave_is_refused(client: Client) -> None:
    assert (await client.get("/v1/events", Last_Event_ID="zzz")).status == 422


async def test_a_silent_stream_beats_and_ends(tmp_path: Path) -> None:
    there = stage(tmp_path, heartbeat_seconds=0.01, stream_seconds=2)
    async with client_of(there) as client, asyncio.timeout(20):
        answer = await client.get("/v1/events")
    assert ": still here" in answer.text


async def test_open_streams_end_when_the_portal_stops(there: Stage) -> None:
    async with client_of(there) as client:
        response = await client.session.get("/v1/events", headers={"Authorization": "Bearer ada"})
        await response.content.readuntil(b"\n\n")
    response.close()
    assert not there.portal.feed._listeners

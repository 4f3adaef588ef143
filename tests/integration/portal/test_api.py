"""The API over HTTP, with owners that answer at once and documents in memory."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientResponse
from portal_memory import Client, Stage, client_of, stage
from portal_values import (
    DIGEST,
    HILL,
    LAKE,
    NOON,
    announced,
    changed,
    content,
    created,
    dataset,
    gateway,
    job,
    model,
    organization,
    policy_document,
    published,
    stored,
    user,
    verdict,
)

from fedpact.contracts.envelope import Envelope
from fedpact.contracts.jobs import SubmitJob
from fedpact.contracts.queries import Denied, DownloadTicket, Wait
from fedpact.contracts.registry import DatasetUnregistered
from fedpact.contracts.scheduling import Shortfall
from fedpact.contracts.specs import CreateSpec
from fedpact.contracts.telemetry import MetricsReported
from fedpact.portal.app.orders import made_id

CONTENT = content().model_dump(mode="json")


@pytest.fixture
def there(tmp_path: Path) -> Stage:
    return stage(tmp_path)


@pytest.fixture
async def client(there: Stage) -> AsyncIterator[Client]:
    async with client_of(there) as found:
        yield found


async def test_a_created_spec_is_answered_as_the_read_model_has_it(client: Client, there: Stage) -> None:
    answer = await client.post("/v1/specs", {"content": CONTENT})
    assert answer.status == 201
    assert answer.body["status"] == "inactive.awaiting_activation"
    assert answer.headers["Location"] == f"/v1/specs/{answer.body['spec_id']}"
    assert answer.headers["Fedpact-Sequence"] == f"spec_lifecycle.specs:{answer.body['spec_id']}:3"
    command, envelope, token = there.owners.seen[0]
    assert isinstance(command, CreateSpec)
    assert (envelope.route, token) == ("portal", "ada")
    assert envelope.expirytime is not None


async def test_the_token_is_nowhere_but_in_its_header(client: Client, there: Stage) -> None:
    await client.post("/v1/specs", {"content": CONTENT})
    kept = [*await there.model.sent.documents.every(), *await there.model.entries.documents.every()]
    assert kept
    assert "Bearer" not in repr(kept)
    assert "token" not in repr(there.owners.seen[0][1])


async def test_the_same_key_is_the_same_command_and_the_same_spec(client: Client, there: Stage) -> None:
    first = await client.post("/v1/specs", {"content": CONTENT}, Idempotency_Key="k1")
    again = await client.post("/v1/specs", {"content": CONTENT}, Idempotency_Key="k1")
    other = await client.post("/v1/specs", {"content": CONTENT}, "bob", Idempotency_Key="k1")
    assert first.body == again.body
    assert first.headers["Fedpact-Command"] == again.headers["Fedpact-Command"] != other.headers["Fedpact-Command"]
    assert len(there.owners.seen) == 2
    assert first.body["spec_id"] == made_id("s", first.headers["Fedpact-Command"])


async def test_a_key_used_for_another_request_is_refused(client: Client) -> None:
    await client.post("/v1/specs", {"content": CONTENT}, Idempotency_Key="k1")
    answer = await client.post("/v1/specs", {"content": content(LAKE).model_dump(mode="json")}, Idempotency_Key="k1")
    assert (answer.status, answer.body["slug"]) == (409, "idempotency_key_reused")


async def test_a_refusal_is_a_problem_with_its_own_slug_and_path(client: Client) -> None:
    sent = {"content": content("unknown_gateway-9_lake").model_dump(mode="json")}
    answer = await client.post("/v1/specs", sent, Idempotency_Key="k")
    again = await client.post("/v1/specs", sent, Idempotency_Key="k")
    assert answer.status == 404
    assert answer.body["slug"] == "unknown_dataset"
    assert answer.body["path"] == "content.datasets.0"
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert again.body == answer.body


async def test_a_silent_owner_is_answered_with_a_place_to_look(client: Client, there: Stage) -> None:
    there.owners.silent.add("specs")
    answer = await client.post("/v1/specs", {"content": CONTENT}, Idempotency_Key="k")
    assert answer.status == 202
    place = answer.headers["Location"]
    assert (await client.get(place)).body["status"] == "pending"
    assert (await client.get(place, "bob")).status == 404
    there.owners.silent.clear()
    assert (await client.post("/v1/specs", {"content": CONTENT}, Idempotency_Key="k")).status == 201
    assert (await client.get(place)).body["status"] == "accepted"


async def test_a_bus_nobody_reaches_is_told_and_can_be_tried_again(client: Client, there: Stage) -> None:
    there.line.down = True
    answer = await client.post("/v1/specs", {"content": CONTENT}, Idempotency_Key="k")
    assert (answer.status, answer.body["slug"]) == (503, "unavailable")
    assert "Retry-After" in answer.headers
    there.line.down = False
    assert (await client.post("/v1/specs", {"content": CONTENT}, Idempotency_Key="k")).status == 201


async def test_the_life_of_a_spec_and_a_job_goes_through_commands(client: Client, there: Stage) -> None:
    await client.post("/v1/specs", {"spec_id": "s-1", "content": CONTENT})
    activated = await client.post("/v1/specs/s-1/activate", {"expected_generation": 0})
    assert (activated.status, activated.body["status"]) == (200, "updating.creating")
    submitted = await client.post("/v1/jobs", {"job_id": "j-1", "spec_id": "s-1", "payload": {"rounds": 2}})
    assert (submitted.status, submitted.body["status"]) == (201, "created")
    assert (await client.post("/v1/jobs/j-1/cancel")).body["status"] == "cancelled"
    assert (await client.post("/v1/specs/s-1/deactivate")).body["status"] == "inactive.shutdown"
    clone = await client.post("/v1/specs/s-1/clone", {})
    assert (clone.status, clone.body["cloned_from"]) == (201, "s-1")
    assert isinstance(there.owners.seen[2][0], SubmitJob)


async def test_nobody_gives_orders_about_what_they_may_not_see(client: Client, there: Stage) -> None:
    await there.tell(created("s-1"), job("j-1"), published())
    for path in ("/v1/specs/s-1/activate", "/v1/specs/s-1/deactivate", "/v1/specs/s-1/clone", "/v1/jobs/j-1/cancel"):
        assert (await client.post(path, {}, "eve")).status == 404
    assert (await client.send("DELETE", "/v1/policies/p-lake", "eve")).status == 404
    assert not there.owners.seen


async def test_the_other_commands_answer_with_their_resource(client: Client) -> None:
    made = await client.post("/v1/organizations", {"organization": "fen", "name": "Fen"}, "root")
    assert (made.status, made.body["organization"]) == (201, "fen")
    added = await client.post("/v1/users", {"user": "new", "name": "New", "roles": ["owner"]}, "lea")
    assert (added.status, added.body["organization"]) == (201, "lab")
    altered = await client.send("PATCH", "/v1/users/new", "lea", body={"roles": ["data_steward"]})
    assert (altered.status, altered.body["roles"]) == (200, ["data_steward"])
    known = await client.post("/v1/gateways", {"gateway": "gateway-7", "organization": "lake"}, "root")
    assert (known.status, known.body["announced"]) == (201, False)
    assert (await client.post("/v1/models", {"model": "logreg", "name": "L"}, "max")).status == 201
    version = {"version": "1.0.0", "digest": DIGEST}
    assert (await client.post("/v1/models/logreg/versions", version, "max")).status == 201


async def test_a_policy_may_come_plain_or_signed_and_is_withdrawn(client: Client) -> None:
    document = policy_document().model_dump(mode="json")
    plain = await client.post("/v1/policies", {"document": document}, "olga")
    assert (plain.status, plain.body["signed"], plain.body["policy"]) == (201, False, "p-lake")
    envelope = published().envelope.model_dump(mode="json")
    assert (await client.post("/v1/policies", {"envelope": envelope}, "olga")).status == 201
    neither = await client.post("/v1/policies", {}, "olga")
    assert (neither.status, neither.body["slug"]) == (422, "malformed")
    gone = await client.send("DELETE", "/v1/policies/p-lake", "olga")
    assert (gone.status, gone.body["withdrawn"]) == (200, True)


async def test_roles_that_cannot_do_it_are_told_early(client: Client, there: Stage) -> None:
    answer = await client.post("/v1/organizations", {"organization": "fen", "name": "Fen"})
    assert (answer.status, answer.body["slug"]) == (403, "forbidden")
    assert not there.owners.seen


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


async def test_each_viewer_sees_its_own_part(client: Client, there: Stage) -> None:
    await there.tell(organization(), user(), gateway(), announced(), dataset(LAKE), dataset(HILL), model(), published())
    await there.tell(created(), verdict(), changed(), job(), stored())
    seen = {
        who: [
            (await client.get(f"/v1/{what}", who)).body["total"]
            for what in ("organizations", "users", "gateways", "datasets", "models", "policies", "specs", "jobs")
        ]
        for who in ("ada", "bob", "lea", "olga", "root", "eve")
    }
    assert seen == {
        "ada": [1, 1, 0, 2, 1, 1, 1, 1],
        "bob": [1, 0, 0, 2, 1, 0, 1, 0],
        "lea": [1, 1, 0, 2, 1, 0, 1, 1],
        "olga": [1, 0, 1, 2, 1, 1, 1, 0],
        "root": [1, 1, 1, 2, 1, 0, 1, 0],
        "eve": [1, 0, 0, 2, 1, 0, 0, 0],
    }
    for path in (
        "specs/s-1",
        "specs/s-1/why",
        "specs/s-1/timeline",
        "jobs/j-1",
        "gateways/gateway-1",
        "policies/p-lake",
    ):
        assert (await client.get(f"/v1/{path}", "eve")).status == 404


async def test_a_beneficiary_reads_the_rules_and_the_author_reads_all(client: Client, there: Stage) -> None:
    await there.tell(published())
    told = (await client.get("/v1/policies/p-lake")).body
    whole = (await client.get("/v1/policies/p-lake", "olga")).body
    assert told["rules"] == whole["rules"] != []
    assert (told["description"], told["beneficiaries"], told["envelope"]) == (None, None, None)
    assert whole["description"] == "internal remarks"
    assert "cardio" not in json.dumps(told)


async def test_reasons_are_told_in_the_viewers_tier(client: Client, there: Stage) -> None:
    await there.tell(created(), verdict(), changed(status="inactive.rejected"))
    mine = (await client.get("/v1/specs/s-1/why")).body
    theirs = (await client.get("/v1/specs/s-1/why", "olga")).body
    assert mine["custodian_reasons"] == []
    assert "p-lake" not in json.dumps(mine)
    assert "rule 0 of `p-lake` allows 3 rounds" in theirs["sentences"]
    assert "no policy covers `one`; ask its owner" in mine["sentences"]
    assert mine["wait"] is None


async def test_why_holds_what_the_scheduler_says(client: Client, there: Stage) -> None:
    await there.tell(created(), changed(status="updating.awaiting_resources", generation=1))
    wait = Wait(waiting=True, ahead=2, shortfalls=(Shortfall(site="gateway-1", resource="cpu", wanted=4, available=1),))
    there.line.answers["scheduling.why"] = wait.model_dump_json()
    told = (await client.get("/v1/specs/s-1/why")).body
    assert "gateway-1 lacks cpu: wanted 4, available 1" in told["sentences"]
    assert "2 are ahead in the queue" in told["sentences"]


async def test_an_unregistered_dataset_is_gone(client: Client, there: Stage) -> None:
    await there.tell(dataset())
    assert (await client.get(f"/v1/datasets/{LAKE}")).body["gateway"] == "gateway-1"
    await there.tell(DatasetUnregistered(dataset=LAKE))
    assert (await client.get(f"/v1/datasets/{LAKE}")).status == 404
    assert (await client.get("/v1/datasets")).body["total"] == 0


async def test_a_timeline_leaves_out_jobs_of_others(client: Client, there: Stage) -> None:
    await there.tell(created(), verdict(), changed(), job(), stored())
    mine = (await client.get("/v1/specs/s-1/timeline")).body["entries"]
    theirs = (await client.get("/v1/specs/s-1/timeline", "olga")).body["entries"]
    assert [e["type"] for e in mine] == [
        "jobs.job.changed",
        "jobs.artifacts.stored",
        "specs.spec.created",
        "specs.verdict.reached",
        "specs.spec.changed",
    ]
    assert [e["type"] for e in theirs] == ["specs.spec.created", "specs.verdict.reached", "specs.spec.changed"]


async def test_a_read_waits_for_the_sequence_it_is_given(client: Client) -> None:
    made = await client.post("/v1/specs", {"content": CONTENT})
    token = made.headers["Fedpact-Sequence"]
    assert (await client.get(f"/v1/specs?min_sequence={token}")).body["total"] == 1
    place = token.rpartition(":")[0]
    late = await client.get(f"/v1/specs?min_sequence={place}:99")
    assert (late.status, late.body["slug"]) == (503, "behind")
    assert late.headers["Retry-After"] == "1"


async def test_metrics_are_kept_once_a_round_for_known_jobs_only(client: Client, there: Stage) -> None:
    await there.tell(job())
    for number, key in ((1, "j-1"), (0, "j-1"), (1, "j-1"), (0, "j-unknown")):
        told = MetricsReported(
            gateway="hub", spec_id="s-1", job_id=key, round=number, metrics={"loss": 1.0 - number}, at=NOON
        )
        envelope = Envelope(source="x", type=told.type, subject=key, time=NOON, route="hub")
        await there.portal.handlers.metrics(envelope, told.model_dump_json().encode())
    await there.portal.handlers.metrics(envelope, b"not json")
    points = (await client.get("/v1/jobs/j-1/metrics")).body["points"]
    assert [(p["round"], p["metrics"]["loss"]) for p in points] == [(0, 1.0), (1, 0.0)]
    assert (await client.get("/v1/jobs/j-1/metrics", "olga")).status == 404
    assert await there.model.metrics.find("j-unknown") is None


async def test_an_artifact_is_streamed_to_those_who_may_have_it(client: Client, there: Stage) -> None:
    await there.tell(job(), stored())
    ticket = DownloadTicket(url="http://jobs/f", token="t", expires=NOON)
    there.line.answers["jobs.download"] = ticket.model_dump_json()
    there.files.files[ticket.url] = b"hello"
    listed = (await client.get("/v1/jobs/j-1/artifacts")).body
    assert listed["stored"] is True
    url = listed["items"][0]["url"]
    assert url == "/v1/jobs/j-1/artifacts/sub/model%20file.bin"
    got = await client.get(url)
    assert (got.status, got.text, got.headers["Content-Length"]) == (200, "hello", "5")
    assert got.headers["Content-Disposition"] == "attachment; filename*=UTF-8''model%20file.bin"
    assert got.headers["Repr-Digest"].startswith("sha-256=:")
    assert (await client.get(url, "olga")).status == 404
    assert (await client.get("/v1/jobs/j-1/artifacts/other.bin")).status == 404
    there.files.files.clear()
    assert (await client.get(url)).status == 503
    there.line.answers["jobs.download"] = Denied(slug="unknown_file", reason="it is gone").model_dump_json()
    denied = await client.get(url)
    assert (denied.status, denied.body["slug"], denied.body["detail"]) == (409, "denied", "it is gone")
    there.line.answers["jobs.download"] = "{}"
    assert (await client.get(url)).status == 503


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
    made = await client.post("/v1/specs", {"content": CONTENT})
    query = {"correlation": made.headers["Fedpact-Command"]}
    asked = {"Authorization": "Bearer ada", "Last-Event-ID": "specs=0"}
    async with client.session.get("/v1/events", params=query, headers=asked) as response:
        found = [json.loads(frame["data"])["about"] for frame in await _frames(response, 2)]
    assert found == [made.body["spec_id"]] * 2


async def test_a_cursor_nobody_gave_is_refused(client: Client) -> None:
    assert (await client.get("/v1/events", Last_Event_ID="zzz")).status == 422


async def test_a_silent_stream_beats_and_ends(tmp_path: Path) -> None:
    there = stage(tmp_path, heartbeat_seconds=0.01, stream_seconds=0.1)
    async with client_of(there) as client, asyncio.timeout(5):
        answer = await client.get("/v1/events")
    assert ": still here" in answer.text


async def test_open_streams_end_when_the_portal_stops(there: Stage) -> None:
    async with client_of(there) as client:
        response = await client.session.get("/v1/events", headers={"Authorization": "Bearer ada"})
        await response.content.readuntil(b"\n\n")
    response.close()
    assert not there.portal.feed._listeners


async def test_an_actor_of_another_channel_is_sent_away(tmp_path: Path) -> None:
    async with client_of(stage(tmp_path, channel="other")) as client:
        answer = await client.get("/v1/specs")
    assert (answer.status, answer.body["slug"]) == (403, "wrong_channel")


async def test_facts_of_another_channel_are_not_kept(tmp_path: Path) -> None:
    there = stage(tmp_path, channel="other")
    await there.tell(created("s-1"), dataset())
    assert not await there.model.specs.every()
    assert not await there.model.datasets.every()

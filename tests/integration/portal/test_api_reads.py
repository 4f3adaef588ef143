"""What the API shows: each viewer its own part, in words of its own tier."""

import json

from portal_memory import Client, Stage
from portal_values import (
    HILL,
    LAKE,
    NOON,
    announced,
    changed,
    created,
    dataset,
    gateway,
    job,
    model,
    organization,
    published,
    stored,
    user,
    verdict,
)

from fedpact.contracts.envelope import Envelope
from fedpact.contracts.queries import Wait
from fedpact.contracts.registry import DatasetUnregistered
from fedpact.contracts.scheduling import Shortfall
from fedpact.contracts.specs import ParticipantView
from fedpact.contracts.telemetry import MetricsReported


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


async def test_why_says_of_a_participant_nothing_twice(client: Client, there: Stage) -> None:
    standing = ParticipantView(gateway="gateway-1", phase="gone", message="gone")
    starting = ParticipantView(gateway="orchestrator", phase="starting", message="the FLARE server starts")
    named = {"participants": {"a": standing, "b": starting}}
    await there.tell(created(), changed(status="updating.creating").model_copy(update=named))
    told = (await client.get("/v1/specs/s-1/why")).body["sentences"]
    assert "a (gateway-1) is gone" in told
    assert "b (orchestrator) is starting: the FLARE server starts" in told


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

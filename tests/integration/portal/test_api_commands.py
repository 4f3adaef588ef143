"""What is asked for over HTTP becomes a command, and its outcome the answer."""

import pytest
from portal_memory import Client, Stage
from portal_values import (
    DIGEST,
    LAKE,
    content,
    created,
    job,
    policy_document,
    published,
)

from fedpact.contracts.jobs import SubmitJob
from fedpact.contracts.specs import CreateSpec
from fedpact.portal.app.orders import made_id

CONTENT = content().model_dump(mode="json")


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
    known = await client.post("/v1/gateways", {"gateway": "gateway-7", "organization": "fen"}, "root")
    assert (known.status, known.body["announced"]) == (201, False)
    nobodys = await client.post("/v1/gateways", {"gateway": "gateway-8", "organization": "fan"}, "root")
    assert (nobodys.status, "fedpact orgs list" in nobodys.body["detail"]) == (404, True)
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


async def test_a_read_waits_for_the_sequence_it_is_given(client: Client) -> None:
    made = await client.post("/v1/specs", {"content": CONTENT})
    token = made.headers["Fedpact-Sequence"]
    assert (await client.get(f"/v1/specs?min_sequence={token}")).body["total"] == 1
    place = token.rpartition(":")[0]
    late = await client.get(f"/v1/specs?min_sequence={place}:99")
    assert (late.status, late.body["slug"]) == (503, "behind")
    assert late.headers["Retry-After"] == "1"


@pytest.mark.parametrize("key", ["x" * 201, "\u00e9", "a\u00a0b"])
async def test_a_key_that_others_could_spell_otherwise_is_refused(client: Client, key: str) -> None:
    answer = await client.post("/v1/specs", {"content": CONTENT}, Idempotency_Key=key)
    assert (answer.status, answer.body["path"]) == (422, "Idempotency-Key")

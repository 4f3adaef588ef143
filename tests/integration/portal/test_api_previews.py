"""Previews over HTTP: a question that is POSTed, for owners only, and never a command."""

import pytest
from portal_memory import Client, Stage
from portal_values import NOON, policy_document

from fedpact.contracts.envelope import Denied
from fedpact.contracts.previews import Obstacle, Preview

EDIT = {"document": policy_document().model_dump(mode="json")}


async def test_an_owner_is_told_what_the_policy_service_says_and_nothing_is_sent(client: Client, there: Stage) -> None:
    told = Preview(policy="p-lake", revision=1, at=NOON, unchanged=3, notes=("mind the window",))
    there.line.answers["policy.preview"] = told.model_dump_json()
    answer = await client.post("/v1/policies/preview", EDIT, "olga")
    assert (answer.status, answer.body["unchanged"], answer.body["notes"]) == (200, 3, ["mind the window"])
    assert there.owners.seen == []


async def test_what_would_be_refused_is_an_answer_not_a_problem(client: Client, there: Stage) -> None:
    obstacle = Obstacle(slug="stale_revision", reason="publish it as revision 2", path="document.revision")
    there.line.answers["policy.preview"] = Preview(policy="p", at=NOON, obstacle=obstacle).model_dump_json()
    answer = await client.post("/v1/policies/preview", EDIT, "olga")
    assert (answer.status, answer.body["obstacle"]["path"]) == (200, "document.revision")


@pytest.mark.parametrize("user", ["ada", "stan", "root"])
async def test_whoever_is_no_owner_is_refused(client: Client, user: str) -> None:
    answer = await client.post("/v1/policies/preview", EDIT, user)
    assert (answer.status, answer.body["slug"]) == (403, "forbidden")


async def test_an_edit_is_one_document_or_one_withdrawal(client: Client) -> None:
    assert (await client.post("/v1/policies/preview", {}, "olga")).status == 422
    assert (await client.post("/v1/policies/preview", EDIT | {"withdraw": "p"}, "olga")).status == 422


async def test_a_silent_or_unwilling_policy_service_is_told(client: Client, there: Stage) -> None:
    assert (await client.post("/v1/policies/preview", EDIT, "olga")).status == 503
    there.line.answers["policy.preview"] = Denied(slug="not_owner", reason="ask one to do it").model_dump_json()
    answer = await client.post("/v1/policies/preview", EDIT, "olga")
    assert (answer.status, answer.body["slug"]) == (409, "denied")

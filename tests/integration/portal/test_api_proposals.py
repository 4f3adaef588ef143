"""Proposed datasets over HTTP: made by stewards, seen by their organization, answered by gateways."""

from portal_memory import Client, Stage

from fedpact.contracts.registry import ProposalSettled

WANTED = {"gateway": "gateway-1", "name": "scans", "entry": "scans/", "description": "x-rays"}


def settled(proposal: str, **parts: object) -> ProposalSettled:
    told = {
        "proposal": proposal,
        "gateway": "gateway-1",
        "organization": "lake",
        "name": "scans",
        "proposed_by": "stan",
        "made_at": "2026-01-01T00:00:00Z",
    }
    return ProposalSettled.model_validate(told | parts)


async def test_a_steward_proposes_and_the_organization_sees_what_became_of_it(client: Client, there: Stage) -> None:
    made = await client.post("/v1/dataset-proposals", WANTED, "stan", Idempotency_Key="k")
    assert (made.status, made.body["status"], made.body["entry"]) == (201, "proposed", "scans/")
    place = made.headers["Location"]
    assert place == f"/v1/dataset-proposals/{made.body['proposal']}"
    await there.tell(settled(str(made.body["proposal"]), accepted=False, reason="it is not there"))
    found = (await client.get(place, "olga")).body
    assert (found["status"], found["reason"], found["entry"]) == ("refused", "it is not there", None)
    assert "scans/" not in repr(await there.model.proposals.documents.every())
    assert [p["status"] for p in (await client.get("/v1/dataset-proposals", "stan")).body["items"]] == ["refused"]


async def test_another_organization_sees_none(client: Client) -> None:
    made = await client.post("/v1/dataset-proposals", WANTED, "stan")
    assert (await client.get(made.headers["Location"], "eve")).status == 404
    assert (await client.get("/v1/dataset-proposals", "root")).body["total"] == 0


async def test_an_accepted_one_names_its_dataset(client: Client, there: Stage) -> None:
    await there.tell(settled("p-1", accepted=True, dataset="scans_gateway-1_lake"))
    found = (await client.get("/v1/dataset-proposals/p-1", "stan")).body
    assert (found["status"], found["dataset"]) == ("accepted", "scans_gateway-1_lake")


async def test_whoever_is_no_steward_is_refused_and_a_path_is_no_entry(client: Client) -> None:
    assert (await client.post("/v1/dataset-proposals", WANTED, "ada")).status == 403
    for entry in ("../secret.csv", "/etc/passwd", "a/b", "", ".hidden", "a\n"):
        answer = await client.post("/v1/dataset-proposals", WANTED | {"entry": entry}, "stan")
        assert (answer.status, answer.body["errors"][0]["path"]) == (422, "entry")

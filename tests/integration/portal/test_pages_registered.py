"""Pages about datasets, models, gateways and people: what each viewer is shown, offered, and refused."""

from pathlib import Path

import pytest
from portal_browser import browser_of
from portal_memory import Stage, stage
from portal_values import (
    HILL,
    LAKE,
    NOON,
    PEOPLE,
    announced,
    changed,
    created,
    dataset,
    gateway,
    model,
    organization,
    published,
    user,
)

from fedpact.contracts.identity import ChangeUser, RegisterOrganization, RegisterUser, Role
from fedpact.contracts.registry import DatasetProposed, ProposalSettled, ProposeDataset, RegisterGateway
from fedpact.contracts.specs import ParticipantView

OPEN = DatasetProposed(
    proposal="p-1",
    gateway="gateway-1",
    organization="lake",
    name="scans",
    entry="scans/",
    proposed_by="stan",
    made_at=NOON,
    until=NOON,
)
SETTLED = ProposalSettled.model_validate(OPEN.model_dump() | {"accepted": False, "reason": "it is <not> there"})
WITH_INBOX = announced().model_copy(update={"capabilities": ("nvflare", "proposals")})


@pytest.fixture
async def there(tmp_path: Path) -> Stage:
    found = stage(tmp_path)
    await found.tell(organization("lab"), organization("lake"), organization("hill"))
    await found.tell(*(user(one) for one in PEOPLE.values()))
    await found.tell(dataset(LAKE), dataset(HILL), model(), gateway(), gateway("gateway-2", "hill"))
    await found.tell(published(), created(), changed())
    return found


async def test_a_dataset_shows_its_custodian_who_may_use_it_and_others_only_what_names_them(there: Stage) -> None:
    async with browser_of(there, "olga") as olga:
        own = (await olga.get(f"/datasets/{LAKE}")).text
        assert "cardio" in own
        assert f"/new/policy?dataset={LAKE}" in own
        assert "/specs/s-1" in own
    async with browser_of(there, "ada") as ada:
        other = (await ada.get(f"/datasets/{LAKE}")).text
        assert "hearts" in other
        assert "cardio" not in other
        assert "/new/policy" not in other
        assert "No policy names you" in (await ada.get(f"/datasets/{HILL}")).text
        assert (await ada.get("/datasets/none_of_them")).status == 404


async def test_a_steward_proposes_and_sees_the_answer(there: Stage) -> None:
    await there.tell(WITH_INBOX)
    async with browser_of(there, "stan") as stan:
        assert "/new/dataset" in (await stan.get("/datasets")).text
        form = {"gateway": "gateway-1", "name": "scans", "entry": "scans/", "description": "x-rays"}
        key = (await stan.get("/new/dataset")).key
        sent = await stan.post("/new/dataset", form | {"key": key})
        command = there.owners.seen[-1][0]
        assert isinstance(command, ProposeDataset)
        assert (command.entry, command.description) == ("scans/", "x-rays")
        assert (sent.status, sent.place) == (303, f"/dataset-proposals/{command.proposal}")
        assert "has not answered yet" in (await stan.get(sent.place)).text
        await there.tell(SETTLED.model_copy(update={"proposal": command.proposal}))
        told = (await stan.get(sent.place)).text
        assert "It is &lt;not&gt; there" in told
        assert "scans/" not in told


async def test_a_path_is_told_on_the_form_and_nothing_is_lost(there: Stage) -> None:
    await there.tell(WITH_INBOX)
    async with browser_of(there, "stan") as stan:
        form = {"gateway": "gateway-1", "name": "scans", "entry": "../etc/passwd", "description": "x-rays"}
        answer = await stan.post("/new/dataset", form)
        assert answer.status == 422
        assert "<code>entry</code>" in answer.text
        assert "x-rays" in answer.text
    assert there.owners.seen == []


async def test_without_an_inbox_nothing_is_offered_to_propose_to(there: Stage) -> None:
    await there.tell(announced())
    async with browser_of(there, "stan") as stan:
        text = (await stan.get("/new/dataset")).text
    assert "No gateway takes proposals" in text
    assert "<select" not in text


async def test_proposals_are_seen_by_their_organization_only(there: Stage) -> None:
    await there.tell(OPEN)
    async with browser_of(there, "eve") as eve:
        assert (await eve.get("/dataset-proposals/p-1")).status == 404
        assert "scans" not in (await eve.get("/datasets")).text
    async with browser_of(there, "ada") as ada:
        assert "/new/dataset" not in (await ada.get("/datasets")).text
        assert (await ada.get("/new/dataset")).status == 403
        refused = await ada.post("/new/dataset", {"gateway": "gateway-1", "name": "x", "entry": "x"})
        assert refused.status == 403


async def test_a_model_shows_the_card_of_each_version(there: Stage) -> None:
    async with browser_of(there, "max") as maker:
        assert "models push" in (await maker.get("/models")).text
        text = (await maker.get("/models/logreg")).text
        assert "sha256:aaaa" in text
        assert "models push" in text
    async with browser_of(there, "olga") as olga:
        assert "models push" not in (await olga.get("/models/logreg")).text.replace("fedpact models pushes", "")


async def test_a_gateway_shows_what_it_allots_and_what_specs_hold(there: Stage) -> None:
    limits = announced().model_copy(update={"capabilities": ("unsigned_policies",), "limits_enforced": ("memory",)})
    held = {"gateway-1-1": ParticipantView(gateway="gateway-1", phase="ready")}
    running = changed("s-1", "active.running_idle", 1).model_copy(update={"participants": held})
    await there.tell(limits, running)
    async with browser_of(there, "olga") as olga:
        text = (await olga.get("/gateways/gateway-1")).text
        assert "1 of 1" in text
        assert "/specs/s-1" in text
        assert "takes unsigned ones too" in text
        assert "memory" in text
        assert (await olga.get("/gateways/gateway-2")).status == 404
        assert "gateway-2" not in (await olga.get("/gateways")).text
    async with browser_of(there, "root") as root:
        assert "gateway-2" in (await root.get("/gateways")).text


async def test_only_an_admin_registers_gateways_and_organizations(there: Stage) -> None:
    async with browser_of(there, "olga") as olga:
        for place in ("/new/gateway", "/new/organization"):
            assert (await olga.get(place)).status == 403
            assert place not in (await olga.get("/gateways")).text + (await olga.get("/organization")).text
    async with browser_of(there, "root") as root:
        sent = await root.post("/new/gateway", {"gateway": "gateway-9", "organization": "hill", "role": "gateway"})
        assert (sent.status, sent.place) == (303, "/gateways/gateway-9")
        await root.post("/new/organization", {"organization": "moor", "name": "Moor"})
    assert [type(command) for command, *_ in there.owners.seen] == [RegisterGateway, RegisterOrganization]


async def test_an_owner_adds_changes_and_disables_people(there: Stage) -> None:
    async with browser_of(there, "olga") as olga:
        text = (await olga.get("/organization")).text
        assert "/users/stan" in text
        assert "/users/ada" not in text
        new = {"user": "sue", "name": "Sue", "email": "sue@lake.org", "roles": ["data_steward"], "groups": "cardio, b"}
        assert (await olga.post("/new/user", new)).place == "/users/sue"
        assert (await olga.post("/users/stan", {"roles": ["data_steward", "owner"]})).place == "/users/stan"
        await olga.post("/users/stan/standing", {"disabled": "yes"})
        assert (await olga.post("/users/ada", {"roles": []})).status == 404
    first, second, third = (command for command, *_ in there.owners.seen)
    assert isinstance(first, RegisterUser)
    assert (first.organization, first.groups) == ("lake", ("cardio", "b"))
    assert isinstance(second, ChangeUser)
    assert (second.roles, second.disabled) == ((Role.DATA_STEWARD, Role.OWNER), None)
    assert isinstance(third, ChangeUser)
    assert (third.roles, third.disabled) == (None, True)


async def test_who_is_no_owner_sees_oneself_and_changes_nobody(there: Stage) -> None:
    async with browser_of(there, "stan") as stan:
        text = (await stan.get("/organization")).text
        assert "/users/stan" in text
        assert "/users/olga" not in text
        assert "/new/user" not in text
        assert "<form" not in (await stan.get("/users/stan")).text.split("<main")[1]
        for place in ("/new/user", "/users/stan", "/users/stan/standing"):
            assert (await stan.post(place, {"user": "x", "name": "x"})).status == 403
    assert there.owners.seen == []


async def test_a_user_that_is_wrong_is_told_on_the_form(there: Stage) -> None:
    async with browser_of(there, "olga") as olga:
        answer = await olga.post("/new/user", {"user": "Sue!", "name": "Sue", "email": "sue@lake.org"})
        assert answer.status == 422
        assert "sue@lake.org" in answer.text

"""Writing, previewing, signing and withdrawing asset policies with a browser."""

import html
import re
from pathlib import Path

import pytest
from portal_browser import Shown, browser_of
from portal_memory import Stage, stage
from portal_values import (
    LAKE,
    NOON,
    PEOPLE,
    PERSON,
    announced,
    dataset,
    gateway,
    model,
    organization,
    policy_document,
    published,
    user,
)

from fedpact.contracts.pact import Limit
from fedpact.contracts.policies import Dsse, PolicyDocument, PublishPolicy, Reason, Rule, WithdrawPolicy
from fedpact.contracts.previews import Obstacle, Preview, SpecEffect
from fedpact.decision import keys
from fedpact.decision.policies import read_policy, signed_policy
from fedpact.portal.entrypoints.pages import policy_draft

FLIP = SpecEffect(
    spec_id="s-1",
    creator=PERSON,
    model="logreg 1.0.0",
    datasets=(LAKE,),
    before=True,
    after=False,
    running=True,
    text="s-1 of ada (lab) would be rejected",
    custodian_reasons=(Reason(code="x", text="<b>at most</b> 5 rounds"),),
)
DRAFT = {
    "name": "Heart study 2",
    "datasets": [LAKE],
    "users": "ada@lab.org",
    "organizations": ["hill"],
    "rule": "0",
    "0-model": "logreg",
    "0-privacy-min_count": "10",
    "0-permissions-allowed": '["count", "mean"]',
    "0-bounds": '{"type": "object", "properties": {"rounds": {"type": "integer", "maximum": 5}}}',
    "not_after": "2027-01-31T12:00",
}


def answering(there: Stage, **parts: object) -> None:
    told = Preview(policy="heart-study-2", revision=1, at=NOON, flips=(FLIP,), flipped=1)
    there.line.answers["policy.preview"] = told.model_copy(update=parts).model_dump_json()


@pytest.fixture
async def there(tmp_path: Path) -> Stage:
    found = stage(tmp_path)
    await found.tell(organization("lab"), organization("lake"), organization("hill"))
    people = [user(one).model_copy(update={"email": f"{name}@{one.organization}.org"}) for name, one in PEOPLE.items()]
    await found.tell(*people, dataset(LAKE), model(), gateway(), announced())
    answering(found)
    return found


def plain(shown: Shown) -> Dsse:
    """The envelope that waits to be signed."""
    found = re.search(r'name="plain" value="([^"]+)"', shown.text)
    assert found
    return Dsse.model_validate_json(html.unescape(found[1]))


async def test_only_an_owner_is_offered_to_write_and_others_are_refused(there: Stage) -> None:
    await there.tell(published())
    places = ("/new/policy", "/policies/p-lake/edit", "/policies/p-lake/withdraw")
    for name in ("ada", "stan", "root"):
        async with browser_of(there, name) as somebody:
            text = (await somebody.get("/policies")).text + (await somebody.get("/policies/p-lake")).text
            assert not [place for place in places if f'href="{place}"' in text]
            for place in places:
                assert (await somebody.get(place)).status in {403, 404}
            for place in ("/draft/policy/preview", "/draft/policy/review", "/draft/policy/rules"):
                assert (await somebody.post(place, DRAFT)).status == 403
    assert there.owners.seen == []


async def test_what_a_policy_says_to_its_beneficiary_is_less_than_to_its_owner(there: Stage) -> None:
    await there.tell(published())
    async with browser_of(there, "olga") as olga:
        assert "cardio" in (await olga.get("/policies/p-lake")).text
    async with browser_of(there, "ada") as ada:
        text = (await ada.get("/policies/p-lake")).text
        assert "you, among others" in text
        assert "cardio" not in text
    async with browser_of(there, "eve") as eve:
        assert (await eve.get("/policies/p-lake")).status == 404


async def test_the_preview_follows_what_is_typed(there: Stage) -> None:
    async with browser_of(there, "olga") as olga:
        part = await olga.post("/draft/policy/preview", DRAFT, HX_Request="true")
        assert part.status == 200
        assert "<html" not in part.text
        assert "It runs now, and would stop." in part.text
        assert "&lt;b&gt;at most&lt;/b&gt; 5 rounds" in part.text
        incomplete = await olga.post("/draft/policy/preview", DRAFT | {"users": "nobody@lab.org"}, HX_Request="true")
        assert incomplete.status == 200
        assert "obody in this federation has the address <code>nobody@lab.org</code>" in incomplete.text
        answering(there, obstacle=Obstacle(slug="unknown_control", reason="no such control", path="document.rules.0"))
        assert "It would be refused" in (await olga.post("/draft/policy/preview", DRAFT, HX_Request="true")).text
    assert there.owners.seen == []


async def test_rules_come_and_go_without_losing_what_was_typed(there: Stage) -> None:
    async with browser_of(there, "olga") as olga:
        more = (await olga.post("/draft/policy/rules", DRAFT | {"add": "1"}, HX_Request="true")).text
        assert more.count('class="rule"') == 2
        assert 'name="rule" value="1"' in more
        assert "&#34;maximum&#34;: 5" in more
        fewer = await olga.post("/draft/policy/rules", DRAFT | {"rule": ["0", "1"], "drop": "0"}, HX_Request="true")
        assert re.findall(r'name="rule" value="(\d+)"', fewer.text) == ["1"]


async def test_the_document_that_is_signed_is_the_one_that_was_written(there: Stage) -> None:
    async with browser_of(there, "olga") as olga:
        shown = await olga.post("/draft/policy/review", DRAFT)
        assert shown.status == 200
        document = read_policy(plain(shown))
        downloaded = await olga.post("/draft/policy/download", {"plain": plain(shown).model_dump_json()})
    assert (document.id, document.organization, document.revision) == ("heart-study-2", "lake", 1)
    assert (document.beneficiaries.users, document.beneficiaries.organizations) == (("ada",), ("hill",))
    (rule,) = document.rules
    assert (rule.privacy, rule.permissions) == ({"min_count": 10}, {"allowed": ["count", "mean"]})
    assert rule.bounds is not None
    assert document.not_after is not None
    assert document.not_after.isoformat() == "2027-01-31T12:00:00+00:00"
    assert PolicyDocument.model_validate_json(downloaded.text) == document
    assert 'filename="heart-study-2.json"' in downloaded.headers["Content-Disposition"]


async def test_an_envelope_that_was_signed_elsewhere_is_published_as_it_is(there: Stage) -> None:
    envelope = signed_policy(policy_document("p-new"), keys.generate())
    async with browser_of(there, "olga") as olga:
        sent = await olga.post("/publish/policy", {"envelope": envelope.model_dump_json()})
        assert (sent.status, sent.place) == (303, "/policies/p-new")
        assert (await olga.post("/publish/policy", {"envelope": "{}"})).status == 422
    (command,) = [command for command, *_ in there.owners.seen]
    assert isinstance(command, PublishPolicy)
    assert command.document == envelope


@pytest.mark.parametrize(
    ("needs", "capabilities", "told", "offered"),
    [
        (True, (), "This hub takes signed policies only", False),
        (False, (), "gateway-1 refuses unsigned policies", True),
        (False, ("unsigned_policies",), "allowed unsigned policies", True),
    ],
)
async def test_what_becomes_of_an_unsigned_policy_is_said_before_it_is_published(
    there: Stage, needs: bool, capabilities: tuple[str, ...], told: str, offered: bool
) -> None:
    answering(there, needs_signature=needs)
    await there.tell(announced().model_copy(update={"capabilities": capabilities}))
    async with browser_of(there, "olga") as olga:
        shown = await olga.post("/draft/policy/review", DRAFT)
    assert told in shown.text
    assert ("Publish unsigned" in shown.text) is offered


async def test_what_is_wrong_leads_back_to_the_form_with_everything_in_it(there: Stage) -> None:
    async with browser_of(there, "olga") as olga:
        for form in (DRAFT | {"0-bounds": "{"}, DRAFT | {"datasets": []}, DRAFT | {"not_after": "soon"}):
            shown = await olga.post("/draft/policy/review", form)
            assert shown.status == 422
            assert "Heart study 2" in shown.text
        answering(there, obstacle=Obstacle(slug="unknown_control", reason="there is no control `x`"))
        refused = await olga.post("/draft/policy/review", DRAFT)
        assert refused.status == 422
        assert "here is no control <code>x</code>" in refused.text


async def test_editing_begins_with_what_is_in_force_and_makes_the_next_revision(there: Stage) -> None:
    rule = Rule(model="logreg", versions=("1.0.0",), privacy={"min_count": 7}, permissions={"plain": "text"})
    rule = rule.model_copy(update={"enforced": (Limit.NETWORK,)})
    await there.tell(published(policy_document(rules=(rule,), revision=4)))
    async with browser_of(there, "olga") as olga:
        shown = await olga.get("/policies/p-lake/edit")
        fields = {name: html.unescape(value) for name, value in inputs(shown)}
        assert (fields["revision"], fields["id"]) == ("5", "p-lake")
        assert 'value="hearts"' in shown.text
        assert "readonly" in shown.text
        assert re.findall(r'name="0-enforced" value="(\w+)" checked', shown.text) == ["network"]


async def test_a_withdrawal_is_seen_before_it_is_made(there: Stage) -> None:
    await there.tell(published())
    answering(there, revision=0)
    async with browser_of(there, "olga") as olga:
        shown = await olga.get("/policies/p-lake/withdraw")
        assert "It runs now, and would stop." in shown.text
        assert there.owners.seen == []
        sent = await olga.post("/policies/p-lake/withdraw", {"key": shown.key})
        assert sent.place == "/policies/p-lake"
    assert isinstance(there.owners.seen[-1][0], WithdrawPolicy)


def inputs(shown: Shown) -> list[tuple[str, str]]:
    return re.findall(r'<input[^>]* name="([^"]+)"[^>]* value="([^"]*)"', shown.text)


def test_a_document_survives_its_way_through_the_form() -> None:
    rule = Rule(
        model="logreg",
        versions=("1.0.0",),
        privacy={"min_count": 7},
        permissions={"plain": "text", "many": [1, "a"], "yes": True},
        bounds={"type": "object", "properties": {"lr": {"type": "number", "maximum": 0.5}}},
        resources={"cpu": 1.5, "gpu": 0, "memory": 500},
    )
    before = policy_document(
        rules=(rule, Rule(model="other")),
        revision=4,
        not_before="2026-01-01T00:00:00Z",
        not_after="2027-01-01T00:00:00Z",
        datasets=({"id": LAKE, "objects": ("a/b.csv", "c/")},),
    )
    form = policy_draft.filled(before, 5)
    after = policy_draft.document(form, "lake", {})
    assert after == before.model_copy(update={"revision": 5})


@pytest.mark.parametrize(
    ("name", "made"), [("Heart study 2", "heart-study-2"), ("  Ä b__c ", "b-c"), ("x" * 60, "x" * 40)]
)
def test_a_name_makes_an_id(name: str, made: str) -> None:
    assert policy_draft.id_for(name) == made

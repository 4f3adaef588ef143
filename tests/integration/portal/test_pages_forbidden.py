"""What the owner of a command forbids whatever the form holds is a page with the reason, on every form alike."""

from pathlib import Path

import pytest
from portal_browser import browser_of
from portal_memory import Stage, stage
from portal_values import (
    HILL,
    LAKE,
    PEOPLE,
    announced,
    changed,
    created,
    dataset,
    gateway,
    job,
    model,
    organization,
    policy_document,
    registered,
    user,
)

from fedpact.decision import keys
from fedpact.decision.policies import signed_policy

DEMAND = {f"{part}_{name}": "1" for part in ("clients", "server") for name in ("cpu", "gpu", "memory")}
SPEC = {"datasets": [LAKE], "model": "logreg 1.0.0", **DEMAND}
DATASET = {"gateway": "gateway-1", "name": "scans", "entry": "scans/"}
PERSON = {"user": "sue", "name": "Sue", "email": "sue@lake.org", "roles": ["data_steward"]}
SITE = {"gateway": "gateway-9", "organization": "hill", "role": "gateway"}
ENVELOPE = {"envelope": signed_policy(policy_document("p-new"), keys.generate()).model_dump_json()}
GRANTED = registered().artifact_id
FORMS = [
    ("ada", "specs", "/new/spec", SPEC),
    ("ada", "jobs", "/specs/s-1/jobs", {"payload": "{}"}),
    ("ada", "jobs", f"/artifacts/{GRANTED}/grant", {"user": "bob"}),
    ("stan", "registry", "/new/dataset", DATASET),
    ("root", "registry", "/new/gateway", SITE),
    ("root", "identity", "/new/organization", {"organization": "moor", "name": "Moor"}),
    ("olga", "identity", "/new/user", PERSON),
    ("olga", "identity", "/users/stan", {"roles": ["owner"]}),
    ("olga", "policy", "/publish/policy", ENVELOPE),
]


@pytest.fixture
async def there(tmp_path: Path) -> Stage:
    found = stage(tmp_path)
    await found.tell(organization("lab"), organization("lake"), organization("hill"))
    await found.tell(*(user(one) for one in PEOPLE.values()))
    await found.tell(dataset(LAKE), dataset(HILL), model(), gateway())
    await found.tell(announced().model_copy(update={"capabilities": ("proposals",)}))
    await found.tell(created(), changed("s-1", "active.running_idle", 1), job(), registered())
    return found


@pytest.mark.parametrize(("name", "context", "place", "form"), FORMS, ids=[form[2] for form in FORMS])
async def test_a_form_is_not_shown_again_where_no_other_content_would_help(
    there: Stage, name: str, context: str, place: str, form: dict[str, object]
) -> None:
    there.owners.strict.add(context)
    async with browser_of(there, name) as browser:
        answer = await browser.post(place, form)
    assert (answer.status, len(there.owners.seen)) == (403, 1)
    assert "Only <code>somebody else</code> may do this." in answer.text

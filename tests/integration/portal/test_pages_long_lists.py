"""Pages that offer a choice, or tell all about something, where there is more than one page of the list behind it."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from portal_browser import browser_of
from portal_memory import Stage, stage
from portal_values import LAKE, dataset, gateway, model, organization, policy_document, published

from fedpact.contracts.envelope import Fact
from fedpact.contracts.policies import DatasetScope

MANY = 201
LAST = f"z{MANY - 1}"
LAST_DATASET = f"{LAST}_gateway-1_lake"


def crowd() -> Sequence[Fact]:
    """One of each kind more than the longest page holds."""
    names = [f"z{number:03}" for number in range(MANY)]
    scope = (DatasetScope(id=LAKE),)
    return [
        dataset(LAKE),
        *(dataset(f"{name}_gateway-1_lake") for name in names),
        *(model().model_copy(update={"model": name}) for name in names),
        *(organization(name) for name in names),
        *(gateway(name) for name in names),
        *(published(policy_document(name, datasets=scope)) for name in names),
    ]


@pytest.fixture
async def there(tmp_path: Path) -> Stage:
    found = stage(tmp_path)
    await found.tell(*crowd())
    return found


async def test_a_spec_can_name_the_last_dataset_and_the_last_model(there: Stage) -> None:
    async with browser_of(there, "ada") as ada:
        text = (await ada.get("/new/spec")).text
    assert f'value="{LAST_DATASET}"' in text
    assert f'value="{LAST} 1.0.0"' in text


async def test_a_policy_can_name_the_last_dataset_model_and_organization(there: Stage) -> None:
    async with browser_of(there, "olga") as olga:
        text = (await olga.get("/new/policy")).text
    assert f'value="{LAST_DATASET}"' in text
    assert f'name="organizations" value="{LAST}"' in text
    assert f'<option value="{LAST}">' in text


async def test_a_proposal_can_go_to_the_last_gateway(there: Stage) -> None:
    async with browser_of(there, "stan") as stan:
        assert f'value="{LAST}"' in (await stan.get("/new/dataset")).text


async def test_a_dataset_shows_the_last_policy_on_it(there: Stage) -> None:
    async with browser_of(there, "olga") as olga:
        assert f"/policies/{LAST}" in (await olga.get(f"/datasets/{LAKE}")).text


async def test_an_admin_chooses_the_last_organization(there: Stage) -> None:
    async with browser_of(there, "root") as root:
        for place in ("/new/gateway", "/new/user"):
            assert f'value="{LAST}"' in (await root.get(place)).text
        assert LAST in (await root.get("/organization")).text

"""Signing in a real browser: the envelope that arrives is one that the gateways' own verifier believes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from browser import MISSING, chromium, patient
from playwright.async_api import Page, expect
from portal_browser import browser_of
from portal_memory import Stage, stage
from portal_values import LAKE, NOON, announced, dataset, gateway, model, organization

from fedpact.contracts.policies import PublishPolicy
from fedpact.contracts.previews import Preview
from fedpact.decision import keys
from fedpact.decision.policies import verified_policy

pytestmark = [pytest.mark.skipif(MISSING is not None, reason=str(MISSING)), pytest.mark.timeout(110)]
SECONDS = 30_000


@pytest.fixture
async def there(tmp_path: Path) -> Stage:
    found = stage(tmp_path, outcome_seconds=5)
    await found.tell(organization("lake"), dataset(LAKE), model(), gateway(), announced())
    found.line.answers["policy.preview"] = Preview(policy="heart-study", revision=1, at=NOON).model_dump_json()
    return found


@asynccontextmanager
async def signing(there: Stage) -> AsyncIterator[tuple[Page, list[str]]]:
    """The page where a policy is signed, and what the browser sends from then on."""
    async with browser_of(there, "olga") as olga, chromium() as browser:
        origin = str(olga.session._base_url).rstrip("/")
        context = await browser.new_context()
        await context.add_cookies([{"name": c.key, "value": c.value, "url": origin} for c in olga.session.cookie_jar])
        page = await context.new_page()
        patient(page, SECONDS)
        await page.goto(f"{origin}/new/policy?dataset={LAKE}")
        await page.get_by_label("Name", exact=True).fill("Heart study")
        await page.get_by_label("People").fill("ada")
        await page.get_by_role("button", name="Go on to the signature").click()
        await expect(page.get_by_role("heading", name="Sign Heart study")).to_be_visible()
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.post_data or ""))
        yield page, sent


async def test_a_key_file_signs_in_the_browser_and_is_sent_nowhere(there: Stage, tmp_path: Path) -> None:
    key, file = keys.generate(), tmp_path / "owner.pem"
    file.write_bytes(keys.to_pem(key))
    async with signing(there) as (page, sent):
        await page.get_by_label("Private key (PEM)").set_input_files(file)
        await page.get_by_role("button", name="Sign and publish").click()
        await page.wait_for_url("**/policies/heart-study")
        secret = file.read_text().splitlines()[1]
        assert sent
        assert not [body for body in sent if secret[:20] in body or "PRIVATE" in body]
    command = there.owners.seen[-1][0]
    assert isinstance(command, PublishPolicy)
    document, signed_by = verified_policy(command.document, keys.by_id([key.public_key()]))
    assert (document.id, signed_by) == ("heart-study", (keys.keyid(key),))


async def test_what_is_no_key_is_told_and_nothing_is_published(there: Stage, tmp_path: Path) -> None:
    file = tmp_path / "wrong.pem"
    file.write_bytes(keys.public_pem(keys.generate()))
    async with signing(there) as (page, _):
        await page.get_by_label("Private key (PEM)").set_input_files(file)
        await page.get_by_role("button", name="Sign and publish").click()
        await expect(page.get_by_text("This is not an unencrypted private key in PEM")).to_be_visible()
    assert there.owners.seen == []

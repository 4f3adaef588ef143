"""The form for a job in a real browser: it comes with the decision, and news leave alone what is being written."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from browser import MISSING, chromium, patient
from playwright.async_api import Page, expect
from portal_browser import browser_of
from portal_memory import Stage, stage
from portal_values import changed, created, model

from fedpact.contracts.registry import Example, VersionRecord

pytestmark = [pytest.mark.skipif(MISSING is not None, reason=str(MISSING)), pytest.mark.timeout(110)]
SECONDS = 30_000


@asynccontextmanager
async def looking_at(there: Stage, place: str) -> AsyncIterator[Page]:
    """Ada's window."""
    async with browser_of(there, "ada") as ada, chromium() as browser:
        origin = str(ada.session._base_url).rstrip("/")
        context = await browser.new_context()
        await context.add_cookies([{"name": c.key, "value": c.value, "url": origin} for c in ada.session.cookie_jar])
        page = await context.new_page()
        patient(page, SECONDS)
        await page.goto(f"{origin}{place}")
        yield page


async def test_choosing_an_example_fills_it_in(tmp_path: Path) -> None:
    there = stage(tmp_path)
    examples = tuple(Example(title=title, payload={"rounds": n}) for n, title in enumerate(("Few", "Many"), 1))
    record = VersionRecord(version="1.0.0", digest="sha256:" + "a" * 64, examples=examples)
    known = model().model_copy(update={"versions": (record,)})
    await there.tell(known, created("s-1"), changed("s-1"))
    async with looking_at(there, "/specs/s-1") as page:
        await expect(page.get_by_label("Payload (JSON)")).to_have_value('{\n  "rounds": 1\n}')
        await page.get_by_label("Begin with").select_option("Many")
        await expect(page.get_by_label("Payload (JSON)")).to_have_value('{\n  "rounds": 2\n}')


async def test_the_form_for_a_job_comes_with_the_decision_and_keeps_what_is_written(tmp_path: Path) -> None:
    there = stage(tmp_path)
    await there.tell(model(), created("s-1"))
    async with looking_at(there, "/specs/s-1") as page:
        payload = page.get_by_label("Payload (JSON)")
        await expect(payload).to_have_count(0)
        await there.tell(changed("s-1"))
        await payload.fill('{"rounds": 3}')
        await there.tell(changed("s-1", "updating.creating"))
        await expect(page.get_by_role("status").first).to_have_text("creating")
        await expect(payload).to_have_value('{"rounds": 3}')

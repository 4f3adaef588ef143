"""The form for a job in a real browser: it comes with the decision, and news leave alone what is being written."""

from pathlib import Path

import pytest
from browser import MISSING, chromium
from playwright.async_api import expect
from portal_browser import browser_of
from portal_memory import stage
from portal_values import changed, created, model

pytestmark = [pytest.mark.skipif(MISSING is not None, reason=str(MISSING)), pytest.mark.timeout(110)]
SECONDS = 30_000


async def test_the_form_for_a_job_comes_with_the_decision_and_keeps_what_is_written(tmp_path: Path) -> None:
    there = stage(tmp_path)
    await there.tell(model(), created("s-1"))
    async with browser_of(there, "ada") as ada, chromium() as browser:
        origin = str(ada.session._base_url).rstrip("/")
        context = await browser.new_context()
        await context.add_cookies([{"name": c.key, "value": c.value, "url": origin} for c in ada.session.cookie_jar])
        page = await context.new_page()
        page.set_default_timeout(SECONDS)
        await page.goto(f"{origin}/specs/s-1")
        payload = page.get_by_label("Payload (JSON)")
        await expect(payload).to_have_count(0)
        await there.tell(changed("s-1"))
        await payload.fill('{"rounds": 3}')
        await there.tell(changed("s-1", "updating.creating"))
        await expect(page.get_by_role("status").first).to_have_text("creating", timeout=SECONDS)
        await expect(payload).to_have_value('{"rounds": 3}')

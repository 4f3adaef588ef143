"""The portal's pages in a real browser: a scientist finds a spec, runs a job, watches it and takes the model home."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from browser import MISSING, chromium, log_in, patient
from federation_up import Up
from playwright.async_api import Browser, BrowserContext, Page, Response, expect

from fedpact.contracts.pact import ModelRef, SpecContent
from fedpact.infra.demo_table import TARGET
from fedpact.infra.demo_world import LOGREG, STATISTICS

pytestmark = [pytest.mark.skipif(MISSING is not None, reason=str(MISSING)), pytest.mark.timeout(300)]
SCREENS = Path(__file__).parents[2] / ".screens"
"""Where pictures of the pages are left, to be looked at."""
SOON, LATER = 20_000, 90_000
"""Milliseconds for what a page does by itself, and for what a federation does."""
HEAVIEST = 200_000
PLACES = {
    "ada": ("/specs", "/new/spec", "/artifacts", "/datasets", "/policies", "/models", "/activity"),
    "lakeside-owner": ("/datasets", "/policies", "/gateways", "/organization", "/activity"),
    "lakeside-steward": ("/datasets", "/gateways"),
    "mia": ("/models",),
    "root": ("/gateways", "/organization"),
}


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as found:
        yield found


async def visitor(browser: Browser, up: Up, user: str, **more: Any) -> tuple[BrowserContext, Page]:
    """A window of somebody who is logged in."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900}, **more)
    page = await context.new_page()
    patient(page, SOON)
    await log_in(page, up.world.portal, user)
    return context, page


async def keep_picture(page: Page, name: str) -> None:
    SCREENS.mkdir(exist_ok=True)
    await page.screenshot(path=SCREENS / f"{name}.png", full_page=True)


def approved_spec(up: Up, spec_id: str) -> str:
    content = SpecContent(datasets=up.datasets, model=ModelRef(id="logreg", version="0.1.0"))
    with up.world.user("ada") as ada:
        return ada.specs.create(content, spec_id=spec_id).wait("approved").spec_id


async def test_a_scientist_finds_a_spec_runs_a_job_and_takes_the_model_home(up: Up, browser: Browser) -> None:
    spec = await asyncio.to_thread(approved_spec, up, "s-browser-story")
    _, page = await visitor(browser, up, "ada", accept_downloads=True)
    await page.goto(f"{up.world.portal}/specs")
    await page.get_by_role("searchbox").fill("browser-sto")
    await expect(page.locator("#spec-list tbody tr")).to_have_count(1)
    await keep_picture(page, "specs-found")
    await page.get_by_role("link", name=spec).click()
    await page.locator("#activate").click()
    await expect(page.locator("#spec h1 + span")).to_contain_text("running idle", timeout=LATER)
    await page.locator("#payload").fill(f'{{"num_rounds": 5, "target": "{TARGET}"}}')
    await page.get_by_role("button", name="Run").click()
    job = page.locator("article.job").first
    await expect(job.locator(".plots canvas").first).to_be_visible(timeout=LATER)
    await expect(job.get_by_text("round 5")).to_be_visible(timeout=LATER)
    await expect(job.locator(".status").first).to_have_text("completed", timeout=LATER)
    await keep_picture(page, "spec-with-job")
    async with page.expect_download() as download:
        await job.get_by_role("link", name="model").first.click()
    taken = await (await download.value).path()
    assert await asyncio.to_thread(taken.read_bytes)
    await page.locator("#deactivate").click()
    await expect(page.locator("#spec h1 + span")).to_contain_text("shutdown", timeout=LATER)


async def test_an_owner_narrows_a_policy_and_what_runs_on_it_stops(up: Up, browser: Browser) -> None:
    spec = await asyncio.to_thread(approved_spec, up, "s-browser-revoked")
    _, science = await visitor(browser, up, "ada")
    await science.goto(f"{up.world.portal}/specs/{spec}")
    await science.locator("#activate").click()
    shown = science.locator("#spec h1 + span")
    await expect(shown).to_contain_text("running idle", timeout=LATER)
    try:
        await narrow(browser, up, spec)
        await expect(shown).to_contain_text("revoked", timeout=LATER)
        await expect(science.locator("#spec .reasons")).to_contain_text("lakeside")
        await keep_picture(science, "spec-revoked")
    finally:
        await asyncio.to_thread(up.world.publish, (STATISTICS, LOGREG))


async def narrow(browser: Browser, up: Up, spec: str) -> None:
    """Take the rule for `logreg` out of lakeside's policy, having read what that does."""
    _, page = await visitor(browser, up, "lakeside-owner")
    await page.goto(f"{up.world.portal}/policies/lakeside-breast-cancer/edit")
    await page.get_by_role("group", name="Rule 2").get_by_role("button", name="Remove this rule").click()
    preview = page.locator("#preview li", has_text=spec).first
    await expect(preview).to_contain_text("It runs now, and would stop.")
    await keep_picture(page, "policy-preview")
    await page.get_by_role("button", name="Go on to the signature").click()
    await page.get_by_label("Private key (PEM)").set_input_files(up.layout.root / "sites" / "gateway-1" / "owner.pem")
    await page.get_by_role("button", name="Sign and publish").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Breast-cancer research")
    await expect(page.get_by_text("in force")).to_be_visible()


async def test_what_a_person_may_not_do_is_not_offered_and_refused_when_tried(up: Up, browser: Browser) -> None:
    spec = await asyncio.to_thread(approved_spec, up, "s-browser-roles")
    _, page = await visitor(browser, up, "lakeside-steward")
    await page.goto(f"{up.world.portal}/specs")
    await expect(page.get_by_role("link", name="New spec")).to_have_count(0)
    answer = await page.goto(f"{up.world.portal}/new/spec")
    assert answer is not None
    assert answer.status == 403
    await expect(page.get_by_text("data_scientist")).to_be_visible()
    await page.goto(f"{up.world.portal}/specs/{spec}")
    await expect(page.locator("#activate")).to_have_count(0)
    refused = await page.evaluate(
        """async path => {
            const mark = JSON.parse(document.body.getAttribute("hx-headers") || "{}");
            return (await fetch(path, {method: "POST", headers: mark, body: new FormData()})).status;
        }""",
        f"/specs/{spec}/activate",
    )
    assert refused == 403


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_are_light_and_open_to_everybody(up: Up, browser: Browser, scheme: str) -> None:
    """No page weighs more than 200 kB, asks another site for anything, or is closed to a screen reader."""
    spec = await asyncio.to_thread(approved_spec, up, f"s-browser-{scheme}")
    faults: list[str] = []
    for user, places in PLACES.items():
        _, page = await visitor(browser, up, user, color_scheme=scheme)
        asked: list[Response] = []
        page.on("response", lambda one, asked=asked: asked.append(one))
        for place in (*places, *((f"/specs/{spec}",) if user == "ada" else ())):
            asked.clear()
            await page.goto(f"{up.world.portal}{place}", wait_until="load")
            await keep_picture(page, f"{scheme}-{user}-{place.strip('/').replace('/', '-')}")
            faults += [f"{place} asks {one.url}" for one in asked if not one.url.startswith(up.world.portal)]
            weight = await page.evaluate(
                "() => performance.getEntries().reduce((sum, entry) => sum + (entry.transferSize || 0), 0)"
            )
            faults += [f"{place} weighs {weight} bytes"] if weight > HEAVIEST else []
            found = (await Axe().run(page)).response["violations"]
            faults += [
                f"{place} as {user}: {one['id']}: {one['nodes'][0]['html']}"
                for one in found
                if one["impact"] in {"serious", "critical"}
            ]
    assert faults == []

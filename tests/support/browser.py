"""
A headless Chromium, driven by playwright, that speaks with this machine only.

The browser is the distribution's own (`chromium`); playwright downloads none.
"""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, Page, async_playwright, expect

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
MISSING = None if CHROMIUM else "needs the program chromium"
"""What this machine lacks, to be told by a skipped test."""
ALONE = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
"""A browser that asks for nothing of its own accord. The sandbox is the kernel's to give, and root's to do without."""


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser with an empty profile."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(ALONE))
        try:
            yield browser
        finally:
            await browser.close()


def patient(page: Page, milliseconds: int) -> None:
    """Wait that long for what a page does, and for what is expected of it: the two know nothing of each other."""
    page.set_default_timeout(milliseconds)
    expect.set_options(timeout=milliseconds)


async def log_in(page: Page, portal: str, user: str) -> None:
    """Be that person, by the development login."""
    await page.goto(f"{portal}/login/start")
    await page.get_by_label("Who you are").select_option(user)
    await page.get_by_role("button").first.click()
    await page.wait_for_url(f"{portal}/**")

"""What holds for every page: headers, weight, nothing from elsewhere, nothing inline."""

import hashlib
import re
from pathlib import Path

import pytest
from portal_browser import Browser, browser_of
from portal_memory import Stage, stage
from portal_values import (
    FILE,
    LAKE,
    LAKEOWNER,
    announced,
    changed,
    created,
    dataset,
    gateway,
    job,
    later,
    model,
    organization,
    published,
    registered,
    stored,
    user,
)

from fedpact.contracts.artifacts import artifact_id
from fedpact.contracts.identity import Role
from fedpact.portal.entrypoints.pages.assets import STATIC
from fedpact.portal.entrypoints.pages.table import PAGES
from fedpact.portal.entrypoints.routes import ROUTES

WEIGHT = 200_000
PLACES = (
    *("/login", "/specs", "/specs/s-1", "/new/spec", "/activity", "/nowhere", "/specs/nobody-has-it"),
    *("/datasets", f"/datasets/{LAKE}", "/models", "/models/logreg", "/gateways", "/policies", "/organization"),
    *("/artifacts", f"/artifacts/{artifact_id('j-1', FILE.name)}"),
)
OWNERS = (
    *(f"/datasets/{LAKE}", "/new/dataset", "/gateways", "/gateways/gateway-1", "/organization", "/users/olga"),
    *("/new/user", "/policies", "/policies/p-lake", "/new/policy", "/policies/p-lake/edit"),
)
VISITS = [*(("ada", place) for place in PLACES), *(("olga", place) for place in OWNERS)]


@pytest.fixture
async def there(tmp_path: Path) -> Stage:
    found = stage(tmp_path)
    await found.tell(organization(), dataset(), model(), created("s-1"), changed("s-1"), job("j-1"))
    await found.tell(gateway(), announced(), published(), user(LAKEOWNER), stored(), registered())
    for n in range(60):
        await found.tell(created(f"s-more-{n}", at=later(n)), changed(f"s-more-{n}"))
    return found


async def loaded(browser: Browser, text: str) -> int:
    """Bytes of everything a page loads, nothing compressed."""
    total = len(text.encode())
    for place in re.findall(r'(?:src|href)="(/static/[^"]+)"', text):
        answer = await browser.get(place, Accept_Encoding="identity")
        assert answer.status == 200
        total += len(answer.text.encode())
    return total


@pytest.mark.parametrize(("who", "place"), VISITS)
async def test_a_page_says_what_a_browser_may_do_with_it(there: Stage, who: str, place: str) -> None:
    async with browser_of(there, who) as ada:
        headers = (await ada.get(place)).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Server"] == "fedpact"


@pytest.mark.parametrize(("who", "place"), VISITS)
async def test_a_page_is_light_and_loads_nothing_from_elsewhere(there: Stage, who: str, place: str) -> None:
    async with browser_of(there, who) as ada:
        text = (await ada.get(place)).text
        assert await loaded(ada, text) <= WEIGHT
        assert not re.search(r"(?:https?:)?//[a-z0-9]", text.replace("http://www.w3.org/2000/svg", ""))


@pytest.mark.parametrize(("who", "place"), VISITS)
async def test_a_page_has_no_script_and_no_style_inside(there: Stage, who: str, place: str) -> None:
    async with browser_of(there, who) as ada:
        text = (await ada.get(place)).text
        assert "<style" not in text
        assert not re.search(r"<script(?![^>]* src=)", text)
        assert not re.search(r'<[^>]+\s(?:style|on[a-z]+)="', text)


@pytest.mark.parametrize(("who", "place"), VISITS)
async def test_a_page_can_be_used_without_seeing_it(there: Stage, who: str, place: str) -> None:
    async with browser_of(there, who) as ada:
        text = (await ada.get(place)).text
        assert '<html lang="en">' in text
        assert text.count("<h1") == 1
        assert re.search(r"<title>[^<]{3,} · Fedpact</title>", text)
        ids = re.findall(r'\sid="([^"]+)"', text)
        assert len(ids) == len(set(ids))
        for name in re.findall(r'<(?:input|select|textarea)[^>]*\sid="([^"]+)"', text):
            assert f'for="{name}"' in text
        for button in re.findall(r"<button[^>]*>(.*?)</button>", text, re.DOTALL):
            assert button.strip()


@pytest.mark.parametrize("place", PLACES)
async def test_what_fetches_a_part_anew_lives_on_when_the_part_is_replaced(there: Stage, place: str) -> None:
    """News that come while the part is fetched would be lost with it."""
    async with browser_of(there) as ada:
        text = (await ada.get(place)).text
        for tag in re.findall(r'<[^>]*hx-trigger="[^"]*sse:[^>]*>(?!</div>)', text):
            raise AssertionError(f"has content that could be replaced: {tag}")
        for tag in re.findall(r'<[^>]*hx-trigger="[^"]*sse:[^>]*>', text):
            assert re.search(r'hx-target="#[a-z-]+"', tag)
        for stream in re.findall(r'sse-connect="([^"]+)"', text):
            assert "seen=" in stream, "what happens before it listens would be lost"


async def test_no_token_reaches_the_browser(there: Stage) -> None:
    async with browser_of(there, "lea") as lea:
        kept = [cookie.value for cookie in lea.session.cookie_jar]
        assert "lea" not in kept
        for place in PLACES:
            assert "Bearer" not in (await lea.get(place)).text


async def test_files_are_kept_by_browsers_until_they_change(there: Stage) -> None:
    async with browser_of(there, None) as nobody:
        place = re.findall(r'href="(/static/fedpact.css[^"]+)"', (await nobody.get("/login")).text)[0]
        fresh, old = await nobody.get(place), await nobody.get("/static/fedpact.css?v=old")
        assert "immutable" in fresh.headers["Cache-Control"]
        assert "immutable" not in old.headers["Cache-Control"]
        for missing in ("/static/nothing.css", "/static/vendor/..%2f..%2fsettings.py", "/static/vendor/VENDORED.md"):
            assert (await nobody.get(missing)).status == 404


def test_other_peoples_code_is_what_its_list_says() -> None:
    listed = re.findall(
        r"^\| (\S+) \|.*`([0-9a-f]{64})` \|$", (STATIC / "vendor" / "VENDORED.md").read_text(), re.MULTILINE
    )
    there = {file.name for file in (STATIC / "vendor").iterdir() if file.suffix in {".js", ".css"}}
    assert {name for name, _ in listed} == there
    for name, digest in listed:
        assert hashlib.sha256((STATIC / "vendor" / name).read_bytes()).hexdigest() == digest


def test_a_page_that_writes_is_for_whom_its_operation_is_for() -> None:
    named = {route.path.removeprefix("/v1"): route.roles for route in ROUTES if route.write}
    for page in PAGES:
        if page.method.value == "POST" and page.path in named:
            assert page.roles == named[page.path]
    assert any(Role.DATA_SCIENTIST in page.roles for page in PAGES)

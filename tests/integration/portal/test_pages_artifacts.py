"""Artifacts in the pages: who has one, who may share it, and how it is taken back."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from portal_browser import Browser, browser_of
from portal_memory import Stage, stage
from portal_values import FILE, NOON, changed, created, deleted, job, model, organization, registered, stored

from fedpact.contracts.artifacts import GrantArtifact, Grantee, RevokeArtifact, artifact_id
from fedpact.contracts.jobs import JobStatus
from fedpact.contracts.queries import DownloadTicket

KEY = artifact_id("j-1", FILE.name)
PLACE = f"/artifacts/{KEY}"


@pytest.fixture
async def there(tmp_path: Path) -> Stage:
    found = stage(tmp_path)
    await found.tell(organization(), organization("moor"), model(), created("s-1"), changed("s-1"))
    await found.tell(job("j-1", status=JobStatus.COMPLETED), stored(), registered())
    return found


@pytest.fixture
async def ada(there: Stage) -> AsyncIterator[Browser]:
    async with browser_of(there) as found:
        yield found


async def test_a_result_is_shared_from_its_spec_and_taken_back(ada: Browser, there: Stage) -> None:
    assert f'href="{PLACE}"' in (await ada.get("/specs/s-1")).text
    assert "Nobody yet" in (await ada.get(PLACE)).text
    assert (await ada.post(f"{PLACE}/grant", {"organization": "moor"})).place == PLACE
    assert (await ada.post(f"{PLACE}/grant", {"user": "olga"})).place == PLACE
    page = (await ada.get(PLACE)).text
    assert "Organization <code>moor</code>" in page
    assert "User <code>olga</code>" in page
    assert "shared with 2" in (await ada.get("/specs/s-1")).text
    assert (await ada.post(f"{PLACE}/revoke", {"organization": "moor"})).place == PLACE
    assert "<code>moor</code>" not in (await ada.get(PLACE)).text
    moor = Grantee(organization="moor")
    given, _, back = (command for command, _, _ in there.owners.seen)
    assert given == GrantArtifact(artifact_id=KEY, grantee=moor)
    assert back == RevokeArtifact(artifact_id=KEY, grantee=moor)


async def test_whom_it_was_shared_with_finds_and_downloads_it_and_cannot_share_it_on(
    ada: Browser, there: Stage
) -> None:
    ticket = DownloadTicket(url="http://jobs/f", token="t", expires=NOON)
    there.line.answers["jobs.download"] = ticket.model_dump_json()
    there.files.files[ticket.url] = b"hello"
    async with browser_of(there, "eve") as eve:
        assert "No artifacts yet" in (await eve.get("/artifacts")).text
        assert (await eve.get(PLACE)).status == (await eve.get(f"{PLACE}/content")).status == 404
        await ada.post(f"{PLACE}/grant", {"organization": "moor"})
        assert f'href="{PLACE}"' in (await eve.get("/artifacts")).text
        page = (await eve.get(PLACE)).text
        assert 'action="' not in page.partition("<h1")[2]
        assert "/specs/" not in page.partition("<h1")[2]
        assert (await eve.get(f"{PLACE}/content")).text == "hello"


@pytest.mark.parametrize("form", [{}, {"user": "olga", "organization": "moor"}, {"user": "Not An Id"}])
async def test_who_is_not_one_user_or_one_organization_is_told_on_the_form(
    ada: Browser, there: Stage, form: dict[str, str]
) -> None:
    answer = await ada.post(f"{PLACE}/grant", form)
    assert answer.status == 422
    assert "This is not right yet" in answer.text
    assert there.owners.seen == []


async def test_a_deleted_one_is_shown_as_such_and_shared_no_more(ada: Browser, there: Stage) -> None:
    await there.tell(deleted())
    page = (await ada.get(PLACE)).text
    assert "Deleted" in page
    assert f"{PLACE}/grant" not in page
    assert f"{PLACE}/content" not in page

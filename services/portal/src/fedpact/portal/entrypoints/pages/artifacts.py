"""What jobs left: those one may have, and with whom each of them is shared."""

from collections.abc import Sequence
from functools import partial
from urllib.parse import quote

from fedpact.contracts.api import ArtifactQuery, ArtifactView
from fedpact.contracts.artifacts import Grantee
from fedpact.portal.entrypoints.pages.forms import Form, Mistake
from fedpact.portal.entrypoints.pages.outcomes import filled_in, settled
from fedpact.portal.entrypoints.pages.page import POST, Answer, Desk, Page, View, Visit, roles_of
from fedpact.portal.entrypoints.pages.registered import every
from fedpact.portal.entrypoints.pages.trouble import STATUS_UNPROCESSABLE


async def listing(desk: Desk, visit: Visit) -> Answer:
    """Those of one's jobs, and those one was granted, newest first."""
    page = await desk.queries.kept.list(visit.viewer, visit.asked(ArtifactQuery))
    context = {"page": page, "address": lambda number: f"/artifacts?page={number}"}
    return View(template="artifacts.html", context=context)


async def detail(desk: Desk, visit: Visit) -> Answer:
    """One of them; to those who may share it, with whom it is shared."""
    return await _shown(desk, visit, await _named(desk, visit), Form(), ())


async def grant(desk: Desk, visit: Visit) -> Answer:
    """Let a user or an organization have it; what is not right yet is told on the form."""
    found = await _named(desk, visit)

    async def send() -> Answer:
        return settled(await desk.writes.grant_artifact(visit.sends(_grantee(visit.form))), visit, place_of(found))

    return await filled_in(send, partial(_shown, desk, visit, found, visit.form))


async def revoke(desk: Desk, visit: Visit) -> Answer:
    """Take it back from one of them."""
    found = await _named(desk, visit)
    return settled(await desk.writes.revoke_artifact(visit.sends(_grantee(visit.form))), visit, place_of(found))


async def content(desk: Desk, visit: Visit) -> Answer:
    """The file."""
    return await desk.streams.read_artifact(visit.call)


def place_of(artifact: ArtifactView) -> str:
    """Its page."""
    return f"/artifacts/{quote(artifact.artifact_id)}"


def _grantee(form: Form) -> Grantee:
    return Grantee.model_validate({"user": form.given("user"), "organization": form.given("organization")})


async def _named(desk: Desk, visit: Visit) -> ArtifactView:
    return await desk.queries.kept.get(visit.viewer, visit.path("artifact"))


async def _shown(desk: Desk, visit: Visit, found: ArtifactView, form: Form, wrong: Sequence[Mistake]) -> View:
    context = {
        "artifact": found,
        "organizations": await every(desk.queries.organizations) if found.grants is not None else (),
        "form": form,
        "wrong": wrong,
        "key": visit.call.command_id,
    }
    return View(template="artifact.html", context=context, status=STATUS_UNPROCESSABLE if wrong else 200)


PAGES = (
    Page(path="/artifacts", handler=listing, query=ArtifactQuery, menu="Artifacts"),
    Page(path="/artifacts/{artifact}", handler=detail),
    Page(path="/artifacts/{artifact}/content", handler=content),
    Page(path="/artifacts/{artifact}/grant", handler=grant, method=POST, roles=roles_of("grant_artifact")),
    Page(path="/artifacts/{artifact}/revoke", handler=revoke, method=POST, roles=roles_of("revoke_artifact")),
)

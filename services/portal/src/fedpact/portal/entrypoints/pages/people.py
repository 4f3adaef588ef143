"""One's organization and its people: who they are, what they may do, and the owner's means to change it."""

from collections.abc import Sequence
from functools import partial
from urllib.parse import quote, urlencode

from fedpact.contracts.api import NewOrganization, NewUser, PageQuery, UserChange, UserView
from fedpact.contracts.envelope import Actor
from fedpact.contracts.identity import Role
from fedpact.portal.entrypoints.calls import may_enter
from fedpact.portal.entrypoints.pages.forms import Form, Mistake
from fedpact.portal.entrypoints.pages.outcomes import filled_in, settled
from fedpact.portal.entrypoints.pages.page import POST, Answer, Desk, Page, View, Visit, roles_of
from fedpact.portal.entrypoints.pages.registered import every, only
from fedpact.portal.entrypoints.pages.trouble import STATUS_UNPROCESSABLE

OWNERS = roles_of("register_user")
ADMINS = roles_of("register_organization")
MEANINGS = {
    Role.OWNER: "everything in the organization; the only one who writes asset policies",
    Role.DATA_STEWARD: "registers and proposes datasets at the own gateways",
    Role.DATA_SCIENTIST: "proposes compute specs and runs jobs",
    Role.MODEL_MANAGER: "publishes models and their versions",
    Role.ADMIN: "runs the federation: organizations and gateways",
}


def may_change(viewer: Actor, user: UserView) -> bool:
    """Whether to offer it; identity decides."""
    return viewer.has(Role.ADMIN) or (viewer.has(Role.OWNER) and viewer.organization == user.organization)


def roles_for(viewer: Actor) -> Sequence[Role]:
    """The roles the viewer can give: only an admin makes admins."""
    return [role for role in MEANINGS if role is not Role.ADMIN or viewer.has(Role.ADMIN)]


def address(page: int) -> str:
    return "/organization" + (f"?{urlencode({'page': page})}" if page else "")


async def organization(desk: Desk, visit: Visit) -> Answer:
    """One's organization, the people one may see, and the other parties."""
    viewer = visit.viewer
    everybody = await every(desk.queries.organizations)
    context = {
        "own": next((one for one in everybody if one.organization == viewer.organization), None),
        "others": [one for one in everybody if one.organization != viewer.organization],
        "page": await desk.queries.users(viewer, visit.asked(PageQuery)),
        "address": address,
        "may_add": may_enter(viewer, OWNERS),
        "may_add_organizations": viewer.has(*ADMINS),
        "meanings": MEANINGS,
    }
    return View(template="organization.html", context=context)


async def user(desk: Desk, visit: Visit) -> Answer:
    """One person."""
    found = await desk.queries.user(visit.viewer, visit.path("user"))
    return await _user(visit, found, ())


async def change(desk: Desk, visit: Visit) -> Answer:
    """New roles and groups."""
    found = await desk.queries.user(visit.viewer, visit.path("user"))

    async def send() -> Answer:
        sent = UserChange.model_validate({"roles": visit.form.many("roles"), "groups": _groups(visit.form)})
        outcome = await desk.writes.change_user(visit.sends(sent))
        return settled(outcome, visit, f"/users/{quote(found.user)}")

    return await filled_in(send, partial(_user, visit, found))


async def stand(desk: Desk, visit: Visit) -> Answer:
    """Disable somebody, or let them in again."""
    key = visit.path("user")
    sent = UserChange(disabled=visit.form.text("disabled") == "yes")
    outcome = await desk.writes.change_user(visit.sends(sent))
    return settled(outcome, visit, f"/users/{quote(key)}")


async def draft(desk: Desk, visit: Visit) -> Answer:
    """The form for somebody new."""
    return await _form(desk, visit, Form(), ())


async def add(desk: Desk, visit: Visit) -> Answer:
    """Add somebody to an organization."""
    form = visit.form

    async def send() -> Answer:
        told = {name: form.given(name) for name in ("organization", "email")}
        told |= {name: form.text(name) for name in ("user", "name")}
        sent = NewUser.model_validate(told | {"roles": form.many("roles"), "groups": _groups(form)})
        outcome = await desk.writes.register_user(visit.sends(sent))
        return settled(outcome, visit, f"/users/{quote(sent.user)}")

    return await filled_in(send, partial(_form, desk, visit, form))


async def organization_draft(_: Desk, visit: Visit) -> Answer:
    """The form for a new party."""
    only(visit, ADMINS)
    return await _organization_form(visit, ())


async def add_organization(desk: Desk, visit: Visit) -> Answer:
    """Add an organization to the federation."""

    async def send() -> Answer:
        sent = NewOrganization(organization=visit.form.text("organization"), name=visit.form.text("name"))
        return settled(await desk.writes.register_organization(visit.sends(sent)), visit, "/organization")

    return await filled_in(send, partial(_organization_form, visit))


def _groups(form: Form) -> Sequence[str]:
    return [name for name in form.text("groups").replace(",", " ").split() if name]


async def _user(visit: Visit, found: UserView, wrong: Sequence[Mistake]) -> View:
    context = {
        "user": found,
        "roles": roles_for(visit.viewer),
        "meanings": MEANINGS,
        "may_change": may_change(visit.viewer, found),
        "wrong": wrong,
        "key": visit.call.command_id,
    }
    return View(template="user.html", context=context, status=STATUS_UNPROCESSABLE if wrong else 200)


async def _form(desk: Desk, visit: Visit, form: Form, wrong: Sequence[Mistake]) -> View:
    anywhere = visit.viewer.has(Role.ADMIN)
    context = {
        "organizations": await every(desk.queries.organizations) if anywhere else [],
        "roles": roles_for(visit.viewer),
        "meanings": MEANINGS,
        "form": form,
        "wrong": wrong,
        "key": visit.call.command_id,
    }
    return View(template="user_new.html", context=context, status=STATUS_UNPROCESSABLE if wrong else 200)


async def _organization_form(visit: Visit, wrong: Sequence[Mistake]) -> View:
    context = {"form": visit.form, "wrong": wrong, "key": visit.call.command_id}
    return View(template="organization_new.html", context=context, status=STATUS_UNPROCESSABLE if wrong else 200)


PAGES = (
    Page(path="/organization", handler=organization, query=PageQuery, menu="Organization"),
    Page(path="/users/{user}", handler=user),
    Page(path="/users/{user}", handler=change, method=POST, roles=OWNERS),
    Page(path="/users/{user}/standing", handler=stand, method=POST, roles=OWNERS),
    Page(path="/new/user", handler=draft, roles=OWNERS),
    Page(path="/new/user", handler=add, method=POST, roles=OWNERS),
    Page(path="/new/organization", handler=organization_draft, roles=ADMINS),
    Page(path="/new/organization", handler=add_organization, method=POST, roles=ADMINS),
)

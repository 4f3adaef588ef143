"""
The table of pages made into an application.

Every request passes the same door as the API's: the token behind the browser's cookie is verified, the roles are
checked, then the page's handler runs. A form is taken only with the mark of this browser's own pages, and from this
very origin. Whatever goes wrong is a page, too.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hmac import compare_digest
from urllib.parse import quote, urlsplit

from aiohttp import web
from multidict import MultiDict, MultiDictProxy

from fedpact.chassis.guard import outcome_of
from fedpact.contracts.envelope import Actor
from fedpact.portal.app.feed import cursor_text
from fedpact.portal.app.orders import command_id_of
from fedpact.portal.domain.errors import ForeignFormError, NotVisibleError
from fedpact.portal.entrypoints.calls import Call, Door, may_enter
from fedpact.portal.entrypoints.pages.assets import Assets
from fedpact.portal.entrypoints.pages.forms import CSRF, KEY, Form
from fedpact.portal.entrypoints.pages.login import CALLBACK, Entrance, own_place
from fedpact.portal.entrypoints.pages.page import GET, Answer, Desk, Page, Redirect, View, Visit
from fedpact.portal.entrypoints.pages.trouble import UNAUTHORIZED, Trouble, trouble_of

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY, "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin"}
MARK = "X-CSRF-Token"
ELSEWHERE = r"/{place:(?!v1(?:/|$)|static/).*}"
Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """All pages behind one door."""

    door: Door
    entrance: Entrance
    desk: Desk
    assets: Assets
    pages: Sequence[Page]

    def add_to(self, app: web.Application) -> None:
        """Serve the table's pages in `app`, and whatever else a browser asks for as a page that says so."""
        self.assets.add_to(app)
        for path, answer in {
            "/login": self._login_page,
            "/login/start": self.entrance.start,
            CALLBACK: self.entrance.come_back,
        }.items():
            app.router.add_get(path, self._safely(answer))
        app.router.add_post("/logout", self._safely(self._logout))
        for page in self.pages:
            app.router.add_route(page.method.value, page.path, self._safely(self._of(page)))
        app.router.add_get(ELSEWHERE, self._safely(self._of(Page(path=ELSEWHERE, handler=_nowhere))))

    def _of(self, page: Page) -> Answering:
        async def answer(request: web.Request) -> web.StreamResponse:
            visit = await self._visit(request, page)
            return self._response(request, visit, await page.handler(self.desk, visit))

        return answer

    async def _visit(self, request: web.Request, page: Page) -> Visit:
        secret, token = await self.entrance.secret_and_token(request)
        viewer = await self.door.admit(token, page.roles)
        form = await self._form(request, secret) if page.method is not GET else Form()
        call = Call(
            request=request,
            viewer=viewer,
            token=token,
            query=await self.door.asked({name: text for name, text in request.query.items() if text}, page.query),
            command_id=command_id_of(viewer.user, form.given(KEY)),
            repeatable=form.given(KEY) is not None,
        )
        seen = cursor_text(self.desk.feed.heads)
        return Visit(call=call, form=form, csrf=self.entrance.csrf(secret), partial=_is_partial(request), seen=seen)

    async def _form(self, request: web.Request, secret: str) -> Form:
        """The form, if one of our own pages sent it."""
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.host:
            raise ForeignFormError("this form was sent by another site: open the page here and send it again")
        fields = await request.post()
        texts: MultiDict[str] = MultiDict((name, value) for name, value in fields.items() if isinstance(value, str))
        mark = request.headers.get(MARK) or texts.get(CSRF) or ""
        if not compare_digest(mark.encode(), self.entrance.csrf(secret).encode()):
            raise ForeignFormError("this form is from another login: open the page again and send it again")
        return Form(MultiDictProxy(texts))

    def _response(self, request: web.Request, visit: Visit, answer: Answer) -> web.StreamResponse:
        match answer:
            case View():
                return self._view(request, answer, viewer=visit.viewer, csrf=visit.csrf, seen=visit.seen)
            case Redirect():
                return _away(request, answer.place)
            case _:
                return answer

    def _view(
        self, request: web.Request, view: View, *, viewer: Actor | None = None, csrf: str = "", seen: str = ""
    ) -> web.StreamResponse:
        around = {
            "viewer": viewer,
            "csrf": csrf,
            "seen": seen,
            "here": request.path,
            "menu": [page for page in self.pages if page.menu and viewer and may_enter(viewer, page.roles)],
            "version": self.desk.config.version,
            "first_step": self.desk.first_step,
            "now": self.desk.clock.now(),
        }
        text = self.desk.look.text(view.template, around | dict(view.context))
        return web.Response(text=text, status=view.status, content_type="text/html", headers=HEADERS)

    def _safely(self, answer: Answering) -> Answering:
        async def safe(request: web.Request) -> web.StreamResponse:
            outcome = await outcome_of(answer(request))
            if not isinstance(outcome, Exception):
                return outcome
            return await self._troubled(request, trouble_of(outcome, request))

        return safe

    async def _troubled(self, request: web.Request, trouble: Trouble) -> web.StreamResponse:
        if request.headers.get("Accept") == "text/event-stream":
            return web.Response(status=trouble.status, text=trouble.text)
        if trouble.status == UNAUTHORIZED and not request.path.startswith("/login"):
            wanted = request.path_qs if request.method == GET.value and not _is_partial(request) else ""
            return _away(request, "/login" + (f"?next={quote(wanted)}" if wanted not in {"", "/"} else ""))
        if _is_partial(request):
            view = View(template="_trouble.html", context={"trouble": trouble}, status=trouble.status)
            return self._view(request, view)
        viewer, csrf = await self._whoever(request)
        view = View(template="trouble.html", context={"trouble": trouble}, status=trouble.status)
        return self._view(request, view, viewer=viewer, csrf=csrf)

    async def _whoever(self, request: web.Request) -> tuple[Actor | None, str]:
        """Who is logged in, if that can be told just now."""

        async def known() -> tuple[Actor, str]:
            secret, token = await self.entrance.secret_and_token(request)
            return await self.door.admit(token, ()), self.entrance.csrf(secret)

        outcome = await outcome_of(known())
        return (None, "") if isinstance(outcome, Exception) else outcome

    async def _login_page(self, request: web.Request) -> web.StreamResponse:
        viewer, csrf = await self._whoever(request)
        context = {"next": own_place(request.query.get("next", "")), "done": "done" in request.query}
        return self._view(request, View(template="login.html", context=context), viewer=viewer, csrf=csrf)

    async def _logout(self, request: web.Request) -> web.StreamResponse:
        secret, _ = await self.entrance.secret_and_token(request)
        await self._form(request, secret)
        return await self.entrance.leave(request)


async def _nowhere(_: Desk, visit: Visit) -> Answer:
    raise NotVisibleError("page", visit.call.request.path[:80])


def _is_partial(request: web.Request) -> bool:
    return "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers


def _away(request: web.Request, place: str) -> web.StreamResponse:
    """Go there: the whole page, also when only a part of it was asked for."""
    if _is_partial(request):
        return web.Response(status=204, headers={"HX-Redirect": place})
    return web.Response(status=303, headers={"Location": place})

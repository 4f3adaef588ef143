"""
The way into an application, before any of it is asked: what is no HTTP is a problem too.

aiohttp answers such with its own text, which repeats what came and names its version. Neither is anybody's business.
"""

from http import HTTPStatus

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from fedpact.chassis.problems import problem

LAST_SECONDS = 5.0
"""How long a server that is to end goes on with what it is answering: who is cut off asks its successor."""
NAME = "fedpact"
UNREADABLE = "this is no request that can be read: see its first line, its headers and its length"


class Door(web.AppRunner):
    """Serves an application; every answer is ours, and says of the server its name alone."""

    def __init__(self, app: web.Application) -> None:
        app.on_response_prepare.append(_named)
        super().__init__(
            app,
            access_log=None,
            keepalive_timeout=15,
            shutdown_timeout=LAST_SECONDS,
            max_line_size=8190,
            max_field_size=8190,
        )

    async def _make_server(self) -> web.Server:
        usual = await super()._make_server()
        return _Server(usual.request_handler, request_factory=usual.request_factory, **self._kwargs)


class _Server(web.Server):
    def __call__(self) -> RequestHandler:
        return _Conversation(self, loop=self._loop, **self._kwargs)


class _Conversation(RequestHandler):
    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """What aiohttp logs of it stays in the log."""
        super().handle_error(request, status, exc, message)
        told = UNREADABLE if status < HTTPStatus.INTERNAL_SERVER_ERROR else "this is our fault; the log has it"
        answer = problem(status, HTTPStatus(status).phrase.lower().replace(" ", "_"), told)
        answer.headers["Server"] = NAME
        answer.force_close()
        return answer


async def _named(_: web.Request, answer: web.StreamResponse) -> None:
    answer.headers["Server"] = NAME

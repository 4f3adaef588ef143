"""The synchronous way to a portal: drives flows with httpx, and opens the two kinds of streams."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import uuid4

import httpx
from pydantic import BaseModel

from fedpact.client import flows
from fedpact.client.addresses import http_client, unanswered
from fedpact.client.answers import error_of
from fedpact.client.clock import Clock
from fedpact.client.errors import UnreachableError
from fedpact.client.flows import Flow, Patience, Pause, Send
from fedpact.client.messages import NoAnswer, Request, Response
from fedpact.client.tokens import TokenSource

A = TypeVar("A", bound=BaseModel)
R = TypeVar("R")
EVENTS_TIMEOUT = httpx.Timeout(45.0, connect=5.0)
"""A stream that lives says so every fifteen seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a client may be given besides the portal and a token: another transport, clock or patience."""

    transport: httpx.BaseTransport | None = None
    clock: Clock = field(default_factory=Clock)
    patience: Patience = field(default_factory=Patience)


class Hub:
    """One portal, spoken to as one account."""

    def __init__(self, url: str, tokens: TokenSource, options: Options) -> None:
        self.url, self.clock = url, options.clock
        self._tokens, self._patience = tokens, options.patience
        self._http = http_client(url, options.transport)

    def call(self, request: Request[A]) -> A:
        """The answer to one request."""
        return self.run(self.flow(request))

    def flow(self, request: Request[A]) -> Flow[A]:
        """The same, as a part of a longer flow."""
        return flows.call(request, self._patience, self.clock.elapsed)

    def run(self, flow: Flow[R]) -> R:
        """Do what the flow wants until it is done."""
        reply: Response | NoAnswer | None = None
        while True:
            try:
                wanted = flow.send(reply)
            except StopIteration as end:
                result: R = end.value
                return result
            reply = self._do(wanted)

    @staticmethod
    def key(given: str | None = None) -> str:
        """The idempotency key of a write: one's own, or a new one."""
        return given or str(uuid4())

    @contextmanager
    def stream(
        self,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: httpx.Timeout | None = None,
    ) -> Iterator[httpx.Response]:
        """An answer that is read piece by piece. What breaks off while it is read is `UnreachableError` too."""
        try:
            with self._opened(path, query or {}, headers or {}, timeout) as response:
                yield response
        except httpx.TransportError as error:
            raise UnreachableError(f"{unanswered(self.url, error)}: try again") from error

    def close(self) -> None:
        self._http.close()

    @contextmanager
    def _opened(
        self, path: str, query: Mapping[str, str], headers: Mapping[str, str], timeout: httpx.Timeout | None
    ) -> Iterator[httpx.Response]:
        for fresh in (False, True):
            request = self._http.build_request(
                "GET",
                path,
                params=query,
                headers={**headers, **self._authorization(fresh=fresh)},
                timeout=timeout or self._http.timeout,
            )
            response = self._http.send(request, stream=True)
            try:
                if response.status_code == httpx.codes.UNAUTHORIZED and not fresh:
                    continue
                if not response.is_success:
                    response.read()
                    raise error_of(_response(response))
                yield response
                return
            finally:
                response.close()

    def _do(self, wanted: Send | Pause) -> Response | NoAnswer | None:
        match wanted:
            case Pause(seconds=seconds):
                self.clock.sleep(seconds)
                return None
            case Send(request=request, fresh=fresh):
                return self._send(request, fresh=fresh)

    def _send(self, request: Request[Any], *, fresh: bool) -> Response | NoAnswer:
        headers = {**request.headers, **self._authorization(fresh=fresh)}
        try:
            return _response(
                self._http.request(
                    request.method, request.path, params=request.query, content=request.body, headers=headers
                )
            )
        except httpx.TransportError as error:
            return NoAnswer(unanswered(self.url, error))

    def _authorization(self, *, fresh: bool) -> dict[str, str]:
        token = self._tokens.token(fresh=fresh)
        return {"Authorization": f"Bearer {token}"} if token else {}


def _response(response: httpx.Response) -> Response:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Response(status=response.status_code, headers=headers, body=response.content)

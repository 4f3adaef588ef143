"""The synchronous way to a portal: does what flows want with httpx, one thing after the other."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel

from fedpact.client.addresses import http_client, unanswered
from fedpact.client.clock import Clock
from fedpact.client.flows import Patience
from fedpact.client.messages import NoAnswer, Request, Response
from fedpact.client.progress import Progress, Watcher, quiet
from fedpact.client.steps import Chunk, Flow, Line, Open, Pause, Reply, Send, Show, Step, Tell, Telling
from fedpact.client.tokens import TokenSource
from fedpact.client.way import Way

A = TypeVar("A", bound=BaseModel)
R = TypeVar("R")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a client may be given besides the portal and a token: another transport, clock, patience or progress."""

    transport: httpx.BaseTransport | None = None
    clock: Clock = field(default_factory=Clock)
    patience: Patience = field(default_factory=Patience)
    progress: Watcher = quiet


class Hub(Way):
    """One portal, spoken to as one account."""

    def __init__(self, url: str, tokens: TokenSource, options: Options) -> None:
        super().__init__(url, options.patience, options.clock.elapsed)
        self.clock, self._tokens, self._watcher = options.clock, tokens, options.progress
        self._http = http_client(url, options.transport)

    def call(self, request: Request[A]) -> A:
        """The answer to one request."""
        return self.run(self.flow(request))

    def run(self, flow: Flow[R]) -> R:
        """Do what the flow wants until it is done."""
        reply: Reply = None
        with _Run(self, flow) as run:
            while True:
                try:
                    step = flow.send(reply)
                except StopIteration as end:
                    result: R = end.value
                    return result
                reply = run.do(step)

    def told(self, flow: Telling[T]) -> Iterator[T]:
        """What the flow tells, as it is asked for."""
        reply: Reply = None
        with _Run(self, flow) as run:
            while True:
                try:
                    step = flow.send(reply)
                except StopIteration:
                    return
                if isinstance(step, Tell):
                    reply = None
                    yield step.item
                else:
                    reply = run.do(step)

    def close(self) -> None:
        self._http.close()

    def send(self, step: Send) -> Response | NoAnswer:
        """The answer to one request, read whole."""
        asked = step.request
        headers = {**asked.headers, **self._authorization(fresh=step.fresh)}
        try:
            return response_of(
                self._http.request(asked.method, asked.path, params=asked.query, content=asked.body, headers=headers)
            )
        except httpx.TransportError as error:
            return NoAnswer(unanswered(self.url, error))

    def open(self, step: Open) -> httpx.Response | NoAnswer:
        """An answer that is read piece by piece, unless it is a refusal."""
        headers = {**step.headers, **self._authorization(fresh=step.fresh)}
        request = self._http.build_request(
            "GET", step.path, params=step.query, headers=headers, timeout=silence_of(step)
        )
        try:
            response = self._http.send(request, stream=True)
            if not response.is_success:
                response.read()
        except httpx.TransportError as error:
            return NoAnswer(unanswered(self.url, error))
        return response

    def progress(self) -> Progress:
        return self._watcher()

    def _authorization(self, *, fresh: bool) -> dict[str, str]:
        token = self._tokens.token(fresh=fresh)
        return {"Authorization": f"Bearer {token}"} if token else {}


class _Run:
    """One flow being driven: what it has open, and who watches it."""

    def __init__(self, hub: Hub, flow: Flow[Any] | Telling[Any]) -> None:
        self._hub, self._flow, self._progress = hub, flow, hub.progress()
        self._stream: httpx.Response | None = None
        self._pieces: Iterator[str] | Iterator[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._flow.close()
        self._close()
        self._progress.done()

    def do(self, step: Step) -> Reply:
        match step:
            case Pause(seconds=seconds):
                self._hub.clock.sleep(seconds)
                return None
            case Send():
                return self._hub.send(step)
            case Open():
                return self._open(step)
            case Show(text=text):
                self._progress.show(text)
                return None
            case Line() | Chunk():
                return self._next(step)

    def _open(self, step: Open) -> Response | NoAnswer:
        self._close()
        found = self._hub.open(step)
        if isinstance(found, NoAnswer):
            return found
        self._stream = found
        return response_of(found) if found.is_closed else Response(status=found.status_code)

    def _next(self, step: Line | Chunk) -> Reply:
        if self._stream is None:
            return None
        if self._pieces is None:
            self._pieces = self._stream.iter_lines() if isinstance(step, Line) else self._stream.iter_bytes()
        try:
            return next(self._pieces, None)
        except httpx.TransportError as error:
            return NoAnswer(unanswered(self._hub.url, error))

    def _close(self) -> None:
        if self._stream is not None:
            self._stream.close()
        self._stream = self._pieces = None


def silence_of(step: Open) -> httpx.Timeout:
    return httpx.Timeout(step.silence, connect=5.0)


def response_of(response: httpx.Response) -> Response:
    """What came back, as a value."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Response(status=response.status_code, headers=headers, body=response.content)

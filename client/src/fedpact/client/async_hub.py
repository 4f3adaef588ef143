"""The asynchronous way to a portal: does what flows want with httpx and asyncio. The twin of `hub`, step by step."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

import httpx
from pydantic import BaseModel

from fedpact.client.addresses import async_http_client, unanswered
from fedpact.client.flows import Patience
from fedpact.client.hub import response_of, silence_of
from fedpact.client.messages import NoAnswer, Request, Response
from fedpact.client.progress import Progress, Watcher, quiet
from fedpact.client.steps import Chunk, Flow, Line, Open, Pause, Reply, Send, Show, Step, Tell, Telling
from fedpact.client.tokens import TokenSource
from fedpact.client.way import Way

A = TypeVar("A", bound=BaseModel)
R = TypeVar("R")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncOptions:
    """What an asynchronous client may be given besides the portal and a token."""

    transport: httpx.AsyncBaseTransport | None = None
    elapsed: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    patience: Patience = field(default_factory=Patience)
    progress: Watcher = quiet


class AsyncHub(Way):
    """One portal, spoken to as one account, by many tasks at a time if need be."""

    def __init__(self, url: str, tokens: TokenSource, options: AsyncOptions) -> None:
        super().__init__(url, options.patience, options.elapsed)
        self.sleep, self._tokens, self._watcher = options.sleep, tokens, options.progress
        self._http = async_http_client(url, options.transport)

    async def call(self, request: Request[A]) -> A:
        """The answer to one request."""
        return await self.run(self.flow(request))

    async def run(self, flow: Flow[R]) -> R:
        """Do what the flow wants until it is done."""
        reply: Reply = None
        async with _Run(self, flow) as run:
            while True:
                try:
                    step = flow.send(reply)
                except StopIteration as end:
                    result: R = end.value
                    return result
                reply = await run.do(step)

    async def told(self, flow: Telling[T]) -> AsyncIterator[T]:
        """What the flow tells, as it is asked for."""
        reply: Reply = None
        async with _Run(self, flow) as run:
            while True:
                try:
                    step = flow.send(reply)
                except StopIteration:
                    return
                if isinstance(step, Tell):
                    reply = None
                    yield step.item
                else:
                    reply = await run.do(step)

    async def close(self) -> None:
        await self._http.aclose()

    async def send(self, step: Send) -> Response | NoAnswer:
        """The answer to one request, read whole."""
        asked = step.request
        headers = {**asked.headers, **await self._authorization(fresh=step.fresh)}
        try:
            return response_of(
                await self._http.request(
                    asked.method, asked.path, params=asked.query, content=asked.body, headers=headers
                )
            )
        except httpx.TransportError as error:
            return NoAnswer(unanswered(self.url, error))

    async def open(self, step: Open) -> httpx.Response | NoAnswer:
        """An answer that is read piece by piece, unless it is a refusal."""
        headers = {**step.headers, **await self._authorization(fresh=step.fresh)}
        request = self._http.build_request(
            "GET", step.path, params=step.query, headers=headers, timeout=silence_of(step)
        )
        try:
            response = await self._http.send(request, stream=True)
            if not response.is_success:
                await response.aread()
        except httpx.TransportError as error:
            return NoAnswer(unanswered(self.url, error))
        return response

    def progress(self) -> Progress:
        return self._watcher()

    async def _authorization(self, *, fresh: bool) -> dict[str, str]:
        """In a thread of its own: a login may have to be refreshed, by one process at a time."""
        token = await asyncio.to_thread(self._tokens.token, fresh=fresh)
        return {"Authorization": f"Bearer {token}"} if token else {}


class _Run:
    """One flow being driven: what it has open, and who watches it."""

    def __init__(self, hub: AsyncHub, flow: Flow[Any] | Telling[Any]) -> None:
        self._hub, self._flow, self._progress = hub, flow, hub.progress()
        self._stream: httpx.Response | None = None
        self._pieces: AsyncIterator[str] | AsyncIterator[bytes] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._flow.close()
        await self._close()
        self._progress.done()

    async def do(self, step: Step) -> Reply:
        match step:
            case Pause(seconds=seconds):
                await self._hub.sleep(seconds)
                return None
            case Send():
                return await self._hub.send(step)
            case Open():
                return await self._open(step)
            case Show(text=text):
                self._progress.show(text)
                return None
            case Line() | Chunk():
                return await self._next(step)

    async def _open(self, step: Open) -> Response | NoAnswer:
        await self._close()
        found = await self._hub.open(step)
        if isinstance(found, NoAnswer):
            return found
        self._stream = found
        return response_of(found) if found.is_closed else Response(status=found.status_code)

    async def _next(self, step: Line | Chunk) -> Reply:
        if self._stream is None:
            return None
        if self._pieces is None:
            self._pieces = self._stream.aiter_lines() if isinstance(step, Line) else self._stream.aiter_bytes()
        try:
            return await anext(self._pieces, None)
        except httpx.TransportError as error:
            return NoAnswer(unanswered(self._hub.url, error))

    async def _close(self) -> None:
        if self._stream is not None:
            await self._stream.aclose()
        self._stream = self._pieces = None

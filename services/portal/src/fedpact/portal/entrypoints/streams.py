"""Answers that are not one JSON document: events as they happen, and the content of artifacts."""

import asyncio
from dataclasses import dataclass, field

from aiohttp import web

from fedpact.contracts.api import EventQuery
from fedpact.portal.app.feed import Feed, Listener, cursor_text, read_cursor
from fedpact.portal.app.ports import Files
from fedpact.portal.app.queries import Queries
from fedpact.portal.app.views import timeline_entry
from fedpact.portal.domain.model import Entry
from fedpact.portal.entrypoints.calls import Call
from fedpact.portal.entrypoints.files import content

GAP = b"event: fedpact.gap\ndata: {}\n\n"
"""More was missed than is told again: the listener has to read the resources anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """In seconds: how often a silent stream says that it lives, and how long a stream lives."""

    heartbeat: float = 15.0
    life: float = 900.0


@dataclass(slots=True)
class _Telling:
    """One open stream of events: what was told up to where."""

    call: Call
    answer: web.StreamResponse
    listener: Listener[Entry]
    cursor: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """Handlers that write their answer themselves."""

    queries: Queries
    feed: Feed
    files: Files
    pace: Pace

    async def events(self, call: Call) -> web.StreamResponse:
        """Server-sent events. The stream ends after a while, so that nobody listens on a token that is over."""
        last = call.request.headers.get("Last-Event-ID")
        start = read_cursor(last) if last else None
        with self.feed.listening() as listener:
            now = dict(self.feed.heads)
            whole, missed = await self.feed.missed(start, now) if start is not None else (True, ())
            answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
            await answer.prepare(call.request)
            telling = _Telling(call, answer, listener, dict(now if start is None else start))
            try:
                await answer.write(b"retry: 2000\n" + _place(telling) + (b"" if whole else GAP))
                for entry in missed:
                    await self._tell(telling, entry)
                await self._follow(telling)
            except ConnectionResetError:
                return answer
        return answer

    async def read_artifact(self, call: Call) -> web.StreamResponse:
        """The content of an artifact."""
        file, ticket = await self.queries.kept.ticket(call.viewer, call.path("artifact"), call.token)
        return await content(call.request, self.files, file, ticket)

    async def artifact(self, call: Call) -> web.StreamResponse:
        """The content of a job's file."""
        key = await self.queries.artifact_named(call.viewer, call.path("job"), call.path("name"))
        file, ticket = await self.queries.kept.ticket(call.viewer, key, call.token)
        return await content(call.request, self.files, file, ticket)

    async def _follow(self, telling: _Telling) -> None:
        try:
            async with asyncio.timeout(self.pace.life):
                while (entry := await self._next(telling)) is not None:
                    await self._tell(telling, entry)
        except TimeoutError:
            return

    async def _next(self, telling: _Telling) -> Entry | None:
        while True:
            try:
                return await asyncio.wait_for(telling.listener.lines.get(), self.pace.heartbeat)
            except TimeoutError:
                await telling.answer.write(b": still here\n" + _place(telling))

    async def _tell(self, telling: _Telling, entry: Entry) -> None:
        if entry.position <= telling.cursor.get(entry.origin, 0):
            return
        telling.cursor[entry.origin] = entry.position
        query = telling.call.asked(EventQuery)
        wanted = query.spec in (None, entry.spec_id) and query.correlation in (None, entry.correlation)
        if wanted and self.queries.may_hear(telling.call.viewer, entry):
            told = timeline_entry(entry).model_dump_json()
            frame = f"event: {entry.kind}\ndata: {told}\n".encode()
            await telling.answer.write(frame + _place(telling))


def _place(telling: _Telling) -> bytes:
    """The end of a frame: without data before it, it only moves the listener's `Last-Event-ID`."""
    return f"id: {cursor_text(telling.cursor)}\n\n".encode()

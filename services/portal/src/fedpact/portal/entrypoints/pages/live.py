"""
Pages that stay true while one looks: server-sent events with names a page's parts listen for.

A page says what it had seen when it was written, so whatever happens until it listens is told first. A stream ends
after a while and the browser comes back by itself, with a login that is still good or not at all. Who comes back may
have missed something and is told `sync`, so that every part is fetched anew.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from fedpact.chassis.guard import outcome_of
from fedpact.portal.app.feed import read_cursor
from fedpact.portal.domain.model import Entry, Measured
from fedpact.portal.entrypoints.pages.page import Desk, Visit

News = Entry | Measured
Tell = Callable[[News], Awaitable[bytes]]
"""The frames some news are worth on a page; empty when they are worth none."""
SEEN = "seen"
"""How a page's stream says what the page had seen."""
HEARTBEAT = b": still here\n\n"


def frame(event: str, text: str = "") -> bytes:
    """One event."""
    lines = "".join(f"data: {line}\n" for line in (text or "-").splitlines())
    return f"event: {event}\nid: 1\n{lines}\n".encode()


async def live(desk: Desk, visit: Visit, tell: Tell) -> web.StreamResponse:
    """Everything since the page was written that `tell` has frames for."""
    request = visit.call.request
    answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
    with desk.feed.watching() as watcher:
        begins = await _meanwhile(desk, request, tell)
        await answer.prepare(request)
        try:
            await answer.write(b"retry: 2000\n\n" + begins)
            async for news in _until_late(desk, watcher.lines):
                told = await _told(tell, news, request)
                if told:
                    await answer.write(told)
        except ConnectionResetError:
            return answer
    return answer


async def _meanwhile(desk: Desk, request: web.Request, tell: Tell) -> bytes:
    """What happened between the page and its stream. Whoever watches already misses nothing after the heads."""
    seen, heads = request.query.get(SEEN), dict(desk.feed.heads)
    if "Last-Event-ID" in request.headers:
        return frame("sync")
    if seen is None:
        return HEARTBEAT
    whole, missed = await desk.feed.missed(read_cursor(seen), heads)
    return HEARTBEAT + b"".join([await tell(entry) for entry in missed]) if whole else frame("sync")


async def _told(tell: Tell, news: News | None, request: web.Request) -> bytes:
    """The frames of some news. After an error nothing else can be said on this stream: it is cut, and logged."""
    if news is None:
        return HEARTBEAT
    outcome = await outcome_of(tell(news))
    if isinstance(outcome, Exception):
        if request.transport is not None:
            request.transport.abort()
        raise outcome
    return outcome


async def _until_late(desk: Desk, lines: "asyncio.Queue[News | None]") -> AsyncIterator[News | None]:
    """News as they come, and `None` whenever there was none for a while."""
    pace, loop = desk.streams.pace, asyncio.get_running_loop()
    end = loop.time() + pace.life
    while (rest := end - loop.time()) > 0:
        try:
            news = await asyncio.wait_for(lines.get(), min(pace.heartbeat, rest))
        except TimeoutError:
            yield None
            continue
        if news is None:
            return
        yield news

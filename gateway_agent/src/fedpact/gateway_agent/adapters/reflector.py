"""
What a cluster has of one kind of object under our labels, kept up to date by listing once and watching on.

A watch is not to be trusted for ever: each one is bounded in time and followed by a new list, and so is whatever goes
wrong, for after an error nobody knows what was missed. While it does not hear from the cluster it says so rather than
tell old news. What its owner has made or removed counts at once, also where the cluster's news of it is on its way.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import httpx2
from lightkube import AsyncClient
from lightkube.core.resource import NamespacedResource

from fedpact.gateway_agent.domain.errors import LaunchError

R = TypeVar("R", bound=NamespacedResource)
WINDOW = 240
"""Seconds of one watch."""
LATE = 15.0
"""Seconds by which a watch may end late before its connection is given up."""
FIRST_PAUSE, LAST_PAUSE = 0.2, 15.0
PATIENCE = 10.0
LOST = (httpx2.HTTPError, OSError, TimeoutError)
log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Reflector(Generic[R]):
    """Objects of `kind` with these labels, by name, as the cluster last told."""

    client: AsyncClient
    kind: type[R]
    labels: dict[str, str]
    window: int = WINDOW
    late: float = LATE
    _objects: dict[str, R] = field(default_factory=dict)
    _made: dict[str, R] = field(default_factory=dict)
    """By uid: made by our owner, and not heard of yet."""
    _removed: set[str] = field(default_factory=set)
    """Uids that our owner knows to be gone."""
    _fresh: asyncio.Event = field(default_factory=asyncio.Event)

    async def objects(self) -> list[R]:
        """All of them. Raises `LaunchError` when the cluster was not heard of for too long."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._fresh.wait()
        except TimeoutError as late:
            raise LaunchError("the cluster does not answer; see whether its API server is reached") from late
        known = {uid_of(one): one for one in self._objects.values()}
        return [one for uid, one in {**self._made, **known}.items() if uid not in self._removed]

    def made(self, one: R) -> None:
        """Our owner created it."""
        self._made[uid_of(one)] = one

    def removed(self, uids: Iterable[str]) -> None:
        """Our owner has seen that these are gone."""
        for uid in uids:
            self._made.pop(uid, None)
            self._removed.add(uid)

    async def run(self) -> None:
        """For ever."""
        pause = FIRST_PAUSE
        while True:
            try:
                version = await self._list()
                pause = FIRST_PAUSE
                await self._watch(version)
            except LOST as error:
                self._fresh.clear()
                log.warning("%s are listed anew after %s", self.kind.__name__, type(error).__name__)
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - so that agents do not come at once
                pause = min(pause * 2, LAST_PAUSE)

    async def _list(self) -> str:
        before = set(self._made)
        listed = self.client.list(self.kind, labels=dict(self.labels))
        self._objects = {name_of(one): one async for one in listed}
        for uid in before:  # made before the list began: in it, or gone
            self._made.pop(uid, None)
        self._removed &= {uid_of(one) for one in self._objects.values()}
        self._fresh.set()
        return listed.resourceVersion

    async def _watch(self, version: str) -> None:
        """Until the window is over. Whether it was silence or a dead connection, a new list will tell."""
        news = self.client.watch(
            self.kind, labels=dict(self.labels), resource_version=version, server_timeout=self.window
        )
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.window + self.late):
                async for event, one in news:
                    self._hear(event, one)

    def _hear(self, event: str, one: R) -> None:
        if event == "DELETED":
            self._objects.pop(name_of(one), None)
            self._removed.discard(uid_of(one))
        elif event != "BOOKMARK":
            self._objects[name_of(one)] = one
        self._made.pop(uid_of(one), None)


def name_of(one: NamespacedResource) -> str:
    return str(one.metadata.name)  # type: ignore[attr-defined]


def uid_of(one: NamespacedResource) -> str:
    return str(one.metadata.uid)  # type: ignore[attr-defined]

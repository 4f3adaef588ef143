"""
Objects nobody counts on any more are removed: past the retention of every job that left them, or never completed.

The store of jobs decides, the folder is only swept: a crash in between leaves at worst an object for the next sweep.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta

from fedpact.chassis.aggregates import Aggregates
from fedpact.chassis.clock import Clock
from fedpact.chassis.errors import UnavailableError
from fedpact.jobs.app.ports import Objects
from fedpact.jobs.domain.model import Job
from fedpact.jobs.domain.results import Upload, is_needed

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaning:
    jobs: Aggregates[Job]
    uploads: Aggregates[Upload]
    objects: Objects
    clock: Clock
    retention: timedelta | None
    untouched: timedelta
    """Younger objects are left alone: their upload may not be recorded yet."""
    pause: timedelta

    async def run(self) -> None:
        """For ever."""
        while True:
            try:
                await self.once()
            except UnavailableError as error:
                log.warning("cleaning waits: %s", error)
            await asyncio.sleep(self.pause.total_seconds())

    async def once(self) -> int:
        """Remove what nobody counts on now; how many objects that were."""
        now = self.clock.now()
        before = now - self.untouched
        removed = 0
        for digest in await asyncio.to_thread(lambda: list(self.objects.untouched_since(before))):
            jobs = await self.jobs.where("digest", digest)
            if is_needed(jobs, await self.uploads.where("digest", digest), self.retention, now):
                continue
            removed += self.objects.discard(digest, before)
        if removed:
            log.info("removed %d objects nobody counts on", removed)
        return removed

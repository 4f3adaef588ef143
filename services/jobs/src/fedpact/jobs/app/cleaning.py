"""
Content that no artifact refers to any more is removed.

Nobody counts references: the jobs say which content they left, the artifacts which of it was deleted, and both are
asked before anything is removed. So a crash anywhere leaves at worst an object for the next round, and never a
reference to nothing.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from fedpact.chassis.aggregates import Aggregates
from fedpact.chassis.clock import Clock
from fedpact.chassis.errors import UnavailableError
from fedpact.jobs.app.ports import Objects
from fedpact.jobs.domain.artifacts import Artifact, is_living
from fedpact.jobs.domain.model import Job
from fedpact.jobs.domain.results import Upload, named

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaning:
    jobs: Aggregates[Job]
    artifacts: Aggregates[Artifact]
    uploads: Aggregates[Upload]
    objects: Objects
    clock: Clock
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
        """Remove what nobody refers to now; how many objects that were."""
        before = self.clock.now() - self.untouched
        removed = 0
        for digest in await asyncio.to_thread(lambda: list(self.objects.untouched_since(before))):
            removed += await self._removed(digest, before)
        if removed:
            log.info("removed %d objects nobody refers to", removed)
        return removed

    async def consider(self, digest: str) -> bool:
        """Remove one object now, if nobody refers to it and it is old enough; whether it was removed."""
        return await self._removed(digest, self.clock.now() - self.untouched)

    async def _removed(self, digest: str, before: datetime) -> bool:
        return not await self._needed(digest) and self.objects.discard(digest, before)

    async def _needed(self, digest: str) -> bool:
        now = self.clock.now()
        if any(now < upload.expires for upload in await self.uploads.where("digest", digest)):
            return True
        for job in await self.jobs.where("digest", digest):
            for key in named(job, digest):
                if is_living(await self.artifacts.find(key)):
                    return True
        return False

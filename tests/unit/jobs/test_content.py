"""
Content lives exactly as long as an artifact refers to it, whatever is broken off in between.

Everything here is the service's own code over memory and a real folder. A crash is a step that is not done.
"""

import asyncio
import os
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from jobs_values import ALICE, order
from jobs_world import World

from fedpact.chassis.aggregates import Cause
from fedpact.contracts.artifacts import DeleteArtifact, artifact_id
from fedpact.contracts.jobs import ArtifactsStored
from fedpact.jobs.adapters.folder import Folder

JOBS = st.sampled_from(["j1", "j2", "j3"])
CONTENTS = st.sampled_from([b"", b"one", b"two"])
HOURS = 3600.0
T = TypeVar("T")


class NoRegistrar:
    """The process ends before it registers anything."""

    async def register(self, job_id: str, cause: Cause) -> None: ...


class Content(RuleBasedStateMachine):
    """Jobs leave the same few contents; artifacts go; rounds of cleaning pass."""

    def __init__(self) -> None:
        super().__init__()
        self.runner, self.place = asyncio.Runner(), TemporaryDirectory()
        self.world = World(Folder(Path(self.place.name)), retention=None)
        self.left: dict[str, tuple[str, bytes]] = {}
        self.gone: set[str] = set()

    def now(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def teardown(self) -> None:
        self.runner.close()
        self.place.cleanup()

    @initialize()
    def begin(self) -> None:
        self.now(self.world.folder.prepare())
        for job in ("j1", "j2", "j3"):
            self.now(self.world.running(job))

    @rule(job=JOBS, content=CONTENTS)
    def uploads_and_never_completes(self, job: str, content: bytes) -> None:
        if job not in self.left:
            self._arrived(self.now(self.world.store(content, job=job, complete=False)))

    @rule(job=JOBS, content=CONTENTS, crash=st.booleans())
    def stores(self, job: str, content: bytes, *, crash: bool) -> None:
        if job in self.left:
            return
        results = replace(self.world.results, registrar=NoRegistrar()) if crash else self.world.results
        digest = self.now(self.world.store(content, job=job, results=results))
        self._arrived(digest)
        self.left[job] = digest, content

    @rule(job=JOBS)
    def hears_what_it_stored(self, job: str) -> None:
        if job in self.left:
            fact = ArtifactsStored(job_id=job, spec_id="s1", files=())
            self.now(self.world.registering.stored(fact, self.world.cause(fact)))

    @rule(job=JOBS, crash=st.booleans())
    def deletes(self, job: str, *, crash: bool) -> None:
        self.hears_what_it_stored(job)
        if job not in self.left or job in self.gone:
            return
        wish = order(DeleteArtifact(artifact_id=artifact_id(job, "a")), ALICE)
        nothing = replace(self.world.cleaning, untouched=timedelta(days=90000))
        sharing = replace(self.world.sharing, cleaning=nothing) if crash else self.world.sharing
        self.now(sharing.delete(wish, Cause(now=wish.now)))
        self.gone.add(job)

    @rule(hours=st.sampled_from([1, 3, 30]))
    def time_passes(self, hours: int) -> None:
        self.world.clock.pass_(hours * HOURS)

    @rule()
    def cleans(self) -> None:
        self.now(self.world.cleaning.once())

    @rule(content=CONTENTS)
    def breaks_off_while_it_removes(self, content: bytes) -> None:
        for digest, known in list(self.left.values()):
            path = self.world.folder.find(digest)
            if known == content and path is not None:
                path.replace(Path(self.place.name) / "aside" / f"{digest.removeprefix('sha256:')}.x")
        self.now(self.world.folder.prepare())

    @invariant()
    def what_is_referred_to_is_there(self) -> None:
        for job, (digest, content) in self.left.items():
            if job not in self.gone:
                path = self.world.folder.find(digest)
                assert path is not None
                assert path.read_bytes() == content

    @rule()
    def in_the_end_nothing_else_is_there(self) -> None:
        """Uploads are forgotten after a day."""
        self.world.clock.pass_(30 * HOURS)
        for digest, _ in self.left.values():
            self.world.age(digest)
        self.now(self.world.cleaning.once())
        kept = {content for job, (_, content) in self.left.items() if job not in self.gone}
        found = {path.read_bytes() for path in Path(self.place.name).rglob("*") if path.is_file()}
        assert found == kept

    def _arrived(self, digest: str) -> None:
        """Files are as old as the clock of this world says."""
        path = self.world.folder.find(digest)
        assert path is not None
        stamp = self.world.clock.now().timestamp()
        os.utime(path, (stamp, stamp))


TestContent = Content.TestCase
TestContent.settings = settings(max_examples=30, stateful_step_count=20)

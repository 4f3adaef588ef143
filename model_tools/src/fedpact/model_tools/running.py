"""
One job of a model, from its payload to its results, on this machine.

A run is what a person sees of it: `tell` hears a line at a time, and everything that the job left (results, metrics,
logs of server and sites) is in one folder afterwards, whether it went well or not. Sites' logs never leave a site in a
federation; here they are the author's own.
"""

import asyncio
import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue

from fedpact.chassis.clock import Clock, SystemClock
from fedpact.contracts.pact import PinnedModel
from fedpact.contracts.policies import Bounds
from fedpact.decision.package import ModelCard
from fedpact.gateway_agent.adapters.gauges import FILE, rounds_in
from fedpact.gateway_agent.adapters.secure_runtime import SecureRuntimes
from fedpact.gateway_agent.adapters.uploads import results_in
from fedpact.gateway_agent.app.doors import LocalModel
from fedpact.gateway_agent.app.ports import EngineJob, Session
from fedpact.gateway_agent.domain.engine import Status, is_final
from fedpact.gateway_agent.domain.runs import pause
from fedpact.model_tools import logs
from fedpact.model_tools.custodian import Custodian
from fedpact.model_tools.errors import RunFailedError
from fedpact.model_tools.pact import Pact, Part, Terms
from fedpact.model_tools.simulation import SERVER, Simulation, name_of
from fedpact.secure_runtime.adapters.package import package_digest, read_model_card
from fedpact.secure_runtime.domain.rendered import check_rendered

JOB = "job"
FAILURE = "failure.json"
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A model in a folder."""

    root: Path
    card: ModelCard
    digest: str

    @classmethod
    def read(cls, root: Path) -> "Package":
        root = root.resolve()
        return cls(root=root, card=read_model_card(root), digest=package_digest(root))

    @property
    def pinned(self) -> PinnedModel:
        card = self.card
        return PinnedModel(
            id=card.id, version=card.version, digest=self.digest, engine=card.engine, components=card.components
        )

    @property
    def local(self) -> LocalModel:
        return LocalModel(folder=self.root, code=self.root / "src", components=self.card.components)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a person asks for: each of `data` is a site's, a file or a folder."""

    package: Package
    payload: Mapping[str, JsonValue]
    data: Sequence[Path]
    terms: Terms


@dataclass(slots=True, kw_only=True)
class Run:
    """`folder` is for what is gone at the end, `out` for what stays."""

    wanted: Wanted
    folder: Path
    out: Path
    tell: Tell
    clock: Clock = field(default_factory=SystemClock)
    began: float = field(default_factory=time.monotonic)
    _told: int = 0

    async def through(self) -> Sequence[str]:
        """The names of the results below `out`. Raises a `DomainError` for whatever keeps it from them."""
        wanted = self.wanted
        pact = self._pact()
        decision = pact.decision()
        files = await self._rendered(pact, decision.bounds)
        simulation = Simulation(
            folder=self.folder, model=wanted.package.local, demand=wanted.package.card.resources, clock=self.clock
        )
        async with AsyncExitStack() as end:
            consoles = [(name.participant, simulation.log(name)) for name in (*map(name_of, pact.parts), SERVER)]
            end.callback(logs.keep, consoles, self.out)
            doors = {}
            for part, data in zip(pact.parts, wanted.data, strict=True):
                custodian = Custodian(part=part, data=data, folder=self.folder / part.gateway, clock=self.clock)
                site = await end.enter_async_context(custodian)
                doors[part] = await site.opened(name_of(part), pact.access(part, decision))
                self.tell(f"{part.gateway:10} {data.name}")
            session = await simulation.start(doors, end)
            self.tell(f"connected  after {self._seconds} s")
            job = await self._followed(simulation, session, await session.submit(files, JOB))
            return await self._fetched(session, job, consoles)

    def _pact(self) -> Pact:
        parts = [
            Part(gateway=f"site-{n}", organization=f"org-{n}", dataset=f"{_slug(data)}_site-{n}_org-{n}")
            for n, data in enumerate(self.wanted.data, start=1)
        ]
        card = self.wanted.package.card
        return Pact(
            model=self.wanted.package.pinned,
            resources=card.resources.clients,
            parts=parts,
            terms=self.wanted.terms,
            now=self.clock.now(),
        )

    async def _rendered(self, pact: Pact, bounds: Sequence[Bounds]) -> Path:
        package, runtimes = self.wanted.package, SecureRuntimes(self.folder / "render")
        sites = {part.dataset: part.gateway for part in pact.parts}
        await runtimes.start(SERVER, package.local)
        try:
            raw = await runtimes.render(SERVER, JOB, dict(self.wanted.payload), sites=sites, bounds=bounds)
        finally:
            await runtimes.close()
        participants = tuple(name_of(part).participant for part in pact.parts)
        for name, text in check_rendered(raw, sites=participants, components=package.card.components).items():
            path = self.folder / JOB / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return self.folder / JOB

    async def _followed(self, simulation: Simulation, session: Session, engine_job: str) -> EngineJob:
        began = time.monotonic()
        while True:
            job = await session.job(engine_job)
            self._tell_rounds(simulation.kit(SERVER) / engine_job)
            if is_final(job.status):
                return job
            await simulation.check()
            await asyncio.sleep(pause(time.monotonic() - began))

    async def _fetched(self, session: Session, job: EngineJob, consoles: Sequence[tuple[str, Path]]) -> Sequence[str]:
        folder = await session.download(job.id, self.folder / "fetched")
        found = results_in(folder)
        for path, file in found:
            (self.out / file.name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, self.out / file.name)
        self._tell_rounds(self.out)
        if job.status != Status.COMPLETED:
            said = [self._reason() or job.reason, logs.fault(consoles)]
            raise RunFailedError(f"{'; '.join(filter(None, said))}; all logs are in `{self.out / logs.FOLDER}`")
        self.tell(f"done       after {self._seconds} s")
        return [file.name for _, file in found if file.kind != "log"]

    def _tell_rounds(self, run: Path) -> None:
        rounds, self._told = rounds_in(run / FILE, self._told)
        for one in rounds:
            metrics = "  ".join(f"{name}={value:.4g}" for name, value in sorted(one.metrics.items()))
            self.tell(f"round {one.number:<4} {metrics}")

    def _reason(self) -> str:
        """What the model itself says, if it does."""
        try:
            said = json.loads((self.out / FAILURE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return ""
        return str(said.get("reason", "")) if isinstance(said, dict) else ""

    @property
    def _seconds(self) -> int:
        return round(time.monotonic() - self.began)


def _slug(data: Path) -> str:
    """A dataset's name from a file's."""
    letters = "".join(char if char.isascii() and char.isalnum() else "-" for char in data.stem.lower())
    return letters.strip("-")[:40] or "data"

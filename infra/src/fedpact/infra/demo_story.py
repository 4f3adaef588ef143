"""The scientist's part of the demo: a rejected pact, an approved one, statistics, a training, a tested model."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from fedpact.client.fedpact import Fedpact
from fedpact.client.hub import Hub
from fedpact.client.jobs import Job
from fedpact.contracts.api import JobView, SpecView
from fedpact.contracts.pact import Demand, ModelRef, Resources, SpecContent
from fedpact.contracts.specs import Payload, Verdict
from fedpact.infra.demo_table import TARGET, Table, TrainedModel, load, pooled, split
from fedpact.infra.demo_world import LOGREG, STATISTICS, World, heard, knows

T = TypeVar("T")
Say = Callable[[str], None]
LOOK = 0.1
PATIENCE = 120.0
VERSION = "0.1.0"
DEMAND = Demand(clients=Resources(cpu=1, memory=1024), server=Resources(cpu=1, memory=512))


class StoryError(Exception):
    """The story did not go as it should."""


@dataclass
class Report:
    """What `--json` writes."""

    rejected: dict[str, Any] = field(default_factory=dict)
    status_history: list[str] = field(default_factory=list)
    jobs: list[dict[str, Any]] = field(default_factory=list)
    result: dict[str, float] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    leftovers: list[str] = field(default_factory=list)


@dataclass
class Story:
    """Told in order; every step says what it shows and how long it took."""

    world: World
    models: Path
    downloads: Path
    say: Say
    report: Report
    interlude: Callable[[str], None] = lambda _: None
    """Called at named moments, for those who want to disturb."""
    demand: Demand = DEMAND
    patience: float = PATIENCE

    def tell(self) -> None:
        held_out, parts = split(load(), len(self.world.federation.custodians))
        datasets = self._timed("prepare", lambda: self._prepare(parts))
        with self.world.user("ada") as ada:
            refused = self._timed("rejected", lambda: self._rejected(ada, datasets))
            self._timed("statistics", lambda: self._statistics(ada, datasets))
            self._timed("training", lambda: self._training(ada, refused))
        self._timed("comparison", lambda: self._compare(held_out, parts))

    def _prepare(self, parts: tuple[Table, ...]) -> list[str]:
        self.say("two hospitals register their tables at their own gateways; the hub learns no path")
        datasets = self.world.register_data(parts)
        self.world.push_models(self.models, ("statistics", "logreg"))
        self._until(lambda: self._sees(datasets), "the registry to know data and models")
        self.say("their owners sign and publish policies: North Lab may run `statistics`, nothing else")
        self.world.publish((STATISTICS,))
        return datasets

    def _rejected(self, ada: Fedpact, datasets: list[str]) -> str:
        spec = heard(lambda: ada.specs.create(self._content(datasets, "logreg")), self.patience)
        view = self._verdict(ada, spec.id)
        if view.verdict is not Verdict.REJECTED:
            raise StoryError(f"a spec that no policy covers is {view.verdict}")
        self.report.rejected = {r.dataset or r.code: r.model_dump(mode="json") for r in view.reasons}
        self.say(f"Ada's spec for `logreg` is {view.status}:")
        for reason in view.reasons:
            self.say(f"    {reason.text}" + (f" ({reason.suggestion})" if reason.suggestion else ""))
        return spec.id

    def _statistics(self, ada: Fedpact, datasets: list[str]) -> None:
        spec = ada.specs.create(self._content(datasets, "statistics")).id
        self._verdict(ada, spec)
        payload: Payload = {"functions": ["count", "mean", "stddev"], "columns": ["mean_radius", "mean_texture"]}
        self._run(ada, spec, "statistics", payload)

    def _training(self, ada: Fedpact, spec: str) -> None:
        self.say("the owners grant `logreg` too, within bounds; the rejected spec is decided again by itself")
        self.world.publish((STATISTICS, LOGREG))
        self._until(lambda: ada.specs.get(spec).verdict is Verdict.APPROVED, "the spec to be approved")
        self._run(ada, spec, "logreg", {"num_rounds": 5, "target": TARGET})

    def _run(self, ada: Fedpact, spec: str, model: str, payload: Payload) -> None:
        self._look(ada, spec)
        self.say(f"activating {spec} ({model})")
        ada.specs.activate(spec)
        self.interlude(f"{model}:activating")
        self._timed(f"{model}.activation", lambda: self._active(ada, spec))
        job = ada.jobs.submit(spec, payload)
        self.interlude(f"{model}:submitted")
        began = time.monotonic()
        view = self._followed(ada, job, spec)
        seconds = round(time.monotonic() - began, 2)
        self.report.jobs.append({"model": model, "status": view.status.value, "seconds": seconds})
        if view.status.value != "completed":
            raise StoryError(f"the {model} job is {view.status.value}: {view.reason}")
        self.say(f"{model} completed in {seconds} s; results: {', '.join(a.name for a in view.artifacts)}")
        job.download(self.downloads / model)
        ada.specs.deactivate(spec)
        self.interlude(f"{model}:deactivating")
        self._timed(f"{model}.deactivation", lambda: self._gone(ada, spec))

    def _followed(self, ada: Fedpact, job: Job[Hub], spec: str) -> JobView:
        told = 0
        deadline = time.monotonic() + self.patience
        while True:
            view = job.get()
            self._look(ada, spec)
            points = job.metrics().points
            for point in points[told:]:
                values = ", ".join(f"{name} {value:.4f}" for name, value in sorted(point.metrics.items()))
                self.say(f"    round {point.round}: {values}")
            told = len(points)
            if view.status.final:
                return view
            if time.monotonic() > deadline:
                raise StoryError(f"job {job.id} is still {view.status.value} after {self.patience:.0f} s")
            time.sleep(LOOK * 3)

    def _compare(self, held_out: Table, parts: tuple[Table, ...]) -> None:
        trained = TrainedModel.model_validate_json((self.downloads / "logreg" / "model.json").read_text())
        federated = round(trained.accuracy(held_out), 4)
        together = round(pooled(parts).accuracy(held_out), 4)
        self.report.result = {"federated_accuracy": federated, "pooled_accuracy": together}
        self.say(f"on {len(held_out.rows)} rows nobody trained on: federated {federated:.4f}, pooled {together:.4f}")

    def _active(self, ada: Fedpact, spec: str) -> None:
        self._until(lambda: self._is(ada, spec, "active"), f"{spec} to be active")

    def _gone(self, ada: Fedpact, spec: str) -> None:
        self._until(lambda: self._is(ada, spec, "inactive"), f"{spec} to be shut down")
        self.say(f"{spec} is shut down")

    def _is(self, ada: Fedpact, spec: str, category: str) -> bool:
        view = self._look(ada, spec)
        if view.status.startswith("failed"):
            raise StoryError(f"{spec} failed: {view.cause}")
        return view.status.startswith(category)

    def _verdict(self, ada: Fedpact, spec: str) -> SpecView:
        self._until(lambda: self._look(ada, spec).verdict is not Verdict.PENDING, f"a verdict on {spec}")
        return ada.specs.get(spec)

    def _look(self, ada: Fedpact, spec: str) -> SpecView:
        view = ada.specs.get(spec)
        if not self.report.status_history or self.report.status_history[-1] != view.status:
            self.report.status_history.append(view.status)
        return view

    def _sees(self, datasets: list[str]) -> bool:
        with self.world.user("ada") as ada:
            return knows(ada, datasets, ("statistics", "logreg"))

    def _until(self, holds: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + self.patience
        while not holds():
            if time.monotonic() > deadline:
                raise StoryError(f"waited {self.patience:.0f} s in vain for {what}")
            time.sleep(LOOK)

    def _timed(self, phase: str, work: Callable[[], T]) -> T:
        began = time.monotonic()
        result = work()
        self.report.timings[phase] = round(time.monotonic() - began, 2)
        return result

    def _content(self, datasets: list[str], model: str) -> SpecContent:
        pinned = ModelRef(id=model, version=VERSION)
        return SpecContent(datasets=tuple(datasets), model=pinned, resources=self.demand)

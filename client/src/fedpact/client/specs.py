"""Compute specs: the pacts, their activations, and why they are where they are."""

from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from typing import Generic

from fedpact.client import operations
from fedpact.client.async_hub import AsyncHub
from fedpact.client.hub import Hub
from fedpact.client.jobs import Job, Jobs, Payload, submission
from fedpact.client.messages import Request
from fedpact.client.outcomes import Goal, becoming
from fedpact.client.pages import every
from fedpact.client.steps import Flow, Telling
from fedpact.client.tables import html_of
from fedpact.client.texts import clean
from fedpact.client.verbs import H, series, verb
from fedpact.client.waiting import wait
from fedpact.contracts.api import (
    CloneRequest,
    GenerationGuard,
    NewSpec,
    SpecPage,
    SpecQuery,
    SpecSummary,
    SpecView,
    TimelineView,
    WhyView,
)
from fedpact.contracts.pact import SpecContent
from fedpact.contracts.specs import Stage

TIMEOUT = 600.0


@dataclass(frozen=True, slots=True)
class Specs(Generic[H]):
    """`fp.specs`. What makes a spec gives a `Spec`, which can be activated; what reads or changes gives data."""

    hub: H
    jobs: Jobs[H]

    @verb
    def create(self, content: SpecContent, *, spec_id: str | None = None, key: str | None = None) -> "Flow[Spec[H]]":
        """Propose a pact. Its verdict follows."""
        new = NewSpec(content=content, spec_id=spec_id) if spec_id else NewSpec(content=content)
        return Spec(specs=self, view=(yield from self.hub.flow(operations.create_spec(new, self.hub.key(key)))))

    @verb
    def clone(self, spec_id: str, *, new_id: str | None = None, key: str | None = None) -> "Flow[Spec[H]]":
        """The same content under a new id, to run in parallel."""
        request = CloneRequest(spec_id=new_id) if new_id else CloneRequest()
        made = operations.clone_spec(spec_id, request, self.hub.key(key))
        return Spec(specs=self, view=(yield from self.hub.flow(made)))

    @verb
    def get(self, spec_id: str) -> Flow[SpecView]:
        """How a spec stands."""
        return self.hub.flow(operations.spec(spec_id))

    @verb
    def list(self, query: SpecQuery | None = None) -> Flow[SpecPage]:
        """One page of the specs one may see, newest first."""
        return self.hub.flow(operations.specs(query or SpecQuery()))

    @series
    def every(self, query: SpecQuery | None = None) -> Telling[SpecSummary]:
        """All of them, page after page."""
        return every(lambda asked: self.hub.flow(operations.specs(asked)), query or SpecQuery())

    @verb
    def activate(
        self, spec_id: str, *, expected_generation: int | None = None, key: str | None = None
    ) -> Flow[SpecView]:
        """Provision the server and the clients."""
        return self.hub.flow(operations.activate_spec(spec_id, _guard(expected_generation), self.hub.key(key)))

    @verb
    def deactivate(
        self, spec_id: str, *, expected_generation: int | None = None, key: str | None = None
    ) -> Flow[SpecView]:
        """Stop the activation and free what it holds."""
        return self.hub.flow(operations.deactivate_spec(spec_id, _guard(expected_generation), self.hub.key(key)))

    @verb
    def why(self, spec_id: str) -> Flow[WhyView]:
        """Why the spec is where it is."""
        return self.hub.flow(operations.why(spec_id))

    @verb
    def timeline(self, spec_id: str) -> Flow[TimelineView]:
        """What happened to the spec, with times."""
        return self.hub.flow(operations.timeline(spec_id))

    @verb
    def wait(self, spec_id: str, goal: Goal = "active", *, timeout: float = TIMEOUT) -> Flow[SpecView]:
        """The spec once it is `goal`; `SpecEndedError` when it will not become so by itself."""
        return wait(self.hub, becoming(spec_id, goal, timeout))

    def activated(self, spec_id: str, *, timeout: float = TIMEOUT) -> "Activating[H]":
        """
        The spec, active for the length of a `with` (or `async with`) block.

        Whoever activated it deactivates it: one that was active (or on its way) before stays so.
        """
        return Activating(specs=self, spec_id=spec_id, timeout=timeout)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec(Generic[H]):
    """One spec. `view` is how it stood when this was made; `get` asks again."""

    specs: Specs[H]
    view: SpecView

    @property
    def hub(self) -> H:
        return self.specs.hub

    @property
    def id(self) -> str:
        return self.view.spec_id

    def __repr__(self) -> str:
        return clean(f"<Spec {self.id} {self.view.status}>")

    def _repr_html_(self) -> str:
        return html_of(self.view)

    @verb
    def get(self) -> Flow[SpecView]:
        """How it stands now."""
        return self.hub.flow(operations.spec(self.id))

    @verb
    def why(self) -> Flow[WhyView]:
        """Why it is where it is."""
        return self.hub.flow(operations.why(self.id))

    @verb
    def timeline(self) -> Flow[TimelineView]:
        """What happened to it, with times."""
        return self.hub.flow(operations.timeline(self.id))

    @verb
    def wait(self, goal: Goal = "active", *, timeout: float = TIMEOUT) -> Flow[SpecView]:
        """The spec once it is `goal`; `SpecEndedError` when it will not become so by itself."""
        return wait(self.hub, becoming(self.id, goal, timeout))

    @verb
    def activate(self, *, expected_generation: int | None = None) -> Flow[SpecView]:
        """Provision the server and the clients."""
        return self.hub.flow(operations.activate_spec(self.id, _guard(expected_generation), self.hub.key()))

    @verb
    def deactivate(self, *, expected_generation: int | None = None) -> Flow[SpecView]:
        """Stop the activation and free what it holds."""
        return self.hub.flow(operations.deactivate_spec(self.id, _guard(expected_generation), self.hub.key()))

    def activated(self, *, timeout: float = TIMEOUT) -> "Activating[H]":
        """The spec, active for the length of a block: see `Specs.activated`."""
        return self.specs.activated(self.id, timeout=timeout)


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation(Generic[H]):
    """A spec that is active. `spec` is how it stood when it had become so."""

    specs: Specs[H]
    spec: SpecView

    @property
    def hub(self) -> H:
        return self.specs.hub

    def __repr__(self) -> str:
        return clean(f"<Activation {self.spec.spec_id} {self.spec.status}>")

    def _repr_html_(self) -> str:
        return html_of(self.spec)

    @verb
    def submit(self, payload: Payload, *, job_id: str | None = None, key: str | None = None) -> Flow[Job[H]]:
        """Run `payload` here."""
        said = {"job_id": job_id} if job_id else {}
        request = submission(self.spec.spec_id, payload, self.hub.key(key), said)
        return Job(jobs=self.specs.jobs, view=(yield from self.hub.flow(request)))


@dataclass(slots=True, kw_only=True)
class Activating(Generic[H]):
    """An activation that lasts as long as a block: `with` for the one client, `async with` for the other."""

    specs: Specs[H]
    spec_id: str
    timeout: float
    ours: bool = False

    def __enter__(self: "Activating[Hub]") -> Activation[Hub]:
        with ExitStack() as otherwise:
            otherwise.callback(lambda: self.specs.hub.run(self._ended()))
            begun = self.specs.hub.run(self._begun())
            otherwise.pop_all()
        return begun

    def __exit__(self: "Activating[Hub]", *_: object) -> None:
        self.specs.hub.run(self._ended())

    async def __aenter__(self: "Activating[AsyncHub]") -> Activation[AsyncHub]:
        async with AsyncExitStack() as otherwise:
            otherwise.push_async_callback(lambda: self.specs.hub.run(self._ended()))
            begun = await self.specs.hub.run(self._begun())
            otherwise.pop_all()
        return begun

    async def __aexit__(self: "Activating[AsyncHub]", *_: object) -> None:
        await self.specs.hub.run(self._ended())

    def _begun(self) -> Flow[Activation[H]]:
        spec = yield from self._become("approved")
        if spec.stage is Stage.DELETING:
            yield from self._become("inactive")
        if spec.stage in {Stage.IDLE, Stage.DELETING}:
            self.ours = True
            yield from self._sent(operations.activate_spec)
        return Activation(specs=self.specs, spec=(yield from self._become("active")))

    def _ended(self) -> Flow[None]:
        if self.ours:
            self.ours = False
            yield from self._sent(operations.deactivate_spec)

    def _become(self, goal: Goal) -> Flow[SpecView]:
        return wait(self.specs.hub, becoming(self.spec_id, goal, self.timeout))

    def _sent(self, operation: Callable[[str, GenerationGuard, str], Request[SpecView]]) -> Flow[SpecView]:
        hub = self.specs.hub
        return hub.flow(operation(self.spec_id, GenerationGuard(), hub.key()))


def _guard(expected_generation: int | None) -> GenerationGuard:
    if expected_generation is None:
        return GenerationGuard()
    return GenerationGuard(expected_generation=expected_generation)

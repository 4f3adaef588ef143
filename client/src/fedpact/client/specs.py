"""Compute specs: the pacts, their activations, and why they are where they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from fedpact.client import operations
from fedpact.client.errors import SpecEndedError, TimedOutError
from fedpact.client.flows import until
from fedpact.client.hub import Hub
from fedpact.client.jobs import Job, Jobs, Payload
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
from fedpact.contracts.specs import EndOutcome, Stage, Verdict

Goal = Literal["approved", "active", "inactive"]
PAGE = 200
TIMEOUT = 600.0


@dataclass(frozen=True, slots=True)
class Specs:
    """`fp.specs`."""

    hub: Hub
    jobs: Jobs

    def create(self, content: SpecContent, *, spec_id: str | None = None, key: str | None = None) -> SpecView:
        """Propose a pact. Its verdict follows."""
        new = NewSpec(content=content, spec_id=spec_id) if spec_id else NewSpec(content=content)
        return self.hub.call(operations.create_spec(new, self.hub.key(key)))

    def get(self, spec_id: str) -> SpecView:
        return self.hub.call(operations.spec(spec_id))

    def list(self, query: SpecQuery | None = None) -> SpecPage:
        """One page of the specs one may see, newest first."""
        return self.hub.call(operations.specs(query or SpecQuery()))

    def every(self, query: SpecQuery | None = None) -> Iterator[SpecSummary]:
        """All of them, page after page."""
        asked = (query or SpecQuery()).model_copy(update={"page": 0, "page_size": PAGE})
        while True:
            page = self.list(asked)
            yield from page.items
            if not page.items or (asked.page + 1) * PAGE >= page.total:
                return
            asked = asked.model_copy(update={"page": asked.page + 1})

    def clone(self, spec_id: str, *, new_id: str | None = None, key: str | None = None) -> SpecView:
        """The same content under a new id, to run in parallel."""
        request = CloneRequest(spec_id=new_id) if new_id else CloneRequest()
        return self.hub.call(operations.clone_spec(spec_id, request, self.hub.key(key)))

    def activate(self, spec_id: str, *, expected_generation: int | None = None, key: str | None = None) -> SpecView:
        """Provision the server and the clients."""
        return self.hub.call(operations.activate_spec(spec_id, _guard(expected_generation), self.hub.key(key)))

    def deactivate(self, spec_id: str, *, expected_generation: int | None = None, key: str | None = None) -> SpecView:
        """Stop the activation and free what it holds."""
        return self.hub.call(operations.deactivate_spec(spec_id, _guard(expected_generation), self.hub.key(key)))

    def why(self, spec_id: str) -> WhyView:
        """Why the spec is where it is."""
        return self.hub.call(operations.why(spec_id))

    def timeline(self, spec_id: str) -> TimelineView:
        """What happened to the spec, with times."""
        return self.hub.call(operations.timeline(spec_id))

    def wait(self, spec_id: str, goal: Goal = "active", *, timeout: float = TIMEOUT) -> SpecView:
        """The spec once it is `goal`; `SpecEndedError` when it will not become so by itself."""
        return self.hub.run(
            until(
                lambda: self.hub.flow(operations.spec(spec_id)),
                lambda spec: reached(spec, goal),
                lambda spec: TimedOutError(
                    f"`{spec_id}` is {spec.status} after {timeout:g} s and goes on: `fedpact specs why {spec_id}` tells"
                    " what it waits for"
                ),
                elapsed=self.hub.clock.elapsed,
                timeout=timeout,
            )
        )

    @contextmanager
    def activated(self, spec_id: str, *, timeout: float = TIMEOUT) -> Iterator["Activation"]:
        """
        The spec, active for the length of a `with` block.

        Whoever activated it deactivates it: one that was active (or on its way) before stays so.
        """
        spec = self.wait(spec_id, "approved", timeout=timeout)
        ours = spec.stage in {Stage.IDLE, Stage.DELETING}
        if spec.stage is Stage.DELETING:
            self.wait(spec_id, "inactive", timeout=timeout)
        if ours:
            self.activate(spec_id)
        try:
            yield Activation(specs=self, spec=self.wait(spec_id, timeout=timeout))
        finally:
            if ours:
                self.deactivate(spec_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """A spec that is active."""

    specs: Specs
    spec: SpecView

    def submit(self, payload: Payload, *, job_id: str | None = None, key: str | None = None) -> Job:
        """Run `payload` here."""
        jobs = self.specs.jobs
        return Job(jobs=jobs, id=jobs.submit(self.spec.spec_id, payload, job_id=job_id, key=key).job_id)


def reached(spec: SpecView, goal: Goal) -> bool:
    """Whether the spec is what is waited for; raises when it will not become so without somebody's doing."""
    match goal:
        case "approved":
            _can_be_approved(spec)
            return spec.verdict is Verdict.APPROVED
        case "inactive":
            return spec.stage in {Stage.IDLE, Stage.INVALID}
        case "active":
            if spec.stage is Stage.ACTIVE:
                return True
            _can_become_active(spec)
            return False


def _can_be_approved(spec: SpecView) -> None:
    if spec.stage is Stage.INVALID or spec.verdict is Verdict.REJECTED:
        raise _ended(spec)


def _can_become_active(spec: SpecView) -> None:
    _can_be_approved(spec)
    if spec.outcome is EndOutcome.FAILED and spec.stage in {Stage.IDLE, Stage.DELETING}:
        raise _ended(spec)
    if spec.stage is Stage.DELETING or (spec.stage is Stage.IDLE and spec.verdict is not Verdict.PENDING):
        raise SpecEndedError(
            f"`{spec.spec_id}` is {spec.status} and nobody activates it: `fedpact specs activate {spec.spec_id}`", spec
        )


def _ended(spec: SpecView) -> SpecEndedError:
    reasons = "; ".join(reason.text for reason in spec.reasons[:3])
    told = spec.cause or reasons or "no cause told"
    return SpecEndedError(f"`{spec.spec_id}` is {spec.status}: {told}: see `fedpact specs why {spec.spec_id}`", spec)


def _guard(expected_generation: int | None) -> GenerationGuard:
    if expected_generation is None:
        return GenerationGuard()
    return GenerationGuard(expected_generation=expected_generation)

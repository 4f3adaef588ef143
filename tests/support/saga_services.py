"""The four services that drive an activation, composed as their `main` does, on a bus and stores in memory."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from saga_bus import Desk, Pausing, Process, Streams, Work, finish

from fedpact.chassis.aggregates import Stored
from fedpact.chassis.clock import FakeClock
from fedpact.chassis.commands import Commands, refusals
from fedpact.chassis.copies import Copies
from fedpact.chassis.relay import Relay
from fedpact.chassis.rounds import ROUNDS, Rounds
from fedpact.chassis.ticks import OnTick, Ticks
from fedpact.contracts import jobs as job_facts
from fedpact.contracts import policies as policy_facts
from fedpact.contracts import specs as spec_facts
from fedpact.contracts.envelope import Actor
from fedpact.contracts.policies import (
    Dsse,
    Grant,
)
from fedpact.contracts.registry import (
    DatasetRegistered,
    ModelChanged,
)
from fedpact.contracts.specs import ActivationPlaced, ActivationStopping, SpecCreated
from fedpact.jobs.app.handlers import Handlers as JobHandlers
from fedpact.jobs.app.kinds import JOBS, STANDINGS, TERMS
from fedpact.jobs.app.pacts import Pacts
from fedpact.jobs.entrypoints import commands as job_commands
from fedpact.jobs.entrypoints import events as job_events
from fedpact.policy.app.handlers import Handlers as PolicyHandlers
from fedpact.policy.app.handlers import Terms
from fedpact.policy.app.kinds import CASES, DATASETS, POLICIES, datasets_of
from fedpact.policy.entrypoints import commands as policy_commands
from fedpact.policy.entrypoints import events as policy_events
from fedpact.scheduler.app.handlers import Handlers as SchedulerHandlers
from fedpact.scheduler.app.kinds import ASSESSMENTS, CULLINGS, IDLENESS, LEDGER, SWEEPS
from fedpact.scheduler.app.sweeps import Sweeps
from fedpact.scheduler.domain.admission import Rules
from fedpact.scheduler.domain.culling import Culling
from fedpact.scheduler.entrypoints import events as scheduler_events
from fedpact.spec_lifecycle.adapters.registry import RegistryCopies
from fedpact.spec_lifecycle.app.handlers import Handlers as SpecHandlers
from fedpact.spec_lifecycle.app.kinds import SPECS
from fedpact.spec_lifecycle.domain.model import Limits
from fedpact.spec_lifecycle.entrypoints import commands as spec_commands
from fedpact.spec_lifecycle.entrypoints import events as spec_events

ADA = Actor(user="ada", organization="lab", roles=("data_scientist",))


class Services:
    """Their processes, and the aggregates that the rules look into."""

    def __init__(self, clock: FakeClock, streams: Streams) -> None:
        self.clock, self.streams = clock, streams
        self.processes: list[Process] = []
        self._compose_specs()
        self._compose_policy()
        self._compose_scheduler()
        self._compose_jobs()

    def _compose_specs(self) -> None:
        desk = Desk()
        self.specs = Stored(Pausing(), SPECS)
        datasets, models = Copies(Pausing(), DatasetRegistered), Copies(Pausing(), ModelChanged)
        rounds = Stored(Pausing(), ROUNDS)
        in_turn = Rounds(rounds, at_once=0, batch=1)
        handlers = SpecHandlers(self.specs, RegistryCopies(datasets, models), datasets, in_turn, Limits())
        spec_events.subscribe(desk, handlers, datasets, models)  # type: ignore[arg-type]
        orders, refused = self._commands("spec_lifecycle", spec_facts, self.specs)
        spec_commands.subscribe(desk, orders, handlers)  # type: ignore[arg-type]
        self._process("spec_lifecycle", desk, {self.specs: handlers.tick, rounds: handlers.go_on, refused: None})

    def _compose_policy(self) -> None:
        desk = Desk()
        self.cases, policies = Stored(Pausing(), CASES), Stored(Pausing(), POLICIES)
        rounds = Stored(Pausing(), ROUNDS)
        handlers = PolicyHandlers(
            policies=policies,
            cases=self.cases,
            datasets=Stored(Pausing(), DATASETS),
            pacts=Copies(Pausing(), SpecCreated, {"dataset": datasets_of}),
            models=Copies(Pausing(), ModelChanged),
            rounds=Rounds(rounds, at_once=0, batch=1),
            owner_keys=_NoKeys(),
            terms=Terms(sign=_signed, lifetime=timedelta(minutes=10)),
        )
        policy_events.subscribe(desk, handlers)  # type: ignore[arg-type]
        orders, refused = self._commands("policy", policy_facts, policies)
        policy_commands.subscribe(desk, orders, handlers)  # type: ignore[arg-type]
        kinds = {policies: None, self.cases: handlers.tick, rounds: handlers.go_on, refused: None}
        self._process("policy", desk, kinds)

    def _compose_scheduler(self) -> None:
        desk = Desk()
        self.ledger, self.assessments = Stored(Pausing(), LEDGER), Stored(Pausing(), ASSESSMENTS)
        rounds = Stored(Pausing(), ROUNDS)
        handlers = SchedulerHandlers(
            ledger=self.ledger,
            assessments=self.assessments,
            specs=Copies(Pausing(), SpecCreated, {"site": lambda spec: (s.gateway for s in spec.sites)}),
            rounds=Rounds(rounds, at_once=0, batch=1),
            rules=Rules(),
        )
        cullings, planned = Stored(Pausing(), CULLINGS), Stored(Pausing(), SWEEPS)
        sweeps = Sweeps(
            idleness=Stored(Pausing(), IDLENESS),
            cullings=cullings,
            sweeps=planned,
            culling=Culling(schedule="* * * * *", threshold=timedelta(minutes=6)),
            clock=self.clock,
        )
        finish(sweeps.prepare())
        scheduler_events.subscribe(desk, handlers, sweeps)  # type: ignore[arg-type]
        kinds = {self.ledger: None, self.assessments: None, cullings: None, planned: sweeps.tick}
        kinds[rounds] = handlers.go_on
        self._process("scheduler", desk, kinds)

    def _compose_jobs(self) -> None:
        desk = Desk()
        self.jobs = Stored(Pausing(), JOBS)
        handlers = JobHandlers(
            jobs=self.jobs,
            pacts=Pacts(
                specs=Copies(Pausing(), SpecCreated),
                standings=Stored(Pausing(), STANDINGS),
                terms=Stored(Pausing(), TERMS),
                models=Copies(Pausing(), ModelChanged),
            ),
            placements=Copies(Pausing(), ActivationPlaced),
            stoppings=Copies(Pausing(), ActivationStopping),
            grace=timedelta(seconds=2),
            waits=(),
        )
        job_events.subscribe(desk, handlers)  # type: ignore[arg-type]
        orders, refused = self._commands("jobs", job_facts, self.jobs)
        job_commands.subscribe(desk, orders, handlers)  # type: ignore[arg-type]
        self._process("jobs", desk, {self.jobs: handlers.tick, refused: None})

    def _commands(self, name: str, facts: Any, changed: Stored[Any]) -> tuple[Commands, Stored[Any]]:
        kept = refusals(Pausing(), name, self.clock.now)
        outcomes = {"accepted": facts.CommandAccepted, "refused": facts.CommandRefused}
        return Commands(kept, _actor, changes=[changed], **outcomes), kept

    def _process(self, name: str, desk: Desk, kinds: Mapping[Stored[Any], OnTick | None]) -> None:
        async def relay() -> None:
            await Relay(list(kinds), self.streams.publish, sweep=1).once()

        async def ticks() -> None:
            await Ticks(kinds, self.clock, pause=1, sweep=1).once()

        loops: dict[str, Callable[[], Work]] = {"relay": relay, "ticks": ticks}
        process = Process(name=name, clock=self.clock, streams=self.streams, desk=desk, loops=loops)
        self.processes.append(process)


class _NoKeys:
    async def of(self, organization: str) -> dict[str, Any]:
        return {}


async def _actor(token: str, at: datetime) -> Actor:
    return ADA if token == ADA.user else Actor(user=token, organization=token, roles=("owner",))


def _signed(grant: Grant) -> Dsse:
    return Dsse(payloadType="t", payload=grant.model_dump_json())

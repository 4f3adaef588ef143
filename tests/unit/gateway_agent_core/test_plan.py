"""Plans as tables; and, whatever is heard and whatever happens in whatever order, what always holds."""

from dataclasses import replace

import pytest
from agent_directives import CLIENT, GRANT, KEY, granted, participant, server
from agent_values import NOON
from hypothesis import given
from hypothesis import strategies as st

from fedpact.contracts.directives import ParticipantDirective, Wanted
from fedpact.contracts.workloads import Cause, Phase, ServerReady
from fedpact.gateway_agent.domain import steps, workload
from fedpact.gateway_agent.domain.plan import plan_client, plan_server
from fedpact.gateway_agent.domain.pods import PodName
from fedpact.gateway_agent.domain.steps import ClientSight, Permit, Refusal, Seen, ServerSight
from fedpact.gateway_agent.domain.troubles import Trouble, not_ready, out_of_memory
from fedpact.gateway_agent.domain.voice import Voice
from fedpact.gateway_agent.domain.wishes import ParticipantWish, kept
from fedpact.gateway_agent.domain.workload import TRANSITIONS, Turn, Workload

NOW = Turn(generation=1, attempt=1)
LATER = Turn(generation=1, attempt=2)
RUNS, ENDED = Seen(runs=True), Seen(runs=False, exit_code=3)
LACKS = Trouble(phase=Phase.WAITING, cause=Cause.CAPACITY, message="the cluster has not enough memory free")
NO_IMAGE = Trouble(phase=Phase.FAILED, cause=Cause.IMAGE, message="its image cannot be fetched")
HELD, SLOW = replace(RUNS, trouble=LACKS), replace(RUNS, trouble=not_ready("its server does not listen yet"))
VETOED, LAPSED = Refusal(cause=Cause.VETO, reason="no"), Refusal(cause=Cause.POLICY, reason="lapsed")
NAME = PodName(spec_id="s-1", generation=1, participant=CLIENT)
READY = ServerReady(
    gateway="gw-1",
    spec_id="s-1",
    generation=1,
    attempt=1,
    project="p",
    host="h",
    port=1,
    root_ca="r",
    certificates={},
)


def permit(turn: Turn = NOW) -> Permit:
    return Permit(turn=turn, grant=GRANT, cpu=1, gpu=0, memory=1, valid_until=NOON)


def said(phase: Phase, turn: Turn = NOW, **parts: object) -> Workload:
    return Workload(spec_id="s-1", participant=CLIENT, turn=turn, phase=phase, **parts)


def sight(**parts: object) -> ClientSight:
    return replace(ClientSight(permit=permit(), opened=True), **parts)


prepared, running, stopped = (participant(one) for one in (Wanted.PREPARED, Wanted.RUNNING, Wanted.STOPPED))
again = participant(attempt=2)
renewed = running.model_copy(update={"grant": granted(generation=9)})


@pytest.mark.parametrize(
    ("wanted", "before", "seen", "step"),
    [
        (None, None, ClientSight(), None),
        (None, None, ClientSight(strays=(NAME,)), steps.Sweep(names=(NAME,))),
        (None, said(Phase.READY), ClientSight(), steps.End(turn=NOW)),
        (prepared, None, ClientSight(), steps.Prepare()),
        (prepared, said(Phase.PREPARED), sight(), steps.Wait(seconds=1.0)),
        (prepared, said(Phase.GONE), sight(permit=None), None),
        (running, said(Phase.PREPARED), sight(), steps.Launch()),
        (running, said(Phase.PREPARED), sight(seen=RUNS), steps.SayStarting()),
        (running, said(Phase.PREPARED), sight(seen=ENDED), steps.Launch()),
        (running, said(Phase.STARTING), sight(seen=RUNS), steps.Wait(seconds=0.05)),
        (running, said(Phase.STARTING), sight(seen=RUNS, registered=True), steps.SayReady()),
        (running, said(Phase.STARTING), sight(seen=RUNS, opened=False), steps.Open()),
        (running, said(Phase.STARTING), sight(seen=ENDED, port_taken=True, launches=1), steps.Launch()),
        (running, said(Phase.READY), sight(seen=RUNS), steps.Wait(seconds=1.0)),
        (running, said(Phase.STARTING), sight(seen=SLOW), steps.Wait(seconds=0.05)),
        (running, said(Phase.STARTING), sight(seen=HELD), steps.SayTrouble(trouble=LACKS)),
        (running, said(Phase.WAITING, message=LACKS.message), sight(seen=HELD), steps.Wait(seconds=1.0)),
        (running, said(Phase.WAITING), sight(seen=HELD), steps.SayTrouble(trouble=LACKS)),
        (running, said(Phase.WAITING, message=LACKS.message), sight(seen=RUNS), steps.SayStarting()),
        (running, said(Phase.WAITING), sight(seen=SLOW), steps.SayStarting()),
        (running, said(Phase.WAITING), sight(seen=HELD, registered=True), steps.SayReady()),
        (renewed, said(Phase.READY), sight(), steps.Renew()),
        (renewed, said(Phase.READY), sight(seen=RUNS, objection=LAPSED), steps.Renew(objection=LAPSED)),
        (renewed, said(Phase.READY), sight(seen=RUNS, objection=VETOED), steps.Fail(cause=Cause.VETO, reason="no")),
        (running, said(Phase.READY), sight(seen=RUNS, objection=VETOED), steps.Fail(cause=Cause.VETO, reason="no")),
        (running, said(Phase.FAILED), sight(permit=None), None),
        (running, said(Phase.FAILED), sight(), steps.Clear()),
        (stopped, None, ClientSight(), steps.End(turn=NOW)),
        (stopped, said(Phase.FAILED), sight(permit=None), steps.End(turn=NOW)),
        (stopped, said(Phase.GONE), sight(permit=None), None),
        (again, said(Phase.READY), sight(seen=RUNS), steps.End(turn=NOW)),
        (again, said(Phase.GONE), sight(permit=None), steps.Prepare()),
        (prepared, said(Phase.PREPARED, LATER), sight(permit=permit(LATER)), None),
    ],
)
def test_a_client_is_brought_one_step_nearer_to_what_is_wanted(
    wanted: ParticipantDirective | None, before: Workload | None, seen: ClientSight, step: object
) -> None:
    assert plan_client(wanted, before, seen) == step


@pytest.mark.parametrize(
    ("before", "seen", "cause"),
    [
        (None, ClientSight(), Cause.LOST),
        (said(Phase.PREPARED), sight(permit=None), Cause.LOST),
        (said(Phase.READY), sight(permit=permit(LATER), seen=RUNS), Cause.LOST),
        (said(Phase.READY), sight(), Cause.KILLED),
        (said(Phase.READY), sight(seen=Seen(runs=False, exit_code=-9)), Cause.KILLED),
        (said(Phase.READY), sight(seen=Seen(runs=False, exit_code=-11)), Cause.EXIT),
        (said(Phase.READY), sight(seen=ENDED), Cause.EXIT),
        (said(Phase.STARTING), sight(seen=ENDED, port_taken=True, launches=5), Cause.EXIT),
        (said(Phase.READY), sight(seen=replace(ENDED, out_of_memory=True)), Cause.RESOURCES),
        (said(Phase.STARTING), sight(seen=replace(RUNS, trouble=NO_IMAGE)), Cause.IMAGE),
        (said(Phase.WAITING), sight(seen=replace(RUNS, trouble=NO_IMAGE)), Cause.IMAGE),
        (said(Phase.READY), sight(seen=replace(ENDED, trouble=out_of_memory(500))), Cause.RESOURCES),
    ],
)
def test_a_client_that_cannot_go_on_fails_with_its_cause(
    before: Workload | None, seen: ClientSight, cause: Cause
) -> None:
    step = plan_client(running, before, seen)
    assert isinstance(step, steps.Fail)
    assert step.cause is cause


@pytest.mark.parametrize(
    ("before", "seen", "step"),
    [
        (None, ServerSight(), steps.Launch()),
        (said(Phase.STARTING), ServerSight(seen=RUNS), steps.Launch()),
        (said(Phase.STARTING), ServerSight(seen=RUNS, launches=1), steps.Wait(seconds=0.05)),
        (said(Phase.STARTING), ServerSight(seen=RUNS, launches=1, listening=True), steps.SayReady()),
        (said(Phase.STARTING), ServerSight(seen=ENDED, launches=1, port_taken=True), steps.Launch()),
        (said(Phase.STARTING), ServerSight(seen=HELD, launches=1, overdue=True), steps.SayTrouble(trouble=LACKS)),
        (said(Phase.WAITING), ServerSight(seen=RUNS, launches=1), steps.SayStarting()),
        (said(Phase.WAITING), ServerSight(seen=RUNS, launches=1, listening=True), steps.SayReady()),
        (said(Phase.READY, ready=READY), ServerSight(seen=RUNS), steps.Look()),
        (said(Phase.FAILED), ServerSight(seen=ENDED), steps.Clear()),
        (said(Phase.GONE), ServerSight(), None),
    ],
)
def test_a_server_is_brought_one_step_nearer_to_what_is_wanted(
    before: Workload | None, seen: ServerSight, step: object
) -> None:
    assert plan_server(server(), before, seen) == step


def test_a_server_waits_for_its_jobs_only_while_they_have_time() -> None:
    ending, before = server(Wanted.STOPPED), said(Phase.READY, ready=READY)
    assert plan_server(ending, before, ServerSight(seen=RUNS, busy=True)) == steps.Wait(seconds=0.05)
    assert plan_server(ending, before, ServerSight(seen=RUNS)) == steps.End(turn=NOW)


directives = st.builds(
    lambda wanted, generation, attempt: participant(wanted, generation=generation, attempt=attempt),
    st.sampled_from(Wanted),
    st.integers(1, 3),
    st.integers(1, 2),
)
happenings = st.sampled_from(["step", "step", "step", "exit", "register", "object", "restart", "hold", "free"])


class Model:
    """A site with one participant, run by the plan alone: each step does to it what the agent does."""

    def __init__(self) -> None:
        self.wish: ParticipantWish | None = None
        self.said: Workload | None = None
        self.alive: list[Turn] = []
        self.sight = ClientSight()
        self.words: list[tuple[Turn, Phase]] = []

    def hear(self, directive: ParticipantDirective, sequence: int) -> None:
        wish = ParticipantWish(directive=directive, sequence=sequence, at=NOON)
        for fact in kept(self.wish, wish):
            self.wish = fact  # type: ignore[assignment]

    def happen(self, what: str) -> None:
        match what:
            case "exit" if self.alive:
                self.alive.clear()
                self.sight = replace(self.sight, seen=Seen(runs=False, exit_code=1))
            case "register":
                self.sight = replace(self.sight, registered=True)
            case "object" if self.sight.permit:
                self.sight = replace(self.sight, objection=Refusal(cause=Cause.VETO, reason="vetoed"))
            case "hold" if self.alive:
                self.sight = replace(self.sight, seen=HELD)
            case "free" if self.alive:
                self.sight = replace(self.sight, seen=RUNS)
            case "restart":
                self.sight = replace(self.sight, opened=False, launches=0, declined=None)
            case "step":
                self.step()

    def step(self) -> bool:
        wanted = self.wish.directive if self.wish else None
        step = plan_client(wanted, self.said, self.sight)
        if step is None or isinstance(step, steps.Wait):
            return False
        turn = Turn.of(wanted) if wanted else Turn(generation=0, attempt=0)
        self._do(step, Voice(gateway="gw-1", key=KEY, turn=turn))
        return True

    def _do(self, step: steps.ClientStep, voice: Voice) -> None:  # noqa: C901 - a table of steps
        if isinstance(step, steps.End | steps.Clear | steps.Sweep | steps.Fail):
            self.alive.clear()
            self.sight = ClientSight()
        match step:
            case steps.End():
                self._say(replace(voice, turn=step.turn).gone())
            case steps.Fail():
                self._say(voice.failed(step.cause, step.reason))
            case steps.Prepare():
                self.sight = replace(self.sight, permit=permit(voice.turn))
                self._say(voice.accepted("csr"))
            case steps.Renew():
                self.sight = replace(self.sight, declined=self.wish.directive.grant if self.wish else None)
            case steps.Open():
                self.sight = replace(self.sight, opened=True)
            case steps.Launch():
                self._launch(voice)
            case steps.SayStarting():
                self._say(voice.moved(Phase.STARTING, "starts"))
            case steps.SayTrouble():
                self._say(voice.troubled(step.trouble))
            case steps.SayReady():
                self._say(voice.moved(Phase.READY, "ready"))

    def _launch(self, voice: Voice) -> None:
        """A launcher takes what has exited out of the way, and never one that runs."""
        runs = self.sight.seen is not None and self.sight.seen.runs
        self.alive = [*(self.alive if runs else []), voice.turn]
        self.sight = replace(self.sight, seen=RUNS, opened=True)
        self._say(voice.moved(Phase.STARTING, "starts"))

    def settle(self) -> None:
        for _ in range(20):
            if not self.step():
                return
        raise AssertionError("it does not come to rest")

    def _say(self, fact: workload.Said) -> None:
        for one in workload.news(self.said, [fact]):
            self.said = workload.evolve(self.said, one)
            self.words.append((self.said.turn, self.said.phase))


@given(st.lists(st.one_of(directives, happenings), max_size=40))
def test_whatever_happens_no_two_live_at_once_and_what_is_stopped_ends_in_gone(story: list[object]) -> None:
    model = Model()
    for sequence, event in enumerate(story):
        if isinstance(event, str):
            model.happen(event)
        else:
            model.hear(event, sequence)  # type: ignore[arg-type]
        assert len(model.alive) <= 1
    turns = [turn for turn, _ in model.words]
    assert turns == sorted(turns), "an older turn is never spoken of after a later one"
    if model.wish is None:
        return
    model.settle()
    last = model.wish.directive
    model.hear(last.model_copy(update={"wanted": Wanted.STOPPED}), 99)
    model.settle()
    assert model.words[-1] == (Turn.of(last), Phase.GONE)
    assert model.alive == []


@given(st.lists(directives, min_size=1, max_size=10))
def test_only_the_latest_turn_is_wanted(heard: list[ParticipantDirective]) -> None:
    model = Model()
    for sequence, directive in enumerate(heard):
        model.hear(directive, sequence)
    assert model.wish is not None
    assert Turn.of(model.wish.directive) == max(map(Turn.of, heard))


def test_every_phase_is_in_the_table_and_gone_is_the_end() -> None:
    assert TRANSITIONS.keys() == set(Phase)
    assert all(Phase.GONE in after for phase, after in TRANSITIONS.items() if phase is not Phase.GONE)
    assert not TRANSITIONS[Phase.GONE]

"""
What to do next about one participant: wanted against said and seen, one step at a time.

Level-triggered: a plan looks at how things are, never at how they came about, so it does not matter which
directives or observations were missed, repeated or interrupted. The rules, in their order:

  1 what nobody vouches for is ended         4 what has failed leaves nothing behind
  2 an older turn is ended first             5 what was accepted must still be allowed
  3 what is to be stopped is ended           6 the exit of the process is the truth
"""

from fedpact.contracts.directives import ParticipantDirective, ServerDirective, Wanted
from fedpact.contracts.workloads import Cause, Phase
from fedpact.gateway_agent.domain.pods import PodName
from fedpact.gateway_agent.domain.steps import (
    Clear,
    ClientSight,
    ClientStep,
    End,
    Fail,
    Launch,
    Look,
    Open,
    Permit,
    Prepare,
    Renew,
    SayReady,
    SayStarting,
    SayTrouble,
    Seen,
    ServerSight,
    ServerStep,
    Sweep,
    Wait,
)
from fedpact.gateway_agent.domain.troubles import Trouble
from fedpact.gateway_agent.domain.workload import Turn, Workload

LAUNCHES = 5
"""How often to try again when a port was taken by somebody else."""
KILLS = frozenset({1, 2, 9, 15})
"""Signals that come from outside: SIGHUP, SIGINT, SIGKILL, SIGTERM. Any other is the workload's own doing."""
SOON = Wait(seconds=0.05)
CALM = Wait(seconds=1.0)
"""How soon an exit, a lapsed grant or a veto is noticed."""


def plan_client(wanted: ParticipantDirective | None, said: Workload | None, sight: ClientSight) -> ClientStep | None:
    """The next step for a FLARE client of this gateway; `None` when there is nothing to do or to wait for."""
    step = _ending(wanted, said, sight.strays)
    if step or wanted is None:
        return step
    if said is None or said.turn < Turn.of(wanted):
        return Prepare() if wanted.wanted is Wanted.PREPARED else _lost()
    if said.over or said.turn > Turn.of(wanted):
        return None
    if said.phase is Phase.FAILED:
        return Clear() if sight.seen or sight.permit else None
    if sight.permit is None or sight.permit.turn != said.turn:
        return _lost()
    if needed := _unless_permitted(wanted, sight, sight.permit):
        return needed
    if said.phase is Phase.PREPARED:
        return _from_prepared(wanted, sight)
    return _from_launched(said, sight)


def plan_server(wanted: ServerDirective | None, said: Workload | None, sight: ServerSight) -> ServerStep | None:
    """The next step for the FLARE server of an activation."""
    stopping = wanted is not None and wanted.wanted is Wanted.STOPPED
    if stopping and sight.busy and said is not None and not said.over and not sight.strays:
        return SOON
    step = _ending(wanted, said, sight.strays)
    if step or wanted is None:
        return step
    if said is None or said.turn < Turn.of(wanted):
        return Launch()
    if said.over or said.turn > Turn.of(wanted):
        return None
    if said.phase is Phase.FAILED:
        return Clear() if sight.seen else None
    if said.ready is None:
        return _until_it_listens(said, sight)
    if sight.seen is None or not sight.seen.runs:
        return _exited("server", sight.seen)
    return SayReady() if said.phase is not Phase.READY else Look()


def _ending(
    wanted: ParticipantDirective | ServerDirective | None, said: Workload | None, strays: tuple[PodName, ...]
) -> Sweep | End | None:
    """Rules 1 to 3."""
    if strays:
        return Sweep(names=strays)
    if wanted is None:
        return End(turn=said.turn) if said and not said.over else None
    turn = Turn.of(wanted)
    if said and not said.over and said.turn < turn:
        return End(turn=said.turn)
    if wanted.wanted is Wanted.STOPPED and not (said and said.over and said.turn == turn):
        return End(turn=turn)
    return None


def _unless_permitted(wanted: ParticipantDirective, sight: ClientSight, permit: Permit) -> Renew | Fail | None:
    """Rule 5. A newer grant may take the place of one that does not hold any more, but lifts no veto."""
    objection = sight.objection
    if objection and objection.cause is Cause.VETO:
        return Fail(cause=objection.cause, reason=objection.reason)
    if wanted.grant is not None and wanted.grant not in (permit.grant, sight.declined):
        return Renew(objection=objection)
    return Fail(cause=objection.cause, reason=objection.reason) if objection else None


def _from_prepared(wanted: ParticipantDirective, sight: ClientSight) -> ClientStep:
    if wanted.wanted is not Wanted.RUNNING:
        return CALM
    return SayStarting() if sight.seen and sight.seen.runs else Launch()


def _from_launched(said: Workload, sight: ClientSight) -> ClientStep:
    if sight.seen is None or not sight.seen.runs:
        again = said.phase is Phase.STARTING and sight.port_taken and sight.launches < LAUNCHES
        return Launch() if again else _exited("client", sight.seen)
    if not sight.opened:
        return Open()
    if said.phase is Phase.READY:
        return CALM
    return SayReady() if sight.registered else _held_back(said, sight.seen.trouble) or SOON


def _held_back(said: Workload, trouble: Trouble | None) -> SayStarting | SayTrouble | Fail | Wait | None:
    """What is to be said or awaited because of what the launcher knows; a server that is not up yet is no news."""
    if trouble is None or trouble.phase is Phase.STARTING:
        return SayStarting() if said.phase is Phase.WAITING else None
    if trouble.phase is Phase.FAILED:
        return Fail(cause=trouble.cause, reason=trouble.message)
    return CALM if (said.phase, said.message) == (trouble.phase, trouble.message) else SayTrouble(trouble=trouble)


def _until_it_listens(said: Workload, sight: ServerSight) -> ServerStep:
    if sight.launches == 0:
        return Launch()
    if sight.seen is None or not sight.seen.runs:
        again = sight.port_taken and sight.launches < LAUNCHES
        return Launch() if again else _exited("server", sight.seen)
    if sight.listening:
        return SayReady()
    if step := _held_back(said, sight.seen.trouble):
        return step
    if sight.overdue:
        return Fail(cause=Cause.NOT_READY, reason="the FLARE server did not begin to listen in time")
    return SOON


def _lost() -> Fail:
    return Fail(cause=Cause.LOST, reason="this site has lost what it had prepared; activate the spec again")


def _exited(what: str, seen: Seen | None) -> Fail:
    if seen and seen.trouble and seen.trouble.phase is Phase.FAILED:
        return Fail(cause=seen.trouble.cause, reason=f"the FLARE {what} ended: {seen.trouble.message}")
    if seen is None or seen.exit_code is None:
        return Fail(cause=Cause.KILLED, reason=f"the FLARE {what} ended, nobody saw how")
    if seen.out_of_memory:
        return Fail(cause=Cause.RESOURCES, reason=f"the FLARE {what} needed more memory than the spec reserves")
    if -seen.exit_code in KILLS:
        return Fail(cause=Cause.KILLED, reason=f"the FLARE {what} was ended by signal {-seen.exit_code}")
    how = f"with exit code {seen.exit_code}" if seen.exit_code >= 0 else f"by signal {-seen.exit_code}"
    return Fail(cause=Cause.EXIT, reason=f"the FLARE {what} ended {how}")

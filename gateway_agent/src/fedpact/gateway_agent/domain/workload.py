"""
What this site has said of one participant, and what it may say next.

The state is the fold of published observations and of nothing else, so what the hub knows and what the agent
remembers cannot differ. A fact that is no news, that speaks of an older turn, or that the table does not lead to
brings nothing about. A newer turn begins only when the older is gone: that is why two processes of one
participant never live at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self

from fedpact.contracts.envelope import Fact
from fedpact.contracts.workloads import (
    ParticipantAccepted,
    ParticipantChanged,
    ParticipantFact,
    ParticipantGone,
    ParticipantRefused,
    Phase,
    ServerReady,
    SitesConnected,
)
from fedpact.gateway_agent.domain.pods import PodName


class Turned(Protocol):
    """Anything about one generation and attempt."""

    @property
    def generation(self) -> int: ...
    @property
    def attempt(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Turn:
    """One attempt of one generation. A later one ends all before it."""

    generation: int
    attempt: int

    @classmethod
    def of(cls, message: Turned) -> Self:
        return cls(generation=message.generation, attempt=message.attempt)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One participant, as last said."""

    spec_id: str
    participant: str
    turn: Turn
    phase: Phase
    message: str = ""
    csr: str = ""
    ready: ServerReady | None = None
    """Of a server that listens."""
    connected: bool = False
    """Of a server all of whose sites were there once."""

    @property
    def name(self) -> PodName:
        return PodName(spec_id=self.spec_id, generation=self.turn.generation, participant=self.participant)

    @property
    def over(self) -> bool:
        """Whether nothing of it is left here."""
        return self.phase is Phase.GONE


FIRST = frozenset({Phase.PREPARED, Phase.STARTING, Phase.FAILED, Phase.GONE})
"""What may be said of a turn that nothing was said of yet."""

TRANSITIONS: Mapping[Phase, frozenset[Phase]] = {
    Phase.PREPARED: frozenset({Phase.STARTING, Phase.FAILED, Phase.GONE}),
    Phase.WAITING: frozenset({Phase.STARTING, Phase.READY, Phase.FAILED, Phase.STOPPING, Phase.GONE}),
    Phase.STARTING: frozenset({Phase.STARTING, Phase.WAITING, Phase.READY, Phase.FAILED, Phase.STOPPING, Phase.GONE}),
    Phase.READY: frozenset({Phase.FAILED, Phase.STOPPING, Phase.GONE}),
    Phase.STOPPING: frozenset({Phase.GONE}),
    Phase.FAILED: frozenset({Phase.GONE}),
    Phase.GONE: frozenset(),
}

Said = ParticipantFact | ServerReady | SitesConnected


def news(workload: Workload | None, facts: Sequence[Said]) -> Sequence[Fact]:
    """Those of `facts` that may be said of the workload, one after the other."""
    told: list[Fact] = []
    for fact in facts:
        if _is_news(workload, fact):
            workload = evolve(workload, fact)
            told.append(fact)
    return told


def evolve(workload: Workload | None, fact: Fact) -> Workload:
    """The workload after `fact` was said."""
    match fact:
        case ServerReady() if workload is not None:
            return replace(workload, ready=fact)
        case SitesConnected() if workload is not None:
            return replace(workload, connected=True)
        case ParticipantFact():
            return _moved(workload, fact)
        case _:
            raise TypeError(f"`{fact.type}` is not about a workload")


def phase_after(fact: ParticipantFact) -> Phase:
    """The phase that a fact about a participant leads to."""
    match fact:
        case ParticipantAccepted():
            return Phase.PREPARED
        case ParticipantRefused():
            return Phase.FAILED
        case ParticipantGone():
            return Phase.GONE
        case ParticipantChanged():
            return fact.phase
        case _:
            raise TypeError(f"`{fact.type}` leads to no phase")


def _is_news(workload: Workload | None, fact: Said) -> bool:
    turn = Turn.of(fact)
    if isinstance(fact, ServerReady):
        return _runs(workload, turn) and workload is not None and workload.ready != fact
    if isinstance(fact, SitesConnected):
        return _runs(workload, turn) and workload is not None and not workload.connected
    phase = phase_after(fact)
    if workload is None or turn > workload.turn:
        return (workload is None or workload.over) and phase in FIRST
    if turn < workload.turn or phase not in TRANSITIONS[workload.phase]:
        return False
    return (phase, _text(fact)) != (workload.phase, workload.message)


def _runs(workload: Workload | None, turn: Turn) -> bool:
    return (
        workload is not None
        and workload.turn == turn
        and workload.phase in {Phase.STARTING, Phase.WAITING, Phase.READY}
    )


def _moved(workload: Workload | None, fact: ParticipantFact) -> Workload:
    turn, phase = Turn.of(fact), phase_after(fact)
    if workload is None or turn > workload.turn:
        workload = Workload(spec_id=fact.spec_id, participant=fact.participant, turn=turn, phase=phase)
    csr = fact.csr if isinstance(fact, ParticipantAccepted) else workload.csr
    return replace(workload, phase=phase, message=_text(fact), csr=csr)


def _text(fact: ParticipantFact) -> str:
    match fact:
        case ParticipantChanged():
            return fact.message
        case ParticipantRefused():
            return fact.reason
        case _:
            return ""

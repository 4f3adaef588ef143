"""How ledger and assessments are kept."""

from collections.abc import Callable
from typing import TypeVar

from fedpact.chassis.aggregates import Kind
from fedpact.contracts.envelope import Fact
from fedpact.contracts.scheduling import ActivationIdled, SpecAssessed
from fedpact.scheduler.domain.culling import Idleness, SweepPlanned, observe
from fedpact.scheduler.domain.errors import UnexpectedFactError
from fedpact.scheduler.domain.ledger import evolve
from fedpact.scheduler.domain.model import Ledger

F = TypeVar("F", bound=Fact)
IDLE = "idle"


def _last_word(kind: type[F]) -> Callable[[F | None, Fact], F]:
    def evolve(_: F | None, fact: Fact) -> F:
        if not isinstance(fact, kind):
            raise UnexpectedFactError(fact)
        return fact

    return evolve


LEDGER = Kind(
    source="fedpact/scheduler/ledger",
    state=Ledger,
    evolve=evolve,
    route="hub",
    inbox_per_stream=True,
)
ASSESSMENTS = Kind(source="fedpact/scheduler/assessments", state=SpecAssessed, evolve=_last_word(SpecAssessed))
IDLENESS = Kind(
    source="fedpact/scheduler/idleness",
    state=Idleness,
    evolve=observe,
    indexes={IDLE: lambda idleness: [IDLE] if idleness.since else []},
    silent=True,
)
CULLINGS = Kind(source="fedpact/scheduler/cullings", state=ActivationIdled, evolve=_last_word(ActivationIdled))
SWEEPS = Kind(
    source="fedpact/scheduler/sweeps",
    state=SweepPlanned,
    evolve=_last_word(SweepPlanned),
    due=lambda sweep: sweep.at,
    silent=True,
)

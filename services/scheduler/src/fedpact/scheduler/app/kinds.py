"""How ledger and assessments are kept."""

from fedpact.chassis.aggregates import Kind
from fedpact.contracts.envelope import Fact
from fedpact.contracts.scheduling import SpecAssessed
from fedpact.scheduler.domain.errors import UnexpectedFactError
from fedpact.scheduler.domain.ledger import evolve
from fedpact.scheduler.domain.model import Ledger


def _last_word(_: SpecAssessed | None, fact: Fact) -> SpecAssessed:
    if not isinstance(fact, SpecAssessed):
        raise UnexpectedFactError(fact)
    return fact


LEDGER = Kind(
    source="fedpact/scheduler/ledger",
    state=Ledger,
    evolve=evolve,
    route="hub",
    inbox_per_stream=True,
)
ASSESSMENTS = Kind(source="fedpact/scheduler/assessments", state=SpecAssessed, evolve=_last_word)

"""What others may ask at once."""

from dataclasses import dataclass

from fedpact.chassis.aggregates import Aggregates
from fedpact.contracts.queries import AskWait, Wait
from fedpact.scheduler.app.handlers import THE_LEDGER
from fedpact.scheduler.domain.admission import Rules
from fedpact.scheduler.domain.model import Ledger
from fedpact.scheduler.domain.waits import why


@dataclass(frozen=True, slots=True, kw_only=True)
class Queries:
    ledger: Aggregates[Ledger]
    rules: Rules

    async def why(self, question: AskWait) -> Wait:
        """Why a spec's activation waits."""
        return why(await self.ledger.find(THE_LEDGER) or Ledger(), question.spec_id, self.rules)

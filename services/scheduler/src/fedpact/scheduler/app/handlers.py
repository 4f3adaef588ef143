"""
Load, decide, save.

Ledger and assessments are different documents. A spec is kept before totals are read and totals are kept before specs
are looked up, and an assessment is made again until the totals it was made with are still the totals: so neither a
new spec nor new totals can be overlooked, whichever comes first. That holds for a round of many specs, too: they
were looked up after the totals were kept, and stay in the round until they were assessed with them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fedpact.chassis.aggregates import Aggregates, Cause
from fedpact.chassis.errors import NotFoundError
from fedpact.chassis.rounds import Rounds
from fedpact.contracts.registry import GatewayAnnounced
from fedpact.contracts.scheduling import SpecAssessed
from fedpact.contracts.specs import SpecCreated
from fedpact.scheduler.app.ports import Specs
from fedpact.scheduler.domain.admission import News, Rules, decide
from fedpact.scheduler.domain.assessment import assess
from fedpact.scheduler.domain.model import Ledger, Sites

THE_LEDGER = "ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handlers:
    ledger: Aggregates[Ledger]
    assessments: Aggregates[SpecAssessed]
    specs: Specs
    rounds: Rounds
    rules: Rules

    async def announced(self, fact: GatewayAnnounced, cause: Cause) -> None:
        """A registered site allots something new: the line moves, and specs that count with it are assessed again."""
        await self.hear(fact, cause)
        affected = [spec.spec_id for spec in await self._affected(fact)]
        await self.rounds.begin(fact.gateway, affected, self._look_again, cause)

    async def go_on(self, gateway: str, cause: Cause) -> None:
        """Assess the next of the many specs that count with a site."""
        await self.rounds.go_on(gateway, self._look_again, cause)

    async def created(self, fact: SpecCreated, cause: Cause) -> None:
        """A spec is assessed."""
        await self.specs.keep(fact, cause)
        await self._assess(fact, cause)

    async def hear(self, fact: News, cause: Cause) -> None:
        """News of the line: who stands in it, what is given back, what a site allots."""
        await self.ledger.change(THE_LEDGER, lambda ledger: decide(ledger, fact, self.rules), cause)

    async def _affected(self, fact: GatewayAnnounced) -> Sequence[SpecCreated]:
        """Every spec needs an orchestrator; a gateway only those with a part there."""
        return await (self.specs.every() if fact.role == "orchestrator" else self.specs.where("site", fact.gateway))

    async def _look_again(self, _: str, key: str, cause: Cause) -> None:
        spec = await self.specs.find(key)
        if spec is None:
            raise NotFoundError(key)
        await self._assess(spec, cause)

    async def _assess(self, spec: SpecCreated, cause: Cause) -> None:
        await self._assess_with(await self._sites(), spec, cause)
        used: Sites | None = None
        while used != (sites := await self._sites()):
            await self._assess_with(sites, spec, Cause(now=cause.now))
            used = sites

    async def _assess_with(self, sites: Sites, spec: SpecCreated, cause: Cause) -> None:
        await self.assessments.change(spec.spec_id, lambda known: assess(known, spec, sites), cause)

    async def _sites(self) -> Sites:
        ledger = await self.ledger.find(THE_LEDGER)
        return ledger.sites if ledger else {}

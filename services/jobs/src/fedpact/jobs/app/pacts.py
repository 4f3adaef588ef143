"""What others told of the specs that jobs are for: kept as it comes, joined when it is asked for."""

from dataclasses import dataclass

from fedpact.chassis.aggregates import Aggregates, Cause
from fedpact.contracts.policies import SpecDecided
from fedpact.contracts.registry import ModelChanged
from fedpact.contracts.specs import SpecChanged, SpecCreated
from fedpact.jobs.app.ports import Models, Specs
from fedpact.jobs.domain.submission import Pact, Standing, schema_of
from fedpact.jobs.domain.terms import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacts:
    specs: Specs
    standings: Aggregates[Standing]
    terms: Aggregates[Terms]
    models: Models

    async def find(self, spec_id: str) -> Pact:
        """All that is known of a spec; what is not known yet is absent."""
        spec = await self.specs.find(spec_id)
        if spec is None:
            return Pact()
        model = spec.content.model
        return Pact(
            spec=spec,
            standing=await self.standings.find(spec_id),
            terms=await self.terms.find(spec_id),
            schema=schema_of(await self.models.find(model.id), model),
        )

    async def created(self, fact: SpecCreated, cause: Cause) -> None:
        """A spec that jobs may be submitted to."""
        await self.specs.keep(fact, cause)

    async def changed(self, fact: SpecChanged, cause: Cause) -> None:
        """How it stands now."""
        await self.standings.change(fact.key, lambda _: [fact], cause)

    async def decided(self, fact: SpecDecided, cause: Cause) -> None:
        """What the custodians say of it now."""
        await self.terms.change(fact.key, lambda _: [fact], cause)

    async def model(self, fact: ModelChanged, cause: Cause) -> None:
        """What payloads of its versions look like."""
        await self.models.keep(fact, cause)

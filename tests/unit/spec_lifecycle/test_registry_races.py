"""A spec and the end of its dataset, at the same moment."""

from dataclasses import dataclass

from spec_values import ACTIVATE, ADA, APPROVAL, DATASETS, NOON, SPEC, catalog, content

from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.copies import Copies
from fedpact.chassis.memory import MemoryDocuments
from fedpact.chassis.rounds import BATCH, ROUNDS, Rounds
from fedpact.contracts.envelope import Order
from fedpact.contracts.pact import SpecContent
from fedpact.contracts.registry import DatasetRegistered, DatasetUnregistered
from fedpact.contracts.specs import CloneSpec, CreateSpec, Stage
from fedpact.spec_lifecycle.app.handlers import Handlers
from fedpact.spec_lifecycle.app.kinds import SPECS
from fedpact.spec_lifecycle.domain.catalog import Catalog
from fedpact.spec_lifecycle.domain.model import Limits


@dataclass
class Registry:
    """From its `ends_after`-th look on, the first dataset is gone."""

    ends_after: int
    looks: int = 0

    async def catalog(self, _: SpecContent) -> Catalog:
        self.looks += 1
        known = catalog()
        there = {d: r for d, r in known.datasets.items() if self.looks <= self.ends_after or d != DATASETS[0]}
        return Catalog(datasets=there, model=known.model)


def service(ends_after: int) -> Handlers:
    datasets = Copies(MemoryDocuments(), DatasetRegistered)
    rounds = Rounds(Stored(MemoryDocuments(), ROUNDS))
    return Handlers(Stored(MemoryDocuments(), SPECS), Registry(ends_after), datasets, rounds, Limits())


async def created(handlers: Handlers, spec: str = SPEC) -> None:
    command = CreateSpec(spec_id=spec, content=content())
    await handlers.create(Order(command=command, actor=ADA, now=NOON), Cause(now=NOON))


async def test_a_dataset_that_ends_while_its_spec_is_created_makes_the_spec_invalid() -> None:
    handlers = service(ends_after=1)
    await created(handlers)
    assert (await handlers.specs.get(SPEC)).stage is Stage.INVALID


async def test_a_dataset_that_ends_while_its_spec_is_cloned_makes_the_clone_invalid() -> None:
    handlers = service(ends_after=3)
    await created(handlers)
    command = CloneSpec(spec_id="s-2", source=SPEC)
    await handlers.clone(Order(command=command, actor=ADA, now=NOON), Cause(now=NOON))
    assert [(await handlers.specs.get(key)).stage for key in (SPEC, "s-2")] == [Stage.IDLE, Stage.INVALID]


async def test_the_end_of_a_dataset_is_told_to_more_specs_than_a_handler_has_time_for() -> None:
    handlers = service(ends_after=4 * BATCH)
    for spec in (*(f"a-{number:03d}" for number in range(BATCH)), SPEC):
        await created(handlers, spec)
    for fact in APPROVAL:
        await handlers.hear(fact, Cause(now=NOON))
    await handlers.activate(Order(command=ACTIVATE, actor=ADA, now=NOON), Cause(now=NOON))
    await handlers.unregistered(DatasetUnregistered(dataset=DATASETS[0]), Cause(now=NOON))
    await handlers.go_on(DATASETS[0], Cause(now=NOON))
    told = {spec.id for spec in await handlers.specs.every() if spec.invalid}
    assert len(told) == BATCH
    assert SPEC in told, "what runs on it comes first"
    await handlers.go_on(DATASETS[0], Cause(now=NOON))
    assert all(spec.invalid for spec in await handlers.specs.every())

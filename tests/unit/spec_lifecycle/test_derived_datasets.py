"""What the datasets of a spec hold data of is written into it when it is made."""

from spec_values import SPEC, content, order, registered

from fedpact.chassis.aggregates import Cause
from fedpact.chassis.copies import Copies
from fedpact.chassis.memory import MemoryDocuments
from fedpact.contracts.envelope import Envelope
from fedpact.contracts.registry import DatasetRegistered, ModelChanged, VersionRecord
from fedpact.contracts.specs import CreateSpec, SpecCreated
from fedpact.spec_lifecycle.adapters.registry import RegistryCopies
from fedpact.spec_lifecycle.domain import requests

MIX, MORE = "mix_gateway-1_lake", "more_gateway-1_lake"
ONE, TWO = "one_gateway-1_lake", "two_gateway-2_hill"


async def pacts_of(*facts: DatasetRegistered | ModelChanged) -> RegistryCopies:
    datasets, models = Copies(MemoryDocuments(), DatasetRegistered), Copies(MemoryDocuments(), ModelChanged)
    for number, fact in enumerate(facts, 1):
        now = order(CreateSpec(spec_id=SPEC, content=content())).now
        cause = Cause(
            now=now, envelope=Envelope(source="r", type=fact.type, subject=fact.key, time=now, sequence=number)
        )
        await (datasets.keep(fact, cause) if isinstance(fact, DatasetRegistered) else models.keep(fact, cause))
    return RegistryCopies(datasets, models)


def derived(dataset: str, *parents: str) -> DatasetRegistered:
    return registered(dataset).model_copy(update={"derived_from": parents})


async def test_a_derived_dataset_comes_with_its_roots_at_every_depth() -> None:
    record = VersionRecord(version="1.0.0", digest="sha256:" + "a" * 64)
    model = ModelChanged(model="logreg", name="logreg", publisher="lab", versions=(record,))
    registry = await pacts_of(registered(ONE), registered(TWO), derived(MIX, ONE, TWO), derived(MORE, MIX), model)
    wanted = content(datasets=(MORE, TWO))
    asked = order(CreateSpec(spec_id=SPEC, content=wanted))
    (made,) = requests.create(None, asked, await registry.catalog(wanted))  # type: ignore[arg-type]
    assert isinstance(made, SpecCreated)
    assert made.roots == {MORE: (ONE, TWO)}
    assert made.sources == (ONE, TWO)
    assert [site.datasets for site in made.sites] == [(MORE,), (TWO,)]

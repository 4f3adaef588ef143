"""How each kind of aggregate is kept, found again, and when it wants to hear of time."""

from typing import Final

from fedpact.chassis.aggregates import Kind
from fedpact.contracts.specs import SpecCreated
from fedpact.policy.domain import cases, datasets, publishing
from fedpact.policy.domain.model import Case, Dataset, Policy

POLICIES: Final = Kind(
    source="fedpact/policy/policies",
    state=Policy,
    evolve=publishing.evolve,
    indexes={"dataset": lambda policy: policy.in_force_on},
)
CASES: Final = Kind(
    source="fedpact/policy/cases",
    state=Case,
    evolve=cases.evolve,
    due=lambda case: case.due,
    indexes={"policy": cases.stands_on},
)
DATASETS: Final = Kind(
    source="copy/registry.dataset",
    state=Dataset,
    evolve=datasets.evolve,
    indexes={"organization": lambda dataset: (dataset.organization,)},
    silent=True,
)


def datasets_of(pact: SpecCreated) -> tuple[str, ...]:
    """The index that pacts are found by when a policy changes."""
    return pact.sources

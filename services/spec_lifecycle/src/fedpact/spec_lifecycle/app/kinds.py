"""How specs are kept: their timers, their indexes and what follows from a change."""

from fedpact.chassis.aggregates import Kind
from fedpact.spec_lifecycle.domain.evolve import evolve
from fedpact.spec_lifecycle.domain.model import Spec
from fedpact.spec_lifecycle.domain.wanted import follow

SPECS: Kind[Spec] = Kind(
    source="fedpact/spec_lifecycle/specs",
    state=Spec,
    evolve=evolve,
    derive=follow,
    due=lambda spec: spec.due_at,
    indexes={
        "dataset": lambda spec: spec.content.datasets,
        "fenced": lambda spec: sorted({fence.gateway for fence in spec.fences}),
    },
)

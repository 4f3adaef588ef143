"""How the registry's aggregates are kept. What sites say is not the registry's to publish before it believes it."""

from fedpact.chassis.aggregates import Kind
from fedpact.registry.domain import datasets, gateways, models, proposals, sites
from fedpact.registry.domain.model import Dataset, Gateway, Model, Proposal, Site

GATEWAYS = Kind(source="fedpact/registry/gateways", state=Gateway, evolve=gateways.evolve)
SITES = Kind(source="fedpact/registry/sites", state=Site, evolve=sites.evolve, silent=True)
DATASETS = Kind(source="fedpact/registry/datasets", state=Dataset, evolve=datasets.evolve)
MODELS = Kind(source="fedpact/registry/models", state=Model, evolve=models.evolve)
PROPOSALS = Kind(
    source="fedpact/registry/proposals",
    state=Proposal,
    evolve=proposals.evolve,
    derive=proposals.directives,
    due=lambda proposal: proposal.due,
)

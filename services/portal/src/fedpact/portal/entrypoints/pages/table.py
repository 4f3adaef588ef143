"""All pages, in the order of the navigation. A new module of pages is added here and nowhere else."""

from collections.abc import Sequence

from fedpact.portal.entrypoints.pages import (
    activity,
    artifacts,
    datasets,
    gateways,
    models,
    outcomes,
    people,
    policies,
    policy_form,
    registered,
    spec,
    specs,
)
from fedpact.portal.entrypoints.pages.page import Page

PAGES: Sequence[Page] = (
    *specs.PAGES,
    *spec.PAGES,
    *artifacts.PAGES,
    *datasets.PAGES,
    *policies.PAGES,
    *policy_form.PAGES,
    *models.PAGES,
    *gateways.PAGES,
    *people.PAGES,
    *activity.PAGES,
    *registered.PAGES,
    *outcomes.PAGES,
)

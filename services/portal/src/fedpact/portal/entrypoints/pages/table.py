"""All pages, in the order of the navigation. A new module of pages is added here and nowhere else."""

from collections.abc import Sequence

from fedpact.portal.entrypoints.pages import activity, outcomes, spec, specs
from fedpact.portal.entrypoints.pages.page import Page

PAGES: Sequence[Page] = (*specs.PAGES, *spec.PAGES, *activity.PAGES, *outcomes.PAGES)

"""Lists that are longer than a page."""

from collections.abc import Callable
from typing import TypeVar

from fedpact.client.steps import Flow, Tell, Telling
from fedpact.contracts.api import Page, PageQuery
from fedpact.contracts.envelope import Model

SIZE = 200
Q = TypeVar("Q", bound=PageQuery)
V = TypeVar("V", bound=Model)


def every(page: Callable[[Q], Flow[Page[V]]], query: Q) -> Telling[V]:
    """All that match, page after page."""
    asked = query.model_copy(update={"page": 0, "page_size": SIZE})
    while True:
        found = yield from page(asked)
        for item in found.items:
            yield Tell(item)
        if not found.items or (asked.page + 1) * SIZE >= found.total:
            return
        asked = asked.model_copy(update={"page": asked.page + 1})

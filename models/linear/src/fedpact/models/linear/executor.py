"""FLARE's side of a site: opens it at the first exchange and answers each exchange once."""

from typing import cast

from .kit.dal import DataDoor
from .kit.errors import SiteRefusalError
from .kit.exchange import Message, SiteExecutor
from .site import Site, open_site


class LinearExecutor(SiteExecutor):
    """Answers with sums over the site's rows."""

    def __init__(self) -> None:
        super().__init__()
        self._site: Site | None = None
        self._answered: set[str] = set()

    def answer(self, task: str, request: Message) -> Message:
        if task in self._answered:
            raise SiteRefusalError(f"`{task}` was answered already; differences of answers would tell single rows")
        self._answered.add(task)
        if task == "describe":
            door = DataDoor.from_environment()
            self._site = open_site(door, cast("str", request["target"]), cast("list[str]", request["features"]))
            return self._site.describe()
        if task != "products" or self._site is None:
            raise SiteRefusalError(f"`{task}` is not asked for now")
        return self._site.products(request)

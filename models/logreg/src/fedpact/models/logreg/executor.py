"""FLARE's side of a site: opens it at the first exchange and passes the others on."""

from typing import cast

from .kit.dal import DataDoor
from .kit.errors import SiteRefusalError
from .kit.exchange import Message, SiteExecutor
from .site import Site, open_site


class LogRegExecutor(SiteExecutor):
    """Trains at one site."""

    def __init__(self) -> None:
        super().__init__()
        self._site: Site | None = None

    def answer(self, task: str, request: Message) -> Message:
        if task == "scale":
            door = DataDoor.from_environment()
            self._site = open_site(door, cast("str", request["target"]), cast("list[str]", request["features"]))
            return self._site.scale()
        if self._site is None:
            raise SiteRefusalError(f"`{task}` comes after `scale`")
        match task:
            case "train":
                return self._site.train(request)
            case "evaluate":
                return self._site.evaluate(request)
            case _:
                raise SiteRefusalError(f"`{task}` is not a task of this model")

"""FLARE's side of a site: opens it at the first exchange and passes the others on."""

from typing import cast

from .kit.dal import DataDoor
from .kit.errors import SiteRefusalError
from .kit.exchange import Message, SiteExecutor
from .site import Site, open_site


class CoxExecutor(SiteExecutor):
    """Answers with sums over risk sets, as far as the custodian's policy allows."""

    def __init__(self) -> None:
        super().__init__()
        self._site: Site | None = None

    def answer(self, task: str, request: Message) -> Message:
        if task == "describe":
            if self._site is not None:
                raise SiteRefusalError("`describe` was answered already")
            door = DataDoor.from_environment()
            columns = cast("dict[str, object]", request["columns"])
            time, event = str(columns["time"]), str(columns["event"])
            self._site = open_site(door, time, event, cast("list[str]", columns["features"]))
            return self._site.describe()
        if self._site is None:
            raise SiteRefusalError(f"`{task}` comes after `describe`")
        match task:
            case "times":
                return self._site.tell_times(cast("float", request["unit"]))
            case "risk":
                return self._site.risk(request)
            case _:
                raise SiteRefusalError(f"`{task}` is not a task of this model")

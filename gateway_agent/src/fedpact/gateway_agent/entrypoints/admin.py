"""The steward's side: JSON over a Unix socket that only this service's own user may open and speak on."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web
from pydantic import Field

from fedpact.chassis.http import make_app
from fedpact.chassis.local import same_user
from fedpact.contracts.envelope import Strict
from fedpact.contracts.ids import DatasetId
from fedpact.gateway_agent.app.offers import Offers
from fedpact.gateway_agent.app.queries import Queries
from fedpact.gateway_agent.app.renewal import Renewal
from fedpact.gateway_agent.domain.errors import FixedKeyError

STATUS_OF = {"dataset_name": 422, "unknown_dataset": 404, "data_door_refused": 409, "renewal_refused": 403}


class RegisterDataset(Strict):
    """
    `path` is absolute and below one of the DAL's allowed roots, or in one of its buckets; a folder ends in `/`.

    What is made of other datasets says of which: the policies about those decide about it.
    """

    path: str = Field(min_length=2, max_length=4096)
    description: str = Field(default="", max_length=5000)
    derived_from: tuple[DatasetId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Admin:
    """`applied` is the number of the last directive."""

    offers: Offers
    queries: Queries
    applied: Callable[[], int]
    renewal: Renewal | None = None
    """Absent where the key for the bus comes from the hub's setup."""

    def app(self) -> web.Application:
        app = make_app(checks={}, status_of=STATUS_OF)
        app.middlewares.append(same_user)
        app.router.add_get("/status", self.status)
        app.router.add_post("/rotate", self.rotate)
        app.router.add_get("/datasets", self.datasets)
        app.router.add_put("/datasets/{name}", self.register)
        app.router.add_delete("/datasets/{name}", self.withdraw)
        return app

    async def status(self, _: web.Request) -> web.Response:
        return web.json_response((await self.queries.status(self.applied())).model_dump(mode="json"))

    async def rotate(self, _: web.Request) -> web.Response:
        """The next key for the bus, now."""
        if self.renewal is None:
            raise FixedKeyError("this gateway's key for the bus comes from the hub's setup: ask the hub's operator")
        return web.json_response({"expires_at": (await self.renewal.now()).isoformat()})

    async def datasets(self, _: web.Request) -> web.Response:
        """What is offered, each with the place that only this machine knows."""
        places = {one.dataset: one.path for one in await self.offers.data.datasets()}
        offered = [
            {**one.model_dump(mode="json"), "path": places.get(one.dataset)} for one in await self.queries.datasets()
        ]
        return web.json_response(offered)

    async def register(self, request: web.Request) -> web.Response:
        wanted = RegisterDataset.model_validate_json(await request.read())
        name = request.match_info["name"]
        mapped = await self.offers.register(name, wanted.path, wanted.description, wanted.derived_from)
        return web.json_response(mapped.model_dump(mode="json"))

    async def withdraw(self, request: web.Request) -> web.Response:
        await self.offers.withdraw(request.match_info["name"])
        return web.Response(status=204)

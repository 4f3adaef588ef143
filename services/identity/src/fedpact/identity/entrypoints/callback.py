"""Where browsers come back to from the identity provider, and go on from to what they had left for."""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from fedpact.chassis.errors import UnavailableError
from fedpact.identity.app.ports import Trip
from fedpact.identity.domain.errors import OAuthError
from fedpact.identity.entrypoints import authorize
from fedpact.identity.entrypoints.authorize import Authorize
from fedpact.identity.entrypoints.away import CALLBACK, Away
from fedpact.identity.entrypoints.frame import told
from fedpact.identity.entrypoints.pages import Pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    away: Away
    authorize: Authorize
    pages: Pages

    def add_to(self, app: web.Application) -> None:
        app.router.add_get(CALLBACK, self.come_back)

    async def come_back(self, request: web.Request) -> web.StreamResponse:
        """Somebody was logged in, or not."""
        try:
            errand, trip = self.away.errand(request)
        except OAuthError as error:
            return told(error)
        response = await self._goes_on(request, errand, trip)
        self.away.forget(request, response)
        return response

    async def _goes_on(self, request: web.Request, errand: Mapping[str, str], trip: Trip) -> web.Response:
        asked_by_program = errand.get("to") == authorize.ERRAND
        try:
            user = (await self.away.person(request, trip)).id
            entered = self.authorize.entered if asked_by_program else self.pages.entered
            return await entered(errand, user)
        except OAuthError as error:
            return self.authorize.refused(errand, error) if asked_by_program else told(error)
        except UnavailableError as error:
            return told(error)

"""What a model may ask: an object, a folder, the policies. Decide on the string, then touch the storage."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from fedpact.chassis.clock import Clock
from fedpact.contracts.policies import Permissions
from fedpact.dal_service.app.ports import Opened, Shelf, Source, Tokens
from fedpact.dal_service.domain.access import admit, locate
from fedpact.dal_service.domain.errors import DalError, OutOfScopeError, UnauthenticatedError
from fedpact.dal_service.domain.model import Activation, Bearer, Dataset, Place
from fedpact.dal_service.domain.paths import parse

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A request that was allowed, and can be asked about again."""

    bearer: Bearer
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Queries:
    tokens: Tokens
    activations: Shelf[Activation]
    datasets: Shelf[Dataset]
    source: Source
    clock: Clock

    def ticket(self, token: str, target: str, route: str) -> Ticket:
        """The right to what the raw `target` names. Who asks is settled first, then what for."""
        now = self.clock.now()
        bearer = self.tokens.bearer(token, now)
        try:
            activation = admit(bearer, self.activations.find(bearer.activation), now)
            place = locate(parse(target, route), bearer, activation, self.datasets.find)
        except DalError as refusal:
            log.info("request refused", extra={"key": bearer.activation, "slug": refusal.slug})
            raise
        return Ticket(bearer=bearer, place=place)

    def still(self, ticket: Ticket) -> bool:
        """Whether the same request would be allowed now, and mean the same."""
        bearer, place = ticket.bearer, ticket.place
        try:
            activation = admit(bearer, self.activations.find(bearer.activation), self.clock.now())
            return locate(place.address, bearer, activation, self.datasets.find) == place
        except (UnauthenticatedError, OutOfScopeError):
            return False

    async def open(self, ticket: Ticket, *, whole: bool) -> Opened:
        return await self.source.open(ticket.place, whole=whole)

    async def entries(self, ticket: Ticket) -> Sequence[str]:
        return await self.source.entries(ticket.place)

    def policies(self, ticket: Ticket) -> dict[str, Permissions]:
        """The activation's own effective permissions, which the gateway took from its grant."""
        activation = self.activations.find(ticket.bearer.activation)
        if activation is None:
            raise UnauthenticatedError
        return {"permissions": activation.permissions, "privacy": activation.privacy}

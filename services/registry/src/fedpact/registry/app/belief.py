"""
Brings what is registered in line with what sites say.

Two hands do this at once: that of the admin's command and that of the site's observation. Each first writes down what
it knows (gateway or site) and then reads what the other wrote, so the later of the two sees both. And each looks
again after it has written: if the site said more meanwhile, that is settled too, so the last word stays. Whoever
registers a root looks for what waits for it, whichever hand the root came by. Of a site that has offered many datasets,
they are believed in a round: a handler would not have the time.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from fedpact.chassis.aggregates import Aggregates, Cause
from fedpact.chassis.rounds import Rounds
from fedpact.contracts.workloads import DatasetOffered, GatewaySpoke
from fedpact.registry.domain import datasets, gateways, sites
from fedpact.registry.domain.errors import NotBelievedError
from fedpact.registry.domain.model import Dataset, Gateway, Site

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    gateways: Aggregates[Gateway]
    sites: Aggregates[Site]
    datasets: Aggregates[Dataset]
    rounds: Rounds

    async def everything(self, gateway: str, cause: Cause) -> None:
        """Believe all a site has said, now that it is known."""
        await self.announcement(gateway, cause)
        offered = list(sites.roots_first((await self._site(gateway)).offers))
        await self.rounds.begin(gateway, offered, self.dataset, cause)

    async def go_on(self, gateway: str, cause: Cause) -> None:
        """Believe the next of the many datasets that a site has offered."""
        await self.rounds.go_on(gateway, self.dataset, cause)

    async def announcement(self, gateway: str, cause: Cause) -> None:
        """Believe what a site last said of itself."""
        settled = None
        while (spoken := (await self._site(gateway)).spoken) != settled:
            settled = spoken
            await self._announce(gateway, spoken, cause)
            cause = Cause(now=cause.now)

    async def dataset(self, gateway: str, dataset: str, cause: Cause) -> None:
        """Believe what a site last said of a dataset, and then of those that waited for it."""
        await self._settle(gateway, dataset, cause)
        for waiting in sites.derived_from(dataset, (await self._site(gateway)).offers):
            await self._settle(gateway, waiting, Cause(now=cause.now))

    async def _announce(self, gateway: str, spoken: GatewaySpoke | None, cause: Cause) -> None:
        try:
            await self.gateways.change(gateway, lambda known: gateways.announce(known, spoken), cause)
        except NotBelievedError as error:
            ignored(GatewaySpoke.type, gateway, error)

    async def _settle(self, gateway: str, dataset: str, cause: Cause) -> None:
        known = await self.gateways.find(gateway)
        if known is None:
            log.info("kept until the gateway is registered", extra={"key": dataset})
            return
        while True:
            offer = (await self._site(gateway)).offers.get(dataset)
            await self._follow(known, dataset, offer, cause)
            if (await self._site(gateway)).offers.get(dataset) == offer:
                return
            cause = Cause(now=cause.now)

    async def _follow(self, gateway: Gateway, dataset: str, offer: DatasetOffered | None, cause: Cause) -> None:
        missing = await self._missing(offer.derived_from if offer else ())
        try:
            await self.datasets.change(dataset, lambda known: datasets.settle(known, offer, gateway, missing), cause)
        except NotBelievedError as error:
            ignored(DatasetOffered.type, dataset, error)

    async def _missing(self, roots: Iterable[str]) -> list[str]:
        found = {root: await self.datasets.find(root) for root in roots}
        return [root for root, known in found.items() if known is None or known.registered is None]

    async def _site(self, gateway: str) -> Site:
        return await self.sites.find(gateway) or Site(id=gateway)


def ignored(fact: str, key: str, error: NotBelievedError) -> None:
    """Say why an observation changes nothing: nobody waits for an answer."""
    log.warning("ignored", extra={"fact": fact, "key": key, "slug": error.slug, "reason": error.reason})

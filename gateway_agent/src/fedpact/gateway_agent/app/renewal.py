"""
The gateway's place on the bus, renewed by its agent: at half of its credentials' life, or when a steward wants it now.

The next key is made and kept before anybody is asked: if the answer is lost, the same question gets it again, and a
key that nobody has credentials for was never in use. The last credentials work for a while beside the new ones.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pydantic import ValidationError

from fedpact.chassis.clock import Clock
from fedpact.chassis.guard import failure_of
from fedpact.chassis.questions import Ask
from fedpact.contracts.access import AskRenewal, Credentials
from fedpact.contracts.envelope import Denied
from fedpact.decision import enrolment, nats_jwt
from fedpact.decision.nkeys import NKey
from fedpact.gateway_agent.domain.errors import RenewalRefusedError

LOOK_SECONDS = 60.0
log = logging.getLogger(__name__)


class KeyFiles(Protocol):
    """Where the credentials and the key that will follow are kept."""

    def current(self) -> tuple[str, NKey]:
        """The JWT in use and its key."""
        ...

    def following(self) -> NKey:
        """The next key: the same one until it is in use."""
        ...

    def use(self, jwt: str, key: NKey) -> None:
        """Replace what is in use, in one step."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    gateway: str
    files: KeyFiles
    ask: Ask
    reconnect: Callable[[], Awaitable[None]]
    clock: Clock

    async def run(self) -> None:
        """Renew whenever half of the time is over, for ever; what does not work now is tried again."""
        while True:
            failure = await failure_of(self.if_due())
            if failure is not None:
                log.error("the credentials for the bus are not renewed: %s", failure)
            await asyncio.sleep(LOOK_SECONDS)

    async def now(self) -> datetime:
        """Renew; when the new credentials end."""
        _, used = self.files.current()
        following = self.files.following()
        asked = AskRenewal(
            gateway=self.gateway,
            member_key=following.public,
            proof=enrolment.renew(following, self.gateway, following.public),
            used_key=used.public,
            signature=enrolment.renew(used, self.gateway, following.public),
        )
        given = _read(await self.ask("identity", "renew_gateway", asked.model_dump_json()))
        self.files.use(given.jwt, following)
        await self.reconnect()
        log.info("the credentials for the bus are renewed until %s", given.expires_at.isoformat())
        return given.expires_at

    async def if_due(self) -> None:
        """Renew when half of the time is over."""
        jwt, _ = self.files.current()
        begun, end = nats_jwt.issued(jwt), nats_jwt.expiry(jwt)
        if end is not None and self.clock.now() >= begun + (end - begun) / 2:
            await self.now()


def _read(answer: bytes) -> Credentials:
    try:
        return Credentials.model_validate_json(answer)
    except ValidationError:
        raise RenewalRefusedError(Denied.model_validate_json(answer).reason) from None

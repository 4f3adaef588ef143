"""The questions identity answers."""

from fedpact.chassis.bus import Bus
from fedpact.identity.app import queries
from fedpact.identity.app.ports import Signer


def subscribe(bus: Bus, signer: Signer) -> None:
    """Say which keys verify access tokens."""

    async def keys(_: bytes) -> str:
        return queries.keys(signer)

    bus.answer("identity", "keys", keys)

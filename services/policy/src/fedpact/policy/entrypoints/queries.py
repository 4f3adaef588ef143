"""Which questions the policy service answers."""

from fedpact.chassis.bus import Bus
from fedpact.contracts.queries import AskPreview
from fedpact.policy.app.previews import Previews


def subscribe(bus: Bus, previews: Previews) -> None:
    bus.on_query(AskPreview, previews.preview)

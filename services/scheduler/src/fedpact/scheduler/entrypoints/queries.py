"""Which questions the scheduler answers."""

from pydantic import ValidationError

from fedpact.chassis.bus import Bus
from fedpact.contracts.queries import AskWait, Denied
from fedpact.scheduler.app.queries import Queries


def subscribe(bus: Bus, queries: Queries) -> None:
    async def why(body: bytes) -> str:
        try:
            question = AskWait.model_validate_json(body)
        except ValidationError:
            return Denied(slug="malformed", reason="the question must name a `spec_id`").model_dump_json()
        return (await queries.why(question)).model_dump_json()

    bus.answer("scheduling", "why", why)

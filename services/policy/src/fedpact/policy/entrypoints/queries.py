"""Which questions the policy service answers. A refusal is an answer too."""

from pydantic import ValidationError

from fedpact.chassis.bus import Bus
from fedpact.contracts.envelope import DomainError
from fedpact.contracts.queries import AskPreview, Denied
from fedpact.policy.app.previews import Previews


def subscribe(bus: Bus, previews: Previews) -> None:
    async def preview(body: bytes) -> str:
        try:
            return (await previews.preview(AskPreview.model_validate_json(body))).model_dump_json()
        except ValidationError as error:
            told = f"the question is not an `AskPreview`: {error.error_count()} errors"
            return Denied(slug="malformed", reason=told).model_dump_json()
        except DomainError as error:
            return Denied(slug=error.slug, reason=error.reason).model_dump_json()

    bus.answer("policy", "preview", preview)

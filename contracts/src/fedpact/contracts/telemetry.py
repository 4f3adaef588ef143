"""What is worth seeing while it happens and not worth keeping: metrics per round, signs of life."""

from typing import ClassVar

from pydantic import AwareDatetime

from fedpact.contracts import subjects
from fedpact.contracts.envelope import Message
from fedpact.contracts.ids import Id


class MetricsReported(Message):
    """One round of a running job. `gateway` is the reporting agent's own token."""

    type: ClassVar[str] = "telemetry.metrics.reported"
    stream: ClassVar[str] = "telemetry"

    gateway: Id
    spec_id: Id
    job_id: Id
    round: int
    metrics: dict[str, float]
    at: AwareDatetime

    @property
    def key(self) -> str:
        return self.job_id

    def subject(self, channel: str, route: str) -> str:  # noqa: ARG002 - the gateway is the last token
        return subjects.telemetry(channel, "metrics", self.gateway)


class GatewayAlive(Message):
    """The site's agent runs and reaches the bus. Said every few seconds; who is not heard for long is silent."""

    type: ClassVar[str] = "telemetry.gateway.alive"
    stream: ClassVar[str] = "telemetry"

    gateway: Id
    at: AwareDatetime

    @property
    def key(self) -> str:
        return self.gateway

    def subject(self, channel: str, route: str) -> str:  # noqa: ARG002 - the gateway is the last token
        return subjects.telemetry(channel, "alive", self.gateway)

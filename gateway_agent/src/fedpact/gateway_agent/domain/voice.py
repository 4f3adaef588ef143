"""How a site speaks about one turn of one participant."""

from dataclasses import dataclass
from typing import TypedDict

from fedpact.contracts.workloads import (
    Cause,
    ParticipantAccepted,
    ParticipantChanged,
    ParticipantGone,
    ParticipantRefused,
    Phase,
    ServerReady,
    SitesConnected,
)
from fedpact.gateway_agent.domain.kits import Joint
from fedpact.gateway_agent.domain.pods import PodName
from fedpact.gateway_agent.domain.troubles import Trouble
from fedpact.gateway_agent.domain.workload import Turn


class _About(TypedDict):
    gateway: str
    spec_id: str
    generation: int
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """`key` is `<spec>/<participant>`."""

    gateway: str
    key: str
    turn: Turn

    @property
    def name(self) -> PodName:
        spec_id, _, participant = self.key.partition("/")
        return PodName(spec_id=spec_id, generation=self.turn.generation, participant=participant)

    def accepted(self, csr: str) -> ParticipantAccepted:
        return ParticipantAccepted(**self._about(), participant=self.name.participant, csr=csr)

    def refused(self, cause: Cause, reason: str) -> ParticipantRefused:
        return ParticipantRefused(**self._about(), participant=self.name.participant, cause=cause, reason=reason)

    def moved(self, phase: Phase, message: str) -> ParticipantChanged:
        return ParticipantChanged(**self._about(), participant=self.name.participant, phase=phase, message=message)

    def troubled(self, trouble: Trouble) -> ParticipantChanged:
        return self.moved(trouble.phase, trouble.message).model_copy(update={"cause": trouble.cause})

    def failed(self, cause: Cause, reason: str) -> ParticipantChanged:
        return self.moved(Phase.FAILED, reason).model_copy(update={"cause": cause})

    def gone(self) -> ParticipantGone:
        return ParticipantGone(**self._about(), participant=self.name.participant)

    def listens(self, joint: Joint, root_ca: str, certificates: dict[str, str]) -> ServerReady:
        return ServerReady(
            **self._about(),
            project=joint.project,
            host=joint.host,
            port=joint.port,
            server_name=joint.name,
            root_ca=root_ca,
            certificates=certificates,
        )

    def connected(self, sites: tuple[str, ...]) -> SitesConnected:
        return SitesConnected(**self._about(), sites=sites)

    def _about(self) -> "_About":
        turn = self.turn
        return _About(gateway=self.gateway, spec_id=self.name.spec_id, generation=turn.generation, attempt=turn.attempt)

"""What the registry knows: gateways, datasets and models."""

from pathlib import Path
from secrets import token_urlsafe
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from fedpact.client import operations
from fedpact.client.errors import NotFoundError
from fedpact.client.packages import package_digest, read_card
from fedpact.client.steps import Flow
from fedpact.client.verbs import H, Noun, verb
from fedpact.contracts.api import (
    DatasetPage,
    DatasetView,
    GatewayPage,
    GatewayView,
    ModelPage,
    ModelView,
    NewGateway,
    NewInvitation,
    NewModel,
    NewProposal,
    PageQuery,
    ProposalPage,
    ProposalView,
)
from fedpact.contracts.registry import VersionRecord
from fedpact.decision.enrolment import token_hash


class Invitation(BaseModel):
    """What a gateway is enrolled with, once, until then. Hand the token over on a way you trust."""

    model_config = ConfigDict(frozen=True)

    gateway: str
    token: str = Field(repr=False)
    until: AwareDatetime | None = None


class Gateways(Noun[H]):
    """`fp.gateways`."""

    __slots__ = ()

    @verb
    def list(self, query: PageQuery | None = None) -> Flow[GatewayPage]:
        return self.hub.flow(operations.gateways(query or PageQuery()))

    @verb
    def get(self, gateway: str) -> Flow[GatewayView]:
        return self.hub.flow(operations.gateway(gateway))

    @verb
    def register(
        self,
        gateway: str,
        organization: str,
        *,
        role: Literal["gateway", "orchestrator"] = "gateway",
        key: str | None = None,
    ) -> Flow[GatewayView]:
        """Make a site known, and say which organization manages it."""
        new = NewGateway(gateway=gateway, organization=organization, role=role)
        return self.hub.flow(operations.register_gateway(new, self.hub.key(key)))

    @verb
    def invite(self, gateway: str, *, hours: int = 24) -> Flow[Invitation]:
        """Let a gateway enroll, once: whoever has the token of the answer. The hub gets its hash alone."""
        token = f"{gateway}.{token_urlsafe(32)}"
        new = NewInvitation(token_hash=token_hash(token), hours=hours)
        known = yield from self.hub.flow(operations.invite_gateway(gateway, new, self.hub.key()))
        until = known.access.invited_until if known.access else None
        return Invitation(gateway=known.gateway, token=token, until=until)

    @verb
    def revoke(self, gateway: str, *, key: str | None = None) -> Flow[GatewayView]:
        """End all that a gateway may do on the bus. It is disconnected at once."""
        return self.hub.flow(operations.revoke_gateway(gateway, self.hub.key(key)))


class Datasets(Noun[H]):
    """`fp.datasets`. They are registered where they lie, see `fedpact.client.custodian`, or proposed to there."""

    __slots__ = ()

    @verb
    def list(self, query: PageQuery | None = None) -> Flow[DatasetPage]:
        return self.hub.flow(operations.datasets(query or PageQuery()))

    @verb
    def get(self, dataset: str) -> Flow[DatasetView]:
        return self.hub.flow(operations.dataset(dataset))

    @verb
    def propose(self, new: NewProposal, *, key: str | None = None) -> Flow[ProposalView]:
        """Propose an entry of a gateway's inbox. The gateway accepts or refuses it by its own rules."""
        return self.hub.flow(operations.propose_dataset(new, self.hub.key(key)))

    @verb
    def proposals(self, query: PageQuery | None = None) -> Flow[ProposalPage]:
        """What one's organization has proposed, newest first."""
        return self.hub.flow(operations.proposals(query or PageQuery()))

    @verb
    def proposal(self, proposal: str) -> Flow[ProposalView]:
        return self.hub.flow(operations.proposal(proposal))


class Models(Noun[H]):
    """`fp.models`."""

    __slots__ = ()

    @verb
    def list(self, query: PageQuery | None = None) -> Flow[ModelPage]:
        return self.hub.flow(operations.models(query or PageQuery()))

    @verb
    def get(self, model: str) -> Flow[ModelView]:
        return self.hub.flow(operations.model(model))

    @verb
    def register(self, model: str, name: str, *, description: str = "", key: str | None = None) -> Flow[ModelView]:
        """Make a model known; versions follow."""
        new = NewModel(model=model, name=name, description=description)
        return self.hub.flow(operations.register_model(new, self.hub.key(key)))

    @verb
    def add_version(self, model: str, record: VersionRecord, *, key: str | None = None) -> Flow[ModelView]:
        """Add a version. The same one with the same digest again changes nothing."""
        return self.hub.flow(operations.add_model_version(model, record, self.hub.key(key)))

    @verb
    def push(self, folder: Path | str, *, commit: str = "") -> Flow[ModelView]:
        """Make the model package in `folder` known by its card and digest; its code stays where it is."""
        card, digest = read_card(Path(folder)), package_digest(Path(folder))
        try:
            yield from self.hub.flow(operations.model(card.id))
        except NotFoundError:
            new = NewModel(model=card.id, name=card.name, description=card.description)
            yield from self.hub.flow(operations.register_model(new, self.hub.key()))
        record = card.record(digest, commit)
        return (yield from self.hub.flow(operations.add_model_version(card.id, record, self.hub.key())))

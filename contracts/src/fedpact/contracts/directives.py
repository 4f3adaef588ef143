"""
What the hub wants of a site: always the whole wanted state, never a change.

One message per subject: the newest replaces the older, so an agent that was away learns what is wanted now.
`stopped` stays as a tombstone for seven days. Participants, servers and jobs are spec_lifecycle's; proposals are the
registry's, which may speak under their last token only, and nobody takes the one for the other.
"""

from abc import abstractmethod
from enum import StrEnum
from typing import ClassVar

from fedpact.contracts import subjects
from fedpact.contracts.envelope import Message
from fedpact.contracts.ids import SERVER, DatasetId, Id, ParticipantId
from fedpact.contracts.pact import Endpoint, PinnedModel, Resources
from fedpact.contracts.policies import Bounds, Dsse
from fedpact.contracts.registry import Description, EntryName
from fedpact.contracts.specs import Payload

TOMBSTONE = 7 * 24 * 3600


class Wanted(StrEnum):
    PREPARED = "prepared"
    RUNNING = "running"
    STOPPED = "stopped"


class Directive(Message):
    """Addressed to one gateway, about one participant or job of one generation and attempt."""

    stream: ClassVar[str] = "directives"

    spec_id: Id
    generation: int
    attempt: int
    gateway: Id
    wanted: Wanted

    @property
    def key(self) -> str:
        return self.spec_id

    @property
    @abstractmethod
    def name(self) -> str:
        """The participant or job it is about."""

    @property
    def part(self) -> str:
        """The last subject token."""
        return self.name

    @property
    def lifetime(self) -> int | None:
        return TOMBSTONE if self.wanted is Wanted.STOPPED else None

    def subject(self, channel: str, route: str) -> str:  # noqa: ARG002 - directives are addressed, not routed
        return subjects.directive(channel, self.gateway, self.spec_id, self.part)

    def told_by(self, token: str, source: str) -> bool:  # noqa: ARG002 - the subject is what the bus authenticates
        return token == self.part


class ParticipantDirective(Directive):
    """One FLARE client. `endpoint` and `certificate` come with `running`; `grant` is renewed in place."""

    type: ClassVar[str] = "directives.participant.wanted"

    participant: ParticipantId
    model: PinnedModel
    resources: Resources
    datasets: tuple[DatasetId, ...]
    grant: Dsse | None = None
    endpoint: Endpoint | None = None
    certificate: str | None = None

    @property
    def name(self) -> str:
        return self.participant


class ServerDirective(Directive):
    """The FLARE server. `requests`: participant -> PEM certificate request, exactly the expected sites."""

    type: ClassVar[str] = "directives.server.wanted"

    model: PinnedModel
    resources: Resources
    requests: dict[str, str] = {}
    organizations: dict[str, str] = {}
    """Participant -> organization, written into its certificate."""

    @property
    def name(self) -> str:
        return SERVER


class JobDirective(Directive):
    """One job for the orchestrator's agent. `stopped` cancels it."""

    type: ClassVar[str] = "directives.job.wanted"

    job_id: Id
    model: PinnedModel
    payload: Payload
    datasets: dict[str, str]
    """Dataset -> gateway."""
    sites: tuple[str, ...]
    """The participants of this activation, the only targets a job may name."""
    bounds: tuple[Bounds, ...] = ()

    @property
    def name(self) -> str:
        return self.job_id

    @property
    def part(self) -> str:
        """Apart from every participant's: `_` is in no other id."""
        return f"job_{self.job_id}"


DIRECTIVES: dict[str, type[Directive]] = {d.type: d for d in (ParticipantDirective, ServerDirective, JobDirective)}


class ProposalDirective(Message):
    """
    A steward's proposal for the gateway to look at; `stopped` is one that was answered or lapsed.

    `entry` is a name in the gateway's own inbox, whose place the hub does not know.
    """

    type: ClassVar[str] = "directives.proposal.wanted"
    stream: ClassVar[str] = "directives"

    proposal: Id
    gateway: Id
    wanted: Wanted
    name: Id
    description: Description = ""
    entry: EntryName | None = None

    @property
    def key(self) -> str:
        return self.proposal

    @property
    def lifetime(self) -> int | None:
        return TOMBSTONE if self.wanted is Wanted.STOPPED else None

    def subject(self, channel: str, route: str) -> str:  # noqa: ARG002 - directives are addressed, not routed
        return subjects.directive(channel, self.gateway, self.proposal, subjects.PROPOSAL)

    def told_by(self, token: str, source: str) -> bool:  # noqa: ARG002 - the subject is what the bus authenticates
        return token == subjects.PROPOSAL

"""
Proposals: a steward names an entry of a gateway's inbox, the gateway says whether it becomes a dataset.

The registry only carries it there and keeps the answer. It learns a name in a folder whose place it does not know,
and forgets that name as soon as the proposal is settled. A gateway that never answers settles it by silence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fedpact.contracts.directives import ProposalDirective, Wanted
from fedpact.contracts.envelope import Fact, Message, Order
from fedpact.contracts.identity import Role
from fedpact.contracts.registry import Capability, DatasetProposed, ProposalSettled, ProposeDataset
from fedpact.contracts.workloads import ProposalAnswered
from fedpact.registry.domain.errors import (
    AlreadyRegisteredError,
    NotAllowedError,
    ProposalsClosedError,
    UnknownGatewayError,
)
from fedpact.registry.domain.model import Dataset, Gateway, Proposal

LAPSES: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a proposal goes: the gateway, and the dataset that has the proposed id already."""

    gateway: Gateway | None
    dataset: Dataset | None


def dataset_id(name: str, gateway: str, organization: str) -> str:
    """The id of a dataset called `name` there."""
    return f"{name}_{gateway}_{organization}"


def propose(known: Proposal | None, order: Order[ProposeDataset], place: Place) -> Sequence[Fact]:
    """The facts that carry a proposal to its gateway."""
    wanted, actor = order.command, order.actor
    if not actor.has(Role.DATA_STEWARD, Role.OWNER):
        raise NotAllowedError("proposing a dataset needs the role `data_steward`: ask an owner of your organization")
    if known is not None:
        raise AlreadyRegisteredError(f"there is a proposal `{wanted.proposal}` already: choose another id")
    gateway = _checked(place.gateway, wanted.gateway, actor.organization)
    if place.dataset is not None and place.dataset.registered is not None:
        raise AlreadyRegisteredError(f"`{place.dataset.id}` is registered already: choose another name", path="name")
    made = DatasetProposed(
        proposal=wanted.proposal,
        gateway=gateway.id,
        organization=gateway.organization,
        name=wanted.name,
        description=wanted.description,
        entry=wanted.entry,
        proposed_by=actor.user,
        made_at=order.now,
        until=order.now + LAPSES,
    )
    return [made]


def answer(known: Proposal | None, said: ProposalAnswered) -> Sequence[Fact]:
    """What the gateway says of an open proposal. Nobody else's word counts, and none that comes late."""
    made = known.made if known else None
    if made is None or made.gateway != said.gateway:
        return []
    expected = dataset_id(made.name, made.gateway, made.organization)
    if not said.accepted:
        reason = said.reason or f"`{made.gateway}` refused it without a reason: ask its operator"
        return [_settled(made, reason=reason)]
    if said.dataset != expected:
        reason = f"`{made.gateway}` offers it as `{said.dataset}` instead of `{expected}`: correct the site's settings"
        return [_settled(made, reason=reason)]
    return [_settled(made, dataset=expected)]


def lapse(known: Proposal | None, now: datetime) -> Sequence[Fact]:
    """The end of a proposal that was never answered."""
    made = known.made if known else None
    if made is None or now < made.until:
        return []
    days = LAPSES.days
    reason = f"`{made.gateway}` did not answer within {days} days: see that its agent runs, then propose it again"
    return [_settled(made, reason=reason)]


def evolve(_: Proposal | None, fact: Fact) -> Proposal:
    """The proposal after `fact`."""
    match fact:
        case DatasetProposed():
            return Proposal(made=fact)
        case ProposalSettled():
            return Proposal(settled=fact)
        case _:
            raise AssertionError(fact)


def directives(before: Proposal | None, after: Proposal) -> Sequence[Message]:
    """What the gateway is told: the proposal, and that it is over."""
    told = after.made or after.settled
    if told is None or before == after:
        return []
    return [
        ProposalDirective(
            proposal=told.proposal,
            gateway=told.gateway,
            name=told.name,
            description=after.made.description if after.made else "",
            entry=after.made.entry if after.made else None,
            wanted=Wanted.PREPARED if after.made else Wanted.STOPPED,
        )
    ]


def _checked(gateway: Gateway | None, name: str, organization: str) -> Gateway:
    if gateway is None or gateway.organization != organization or gateway.role != "gateway":
        text = f"`{organization}` manages no gateway `{name}`: propose to one of its own"
        raise UnknownGatewayError(text, path="gateway")
    said = gateway.announced
    if said is not None and Capability.PROPOSALS not in said.capabilities:
        text = (
            f"`{name}` takes no proposals: register the dataset on its own machine, or have its operator set "
            "FEDPACT_AGENT_INBOX"
        )
        raise ProposalsClosedError(text, path="gateway")
    return gateway


def _settled(made: DatasetProposed, *, dataset: str | None = None, reason: str = "") -> ProposalSettled:
    return ProposalSettled(
        proposal=made.proposal,
        gateway=made.gateway,
        organization=made.organization,
        name=made.name,
        description=made.description,
        proposed_by=made.proposed_by,
        made_at=made.made_at,
        accepted=dataset is not None,
        dataset=dataset,
        reason=reason,
    )

"""What of a gateway's allotment is taken, as far as the hub knows: by participants that are there or on their way."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fedpact.contracts.ids import SERVER
from fedpact.contracts.pact import Resources
from fedpact.portal.domain.model import SpecState

HOLDING = frozenset({"prepared", "starting", "ready", "stopping"})
"""Phases in which a participant holds what it was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one spec's participants hold at a gateway."""

    spec_id: str
    participants: tuple[str, ...]
    cpu: float
    gpu: int
    memory: int


def shares(specs: Iterable[SpecState], gateway: str) -> Iterator[Share]:
    """The shares of all specs that hold something at `gateway`."""
    for spec in specs:
        if spec.created is None or spec.changed is None:
            continue
        there = [
            name for name, one in spec.changed.participants.items() if one.gateway == gateway and one.phase in HOLDING
        ]
        if there:
            demand = spec.created.content.resources
            each = [demand.server if name == SERVER else demand.clients for name in there]
            yield _share(spec.created.spec_id, there, each)


def _share(spec: str, there: Iterable[str], each: Iterable[Resources]) -> Share:
    held = list(each)
    return Share(
        spec_id=spec,
        participants=tuple(sorted(there)),
        cpu=sum(one.cpu for one in held),
        gpu=sum(one.gpu for one in held),
        memory=sum(one.memory for one in held),
    )

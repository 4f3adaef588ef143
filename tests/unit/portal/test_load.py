"""What specs hold of a gateway: whatever is there or on its way, and nothing that is not."""

import pytest
from portal_values import changed, created

from fedpact.contracts.specs import ParticipantView, SpecChanged
from fedpact.portal.domain.load import shares
from fedpact.portal.domain.model import SpecState


def spec(*phases: str, gateway: str = "gateway-1") -> SpecState:
    there = {f"{gateway}-{n}": ParticipantView(gateway=gateway, phase=phase) for n, phase in enumerate(phases, 1)}
    return SpecState(created=created(), changed=_with(there))


def _with(there: dict[str, ParticipantView]) -> SpecChanged:
    return changed("s-1", "active.running_idle", 1).model_copy(update={"participants": there})


@pytest.mark.parametrize(
    ("phase", "held"),
    [(p, 1) for p in ("prepared", "starting", "ready", "stopping")] + [(p, 0) for p in ("waiting", "gone", "failed")],
)
def test_a_participant_holds_from_its_preparation_to_its_end(phase: str, held: int) -> None:
    assert len(list(shares([spec(phase)], "gateway-1"))) == held


def test_participants_of_one_spec_are_one_share() -> None:
    (share,) = shares([spec("ready", "starting", "gone")], "gateway-1")
    assert (share.participants, share.cpu, share.memory) == (("gateway-1-1", "gateway-1-2"), 2.0, 4096)


def test_a_server_holds_what_the_server_asked_for() -> None:
    server = {"server": ParticipantView(gateway="hub", phase="ready")}
    (share,) = shares([SpecState(created=created(), changed=_with(server))], "hub")
    assert (share.cpu, share.memory) == (0.5, 512)


def test_other_gateways_and_specs_that_were_never_told_hold_nothing() -> None:
    assert (
        list(shares([spec("ready", gateway="gateway-2"), SpecState(created=created()), SpecState()], "gateway-1")) == []
    )

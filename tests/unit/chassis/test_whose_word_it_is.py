"""Nobody speaks in another's name, and nobody makes a consumer deaf to another."""

from datetime import UTC, datetime

import pytest
from counter import COUNTERS, Added, Counter
from pydantic import ValidationError

from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.memory import MemoryDocuments
from fedpact.contracts.envelope import DomainError, Envelope
from fedpact.contracts.workloads import Cause as Why
from fedpact.contracts.workloads import ParticipantGone, ParticipantRefused

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ABOUT = {"gateway": "gw-1", "spec_id": "s-1", "generation": 1, "attempt": 1, "participant": "gw-1-1"}


@pytest.mark.parametrize(
    ("token", "source", "may"),
    [
        ("gw-1", "fedpact/gw-1/workloads", True),
        ("gw-2", "fedpact/gw-1/workloads", False),
        ("gw-1", "fedpact/gw-2/workloads", False),
        ("gw-1", "fedpact/gw-10/workloads", False),
        ("gw-1", "fedpact/policy/cases", False),
    ],
)
def test_a_site_speaks_for_itself_alone(token: str, source: str, *, may: bool) -> None:
    assert ParticipantGone.model_validate(ABOUT).told_by(token, source) is may


async def test_the_same_source_on_another_stream_leaves_no_mark() -> None:
    counters = Stored(MemoryDocuments(), COUNTERS)
    envelope = Envelope(source="fedpact/policy/cases", type="t", subject="s-1", time=NOW, sequence=9)
    step = [Added(name="c1", amount=1)]
    for stream, sequence in (("workloads", 9), ("policy", 1), ("policy", 1)):
        told = envelope.model_copy(update={"sequence": sequence})
        await counters.change("c1", lambda _: step, Cause(now=NOW, envelope=told, stream=stream))
    assert await counters.get("c1") == Counter(name="c1", total=2)


@pytest.mark.parametrize("part", ["source", "subject", "id", "correlationid", "causationid"])
@pytest.mark.parametrize("value", ["a b", "a\x00b", "ü", "x" * 201, "a\n"])
def test_what_becomes_a_header_and_a_member_name_is_short_and_printable(part: str, value: str) -> None:
    plain = {"source": "s", "type": "t", "subject": "x", "time": NOW}
    with pytest.raises(ValidationError):
        Envelope.model_validate(plain | {part: value})


def test_a_sites_words_are_cut_to_what_a_person_reads() -> None:
    refused = ParticipantRefused.model_validate(ABOUT | {"cause": Why.VETO, "reason": "no " * 1_000_000})
    assert len(refused.reason) == 2000


async def test_what_the_bus_will_never_take_is_not_saved() -> None:
    """In an outbox it would hold up everything that follows."""
    counters = Stored(MemoryDocuments(), COUNTERS)
    with pytest.raises(DomainError) as told:
        await counters.change("c1", lambda _: [Added(name="x" * 4_000_000, amount=1)], Cause(now=NOW))
    assert told.value.slug == "too_large"
    assert await counters.find("c1") is None

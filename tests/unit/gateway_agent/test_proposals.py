"""What a gateway makes of proposals, by its own rules."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.clock import FakeClock
from fedpact.chassis.errors import UnavailableError
from fedpact.chassis.memory import MemoryDocuments
from fedpact.contracts.dal import ActivationAccess, MappedDataset, OpenActivation
from fedpact.contracts.directives import ParticipantDirective, ProposalDirective, Wanted
from fedpact.contracts.pact import PinnedModel, Resources
from fedpact.contracts.workloads import ProposalAnswered
from fedpact.gateway_agent.app import kinds
from fedpact.gateway_agent.app.offers import Offers
from fedpact.gateway_agent.app.proposals import Proposals
from fedpact.gateway_agent.domain.errors import DataDoorError
from fedpact.gateway_agent.domain.inbox import Found

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Door:
    """A DAL that refuses what it is told to."""

    mapped: dict[str, str] = field(default_factory=dict)
    refusal: Exception | None = None

    async def datasets(self) -> Sequence[MappedDataset]:
        return [MappedDataset(dataset=name, path=path, address=f"{name}/x") for name, path in self.mapped.items()]

    async def map(self, dataset: str, path: str) -> MappedDataset:
        if self.refusal:
            raise self.refusal
        self.mapped[dataset] = path
        return MappedDataset(dataset=dataset, path=path, address=f"{dataset}/x")

    async def unmap(self, dataset: str) -> None:
        self.mapped.pop(dataset, None)

    async def open(self, activation: str, access: OpenActivation) -> ActivationAccess:
        raise AssertionError("nobody asks for this here")

    async def revoke(self, activation: str) -> None:
        raise AssertionError("nobody asks for this here")


@dataclass
class Box:
    """An inbox in memory."""

    entries: dict[str, Found]

    async def look(self, name: str) -> Found:
        return self.entries.get(name, Found.NOTHING)

    def path(self, entry: str) -> str:
        return f"/secret/place/{entry}"


@dataclass
class Gateway:
    """A gateway with an inbox, or without."""

    box: Box | None = field(default_factory=lambda: Box({"scans": Found.FOLDER, "a.csv": Found.FILE}))
    door: Door = field(default_factory=Door)

    def __post_init__(self) -> None:
        self.called: list[tuple[str, str]] = []
        self.answers = Stored(MemoryDocuments(), kinds.answers("gw-1"))
        clock = FakeClock(NOW)
        self.offers = Offers(
            gateway="gw-1",
            organization="clinic",
            offers=Stored(MemoryDocuments(), kinds.offers("gw-1")),
            data=self.door,
            clock=clock,
        )
        self.proposals = Proposals(
            gateway="gw-1",
            inbox=self.box,
            offers=self.offers,
            heard=Stored(MemoryDocuments(), kinds.PROPOSALS_HEARD),
            answers=self.answers,
            call=self.called.append,
            clock=clock,
        )

    async def asked(self, **parts: object) -> ProposalAnswered:
        directive = proposal(**parts)
        await self.proposals.hear(directive, Cause(now=NOW))
        await self.proposals.reconcile(directive.proposal)
        return await self.answers.get(directive.proposal)


def proposal(**parts: object) -> ProposalDirective:
    told = {"proposal": "p-1", "gateway": "gw-1", "wanted": Wanted.PREPARED, "name": "scans", "entry": "scans/"}
    return ProposalDirective.model_validate(told | parts)


async def test_an_entry_of_the_inbox_becomes_a_dataset() -> None:
    gateway = Gateway()
    answer = await gateway.asked(description="x-rays")
    assert (answer.accepted, answer.dataset) == (True, "scans_gw-1_clinic")
    assert gateway.door.mapped == {"scans_gw-1_clinic": "/secret/place/scans/"}
    (offered,) = await gateway.offers.every()
    assert offered.description == "x-rays"


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("b.csv", "there is no `b.csv`"),
        ("scans", "propose it as `scans/`"),
        ("a.csv/", "without the slash"),
        ("pipe", "links are not followed"),
        (None, "names no entry"),
    ],
)
async def test_an_entry_that_is_not_what_it_is_called_is_refused(entry: str | None, told: str) -> None:
    box = Box({"scans": Found.FOLDER, "a.csv": Found.FILE, "pipe": Found.OTHER})
    answer = await Gateway(box).asked(entry=entry)
    assert not answer.accepted
    assert told in answer.reason


async def test_a_gateway_without_an_inbox_takes_nothing() -> None:
    answer = await Gateway(None).asked()
    assert "FEDPACT_AGENT_INBOX" in answer.reason


async def test_what_is_offered_already_is_not_replaced_from_afar() -> None:
    gateway = Gateway()
    await gateway.offers.register("scans", "/data/scans/", "the real ones")
    answer = await gateway.asked()
    assert not answer.accepted
    assert gateway.door.mapped == {"scans_gw-1_clinic": "/data/scans/"}


async def test_a_crash_between_registering_and_answering_is_made_good() -> None:
    gateway = Gateway()
    await gateway.offers.register("scans", "/secret/place/scans/", "")
    assert (await gateway.asked()).accepted


async def test_no_answer_names_a_place_of_the_machine() -> None:
    gateway = Gateway(door=Door(refusal=DataDoorError("`/secret/place/scans/` is outside the roots")))
    answer = await gateway.asked()
    assert not answer.accepted
    assert "/secret" not in answer.model_dump_json()


async def test_a_dal_that_does_not_answer_is_asked_again_and_nothing_is_said() -> None:
    gateway = Gateway(door=Door(refusal=UnavailableError("the DAL does not answer")))
    with pytest.raises(UnavailableError):
        await gateway.asked()
    assert await gateway.answers.every() == []
    assert await gateway.proposals.known() == ["p-1"]
    gateway.door.refusal = None
    await gateway.proposals.reconcile("p-1")
    assert (await gateway.answers.get("p-1")).accepted


async def test_an_answer_is_given_once() -> None:
    gateway = Gateway()
    await gateway.asked(entry="b.csv")
    box = gateway.box
    assert box is not None
    box.entries["b.csv"] = Found.FILE
    assert not (await gateway.asked(entry="b.csv")).accepted


async def test_what_is_over_is_left_alone_and_what_is_for_another_is_not_heard() -> None:
    gateway = Gateway()
    await gateway.proposals.hear(proposal(gateway="gw-2"), Cause(now=NOW))
    assert gateway.called == []
    await gateway.proposals.hear(proposal(wanted=Wanted.STOPPED, entry=None), Cause(now=NOW))
    await gateway.proposals.reconcile("p-1")
    await gateway.proposals.reconcile("p-unknown")
    assert gateway.called == [("proposals", "p-1")]
    assert await gateway.answers.every() == []
    assert await gateway.proposals.known() == []


def test_the_registrys_token_says_proposals_only_and_nobody_elses_says_them() -> None:
    client = ParticipantDirective(
        spec_id="s-1",
        generation=1,
        attempt=1,
        gateway="gw-1",
        wanted=Wanted.STOPPED,
        participant="gw-1-1",
        model=PinnedModel(id="m", version="1.0.0", digest="sha256:" + "a" * 64),
        resources=Resources(),
        datasets=(),
    )
    assert client.told_by("gw-1-1", "any")
    assert not client.told_by("_proposal", "any")
    assert proposal().told_by("_proposal", "any")
    assert not proposal().told_by("gw-1-1", "any")

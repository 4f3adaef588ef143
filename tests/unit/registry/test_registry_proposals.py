"""A proposal is carried to its gateway, and ends in the gateway's word or in silence."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.memory import MemoryDocuments
from fedpact.contracts.directives import ProposalDirective, Wanted
from fedpact.contracts.envelope import Actor, Fact, Order
from fedpact.contracts.identity import Role
from fedpact.contracts.pact import Resources
from fedpact.contracts.registry import (
    DatasetProposed,
    DatasetRegistered,
    GatewayAnnounced,
    ProposalSettled,
    ProposeDataset,
)
from fedpact.contracts.workloads import ProposalAnswered
from fedpact.registry.app.kinds import DATASETS, GATEWAYS, PROPOSALS
from fedpact.registry.app.proposals import Proposals
from fedpact.registry.domain import proposals
from fedpact.registry.domain.errors import (
    AlreadyRegisteredError,
    NotAllowedError,
    ProposalsClosedError,
    RegistryError,
    UnknownGatewayError,
)
from fedpact.registry.domain.model import Dataset, Gateway, Proposal
from fedpact.registry.domain.proposals import LAPSES, Place

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STEWARD = Actor(user="stan", organization="clinic", roles=(Role.DATA_STEWARD,))
WANTED = ProposeDataset(proposal="p-1", gateway="gw-1", name="scans", entry="scans/", description="x-rays")
DATASET = "scans_gw-1_clinic"


def gateway(*capabilities: str, organization: str = "clinic", role: str = "gateway") -> Gateway:
    told = GatewayAnnounced(
        gateway="gw-1", organization=organization, totals=Resources(), version="1", capabilities=capabilities
    )
    return Gateway(id="gw-1", organization=organization, role=role, announced=told if capabilities else None)


def order(actor: Actor = STEWARD, command: ProposeDataset = WANTED) -> Order[ProposeDataset]:
    return Order(command=command, actor=actor, now=NOW)


def place(found: Gateway | None = None, dataset: Dataset | None = None) -> Place:
    return Place(gateway=found or gateway("proposals"), dataset=dataset)


def made() -> DatasetProposed:
    (fact,) = proposals.propose(None, order(), place())
    assert isinstance(fact, DatasetProposed)
    return fact


def answered(**parts: object) -> ProposalAnswered:
    told = {"gateway": "gw-1", "proposal": "p-1", "accepted": True, "dataset": DATASET}
    return ProposalAnswered.model_validate(told | parts)


def test_a_stewards_proposal_is_carried_with_its_entry() -> None:
    fact = made()
    assert (fact.organization, fact.proposed_by, fact.until) == ("clinic", "stan", NOW + LAPSES)
    (told,) = proposals.directives(None, Proposal(made=fact))
    assert isinstance(told, ProposalDirective)
    assert (told.entry, told.wanted, told.lifetime) == ("scans/", Wanted.PREPARED, None)
    assert told.subject("main", "hub") == "fedpact.dir.main.gw-1.p-1._proposal"


@pytest.mark.parametrize(
    ("actor", "there", "error"),
    [
        (Actor(user="ada", organization="clinic", roles=("data_scientist",)), place(), NotAllowedError),
        (STEWARD, Place(gateway=None, dataset=None), UnknownGatewayError),
        (STEWARD, place(gateway("proposals", organization="lab")), UnknownGatewayError),
        (STEWARD, place(gateway("proposals", role="orchestrator")), UnknownGatewayError),
        (STEWARD, place(gateway("nvflare")), ProposalsClosedError),
        (
            STEWARD,
            place(
                dataset=Dataset(
                    id=DATASET,
                    registered=DatasetRegistered(
                        dataset=DATASET, name="scans", description="", gateway="gw-1", organization="clinic"
                    ),
                )
            ),
            AlreadyRegisteredError,
        ),
    ],
    ids=["no steward", "no gateway", "another's gateway", "no custodian's site", "takes none", "taken name"],
)
def test_what_cannot_be_proposed_is_refused(actor: Actor, there: Place, error: type[RegistryError]) -> None:
    with pytest.raises(error):
        proposals.propose(None, order(actor), there)


def test_a_gateway_that_has_not_spoken_yet_gets_it_later_and_a_name_given_back_is_free() -> None:
    assert proposals.propose(None, order(), place(gateway(), Dataset(id=DATASET, registered=None)))


def test_an_id_is_used_once() -> None:
    with pytest.raises(AlreadyRegisteredError):
        proposals.propose(Proposal(made=made()), order(), place())


def test_the_gateways_word_settles_it_and_the_entry_is_forgotten() -> None:
    (fact,) = proposals.answer(Proposal(made=made()), answered())
    assert isinstance(fact, ProposalSettled)
    assert (fact.accepted, fact.dataset, fact.description) == (True, DATASET, "x-rays")
    after = proposals.evolve(Proposal(made=made()), fact)
    assert "scans/" not in repr(after)
    (told,) = proposals.directives(Proposal(made=made()), after)
    assert isinstance(told, ProposalDirective)
    assert (told.entry, told.description, told.wanted) == (None, "", Wanted.STOPPED)
    assert told.lifetime is not None


def test_a_refusal_comes_with_the_gateways_reason() -> None:
    (fact,) = proposals.answer(Proposal(made=made()), answered(accepted=False, dataset=None, reason="not there"))
    assert isinstance(fact, ProposalSettled)
    assert (fact.accepted, fact.reason, fact.dataset) == (False, "not there", None)


def test_a_gateway_that_speaks_for_another_organization_registers_nothing() -> None:
    (fact,) = proposals.answer(Proposal(made=made()), answered(dataset="scans_gw-1_lab"))
    assert isinstance(fact, ProposalSettled)
    assert not fact.accepted
    assert "correct the site's settings" in fact.reason


@pytest.mark.parametrize("known", [None, Proposal(made=made().model_copy(update={"gateway": "gw-2"})), Proposal()])
def test_nobody_elses_word_counts_and_none_too_late(known: Proposal | None) -> None:
    assert proposals.answer(known, answered()) == []


def test_silence_ends_it_after_a_week() -> None:
    open_ = Proposal(made=made())
    assert proposals.lapse(open_, NOW + LAPSES - timedelta(seconds=1)) == []
    (fact,) = proposals.lapse(open_, NOW + LAPSES)
    assert isinstance(fact, ProposalSettled)
    assert "did not answer within 7 days" in fact.reason
    assert proposals.lapse(proposals.evolve(open_, fact), NOW + 2 * LAPSES) == []


def test_nothing_new_is_told_when_nothing_changed() -> None:
    settled = Proposal(settled=ProposalSettled.model_validate(made().model_dump() | {"accepted": False}))
    assert proposals.directives(settled, settled) == []


STEPS = st.lists(
    st.one_of(
        st.builds(answered, accepted=st.booleans(), gateway=st.sampled_from(["gw-1", "gw-2"])),
        st.integers(0, 10).map(lambda days: NOW + timedelta(days=days)),
    ),
    max_size=6,
)


@given(STEPS)
def test_whatever_arrives_a_proposal_is_settled_once_at_most(steps: list[ProposalAnswered | datetime]) -> None:
    state, told = Proposal(made=made()), list[Fact]()
    for step in steps:
        news = proposals.lapse(state, step) if isinstance(step, datetime) else proposals.answer(state, step)
        for fact in news:
            state = proposals.evolve(state, fact)
        told += news
    assert len(told) <= 1
    assert (state.due is None) is bool(told)


async def test_time_settles_what_no_gateway_answers() -> None:
    kept = Stored(MemoryDocuments(), PROPOSALS)
    gateways, datasets = Stored(MemoryDocuments(), GATEWAYS), Stored(MemoryDocuments(), DATASETS)
    handlers = Proposals(proposals=kept, gateways=gateways, datasets=datasets)
    await kept.change("p-1", lambda _: [made()], Cause(now=NOW))
    assert await kept.documents.due(NOW + LAPSES, 10) == ["p-1"]
    await handlers.tick("p-1", Cause(now=NOW + LAPSES))
    state = await kept.get("p-1")
    assert state.settled is not None
    (document,) = await kept.documents.every()
    assert [entry["headers"]["ce-type"] for entry in document.outbox] == [
        "registry.proposal.made",
        "directives.proposal.wanted",
        "registry.proposal.settled",
        "directives.proposal.wanted",
    ]
    assert document.outbox[0]["headers"]["Nats-TTL"] == "691200s"

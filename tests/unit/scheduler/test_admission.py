"""Who gets capacity: messages in, facts out."""

from collections.abc import Sequence

import pytest
from scheduler_values import RULES, announced, ended, released, requested, sent_back

from fedpact.contracts.envelope import Fact
from fedpact.contracts.ids import SERVER
from fedpact.contracts.scheduling import GangPlaced, GangQueued, GangRefused, GangWithdrawn, SharesReleased, Shortfall
from fedpact.scheduler.domain.admission import News, decide
from fedpact.scheduler.domain.errors import UnexpectedFactError
from fedpact.scheduler.domain.ledger import evolve, fold
from fedpact.scheduler.domain.model import Ledger, used
from fedpact.scheduler.domain.waits import why

ANSWERS = (GangPlaced, GangQueued, GangRefused)


def after(*messages: News) -> Ledger:
    ledger = Ledger()
    for message in messages:
        ledger = fold(ledger, decide(ledger, message, RULES))
    return ledger


def told(ledger: Ledger, message: News) -> Sequence[Fact]:
    return decide(ledger, message, RULES)


def answers(facts: Sequence[Fact]) -> list[tuple[str, str]]:
    return [(type(f).__name__, f.spec_id) for f in facts if isinstance(f, ANSWERS)]


@pytest.fixture
def two_sites() -> Ledger:
    return after(announced("hub", 8), announced("gw-1", 4), announced("gw-2", 4))


def test_a_gang_that_fits_is_placed_at_every_site_at_once(two_sites: Ledger) -> None:
    placed = told(two_sites, requested("s1", "gw-1", "gw-2", cpu=1.5, clients=2))[-1]
    assert isinstance(placed, GangPlaced)
    assert {site: lease.cpu for site, lease in placed.leases.items()} == {"gw-1": 3, "gw-2": 3, "hub": 0.5}


def test_a_gang_that_lacks_one_site_holds_nothing(two_sites: Ledger) -> None:
    ledger = fold(two_sites, told(two_sites, requested("s1", "gw-1", cpu=3)))
    facts = told(ledger, requested("s2", "gw-1", "gw-2", at=1, cpu=2))
    assert answers(facts) == [("GangQueued", "s2")]
    assert facts[-1].shortfalls == (Shortfall(site="gw-1", resource="cpu", wanted=2, available=1),)
    assert used(fold(ledger, facts)) == used(ledger)


def test_what_can_never_fit_is_refused_with_the_numbers(two_sites: Ledger) -> None:
    facts = told(two_sites, requested("s1", "gw-1", "gw-2", cpu=5))
    assert answers(facts) == [("GangRefused", "s1")]
    assert [shortfall.sentence() for shortfall in facts[-1].shortfalls] == [
        "gw-1 lacks cpu: wanted 5, available 4",
        "gw-2 lacks cpu: wanted 5, available 4",
    ]


def test_without_an_orchestrator_no_server_can_stand_anywhere() -> None:
    facts = told(after(announced("gw-1")), requested("s1", "gw-1"))
    assert {(s.site, s.available) for s in facts[-1].shortfalls} == {("the orchestrator", 0)}


def test_the_end_of_one_gang_places_the_next_in_line(two_sites: Ledger) -> None:
    ledger = after(
        announced("hub"), announced("gw-1"), requested("s1", "gw-1", cpu=4), requested("s2", "gw-1", at=1, cpu=4)
    )
    facts = told(ledger, ended("s1"))
    assert [type(fact) for fact in facts] == [SharesReleased, GangPlaced]
    assert facts[-1].key == "s2"


def test_a_younger_gang_that_fits_passes_an_older_one_that_does_not() -> None:
    ledger = after(
        announced("hub"), announced("gw-1"), requested("s1", "gw-1", cpu=3), requested("s2", "gw-1", at=1, cpu=2)
    )
    assert answers(told(ledger, requested("s3", "gw-1", at=2))) == [("GangPlaced", "s3")]


def test_a_gang_passed_too_often_holds_what_is_free_for_itself() -> None:
    ledger = after(
        announced("hub"),
        announced("gw-1"),
        requested("s1", "gw-1", cpu=1),
        requested("big", "gw-1", at=1, cpu=4),
        requested("s2", "gw-1", at=2),
        requested("s3", "gw-1", at=3),
    )
    assert ledger.line["big"].bypasses == RULES.bypasses
    assert answers(told(ledger, requested("s4", "gw-1", at=4))) == [("GangQueued", "s4")]


@pytest.fixture
def fenced_off() -> Ledger:
    """`big` was passed often enough, and a fenced participant holds all of a silent site that it needs, too."""
    ledger = after(
        announced("hub", 100),
        announced("silent"),
        announced("gw-1"),
        requested("s1", "silent", cpu=4),
        ended("s1", "silent-1", SERVER),
        requested("big", "silent", "gw-1", at=1, cpu=4),
    )
    for n in range(RULES.bypasses):
        ledger = fold(ledger, told(ledger, requested(f"t{n}", "gw-1", at=2 + n)))
        ledger = fold(ledger, told(ledger, ended(f"t{n}")))
    assert ledger.line["big"].bypasses == RULES.bypasses
    return ledger


def test_whom_a_fenced_participant_leaves_no_room_for_holds_up_nobody(fenced_off: Ledger) -> None:
    assert answers(told(fenced_off, requested("s2", "gw-1", at=9))) == [("GangPlaced", "s2")]
    assert [missing.site for missing in why(fenced_off, "big", RULES).shortfalls] == ["silent"]


def test_it_claims_what_it_needs_as_soon_as_the_fenced_participant_is_gone(fenced_off: Ledger) -> None:
    ledger = fold(fenced_off, told(fenced_off, requested("s2", "gw-1", at=9)))
    ledger = fold(ledger, told(ledger, released("s1", "silent-1")))
    assert answers(told(ledger, requested("s3", "gw-1", at=10))) == [("GangQueued", "s3")]
    assert answers(told(ledger, ended("s2"))) == [("GangPlaced", "big")]


def test_the_claim_leaves_other_sites_alone() -> None:
    ledger = after(
        announced("hub"),
        announced("gw-1"),
        announced("gw-2"),
        requested("s1", "gw-1", cpu=1),
        requested("big", "gw-1", at=1, cpu=4),
        requested("s2", "gw-1", at=2),
        requested("s3", "gw-1", at=3),
    )
    assert answers(told(ledger, requested("s4", "gw-2", at=4))) == [("GangPlaced", "s4")]


def test_passing_at_a_site_that_has_enough_for_both_is_no_bypass() -> None:
    ledger = after(
        announced("hub", 8),
        announced("gw-1"),
        announced("gw-2"),
        requested("s1", "gw-1", cpu=4),
        requested("s2", "gw-1", "gw-2", at=1, cpu=1),
        requested("s3", "gw-2", at=2, cpu=1),
    )
    assert ledger.line["s2"].bypasses == 0


def test_taking_over_what_a_lost_attempt_held_is_no_bypass() -> None:
    ledger = after(
        announced("hub"),
        announced("gw-1"),
        requested("s1", "gw-1", at=1, cpu=3),
        requested("big", "gw-1", cpu=4),
        sent_back("s1", "gw-1-1", SERVER),
        requested("s1", "gw-1", at=1, cpu=3, attempt=2),
    )
    assert (ledger.leases["s1/1"].attempt, ledger.line["big"].bypasses) == (2, 0)


def test_that_a_gang_waits_is_said_once() -> None:
    ledger = after(
        announced("hub"), announced("gw-1"), requested("s1", "gw-1", cpu=4), requested("s2", "gw-1", at=1, cpu=4)
    )
    facts = told(ledger, requested("s3", "gw-1", at=2, cpu=4))
    assert answers(facts) == [("GangQueued", "s3")]


def test_a_gang_sent_back_gives_everything_back_at_once() -> None:
    ledger = after(
        announced("hub"), announced("gw-1"), requested("s1", "gw-1", cpu=4), requested("s2", "gw-1", at=5, cpu=4)
    )
    facts = told(ledger, sent_back("s1"))
    assert [type(fact) for fact in facts] == [SharesReleased, GangPlaced]
    assert list(fold(ledger, facts).leases) == ["s2/1"]


def test_a_gang_sent_back_asks_again_with_its_seniority() -> None:
    ledger = after(
        announced("hub"),
        announced("gw-1"),
        requested("s1", "gw-1", at=0, cpu=4),
        sent_back("s1"),
        requested("s2", "gw-1", at=5, cpu=4),
        requested("s3", "gw-1", at=6, cpu=4),
        requested("s1", "gw-1", at=0, cpu=4, attempt=2),
    )
    facts = told(ledger, ended("s2"))
    assert isinstance(facts[-1], GangPlaced)
    assert (facts[-1].spec_id, facts[-1].attempt) == ("s1", 2)


def test_the_next_attempt_alone_gives_back_what_the_last_one_held() -> None:
    ledger = after(announced("hub"), announced("gw-1"), requested("s1", "gw-1", cpu=4))
    facts = told(ledger, requested("s1", "gw-1", cpu=4, attempt=2))
    assert answers(facts) == [("GangPlaced", "s1")]
    assert fold(ledger, facts).leases["s1/1"].attempt == 2


def test_a_fenced_participant_keeps_exactly_its_own_share(two_sites: Ledger) -> None:
    ledger = fold(two_sites, told(two_sites, requested("s1", "gw-1", "gw-2", clients=2)))
    ledger = fold(ledger, told(ledger, ended("s1", "gw-1-2")))
    assert {site: amount.cpu for site, amount in used(ledger).items()} == {"gw-1": 1000}
    ledger = fold(ledger, told(ledger, released("s1", "gw-1-2")))
    assert not ledger.leases


def test_a_new_generation_is_placed_beside_what_a_fenced_one_holds() -> None:
    ledger = after(announced("hub"), announced("gw-1"), requested("s1", "gw-1", cpu=3), ended("s1", "gw-1-1"))
    facts = told(ledger, requested("s1", "gw-1", at=1, cpu=3, generation=2))
    assert answers(facts) == [("GangQueued", "s1")]
    assert answers(told(fold(ledger, facts), released("s1", "gw-1-1"))) == [("GangPlaced", "s1")]


def test_what_a_lost_attempt_left_behind_stays_reserved_and_goes_over_to_the_next() -> None:
    ledger = after(announced("hub"), announced("gw-1"), announced("gw-2"), requested("s1", "gw-1", "gw-2", cpu=4))
    ledger = fold(ledger, told(ledger, sent_back("s1", "gw-1-1")))
    assert {site: amount.cpu for site, amount in used(ledger).items()} == {"gw-1": 4000}
    ledger = fold(ledger, told(ledger, requested("s2", "gw-1", at=5, cpu=1)))
    assert "s2" in ledger.line
    again = told(ledger, requested("s1", "gw-1", "gw-2", cpu=4, attempt=2))
    assert answers(again) == [("GangPlaced", "s1")]
    assert told(fold(ledger, again), released("s1", "gw-1-1", attempt=1)) == ()
    assert answers(told(ledger, released("s1", "gw-1-1", attempt=1))) == [("GangPlaced", "s2")]


def test_a_waiting_gang_leaves_the_line_when_its_activation_ends() -> None:
    ledger = after(
        announced("hub"), announced("gw-1"), requested("s1", "gw-1", cpu=4), requested("s2", "gw-1", at=1, cpu=4)
    )
    facts = told(ledger, ended("s2"))
    assert [type(fact) for fact in facts] == [GangWithdrawn]
    assert not fold(ledger, facts).line


@pytest.mark.parametrize(
    "old",
    [
        requested("s1", "gw-1", generation=2),
        requested("s1", "gw-1", generation=1, attempt=9),
        ended("s1", generation=1),
        sent_back("s1", generation=1),
        released("s1", "gw-1-1", generation=1),
        released("s1", "gw-1-9", generation=2),
        ended("nobody"),
        announced("gw-1"),
    ],
)
def test_old_news_changes_nothing(old: News) -> None:
    ledger = after(announced("hub"), announced("gw-1"), requested("s1", "gw-1", generation=2))
    assert told(ledger, old) == ()


def test_more_capacity_places_who_waits() -> None:
    ledger = after(
        announced("hub"), announced("gw-1"), requested("s1", "gw-1", cpu=3), requested("s2", "gw-1", at=1, cpu=3)
    )
    assert answers(told(ledger, announced("gw-1", 6))) == [("GangPlaced", "s2")]


def test_less_capacity_refuses_who_can_no_longer_fit_and_takes_nothing_from_who_runs() -> None:
    ledger = after(
        announced("hub"), announced("gw-1"), requested("s1", "gw-1", cpu=3), requested("s2", "gw-1", at=1, cpu=3)
    )
    facts = told(ledger, announced("gw-1", 2))
    assert answers(facts) == [("GangRefused", "s2")]
    assert used(fold(ledger, facts)) == used(ledger)


def test_the_server_stands_at_the_first_orchestrator_by_id() -> None:
    facts = told(after(announced("hub-2"), announced("hub-1"), announced("gw-1")), requested("s1", "gw-1"))
    assert sorted(facts[-1].leases) == ["gw-1", "hub-1"]


def test_why_tells_what_is_missing_and_how_many_are_ahead() -> None:
    ledger = after(
        announced("hub"),
        announced("gw-1"),
        announced("gw-2"),
        requested("s1", "gw-1", cpu=4),
        requested("s2", "gw-2", at=1, cpu=4),
        requested("s3", "gw-1", at=2, cpu=2),
        requested("s4", "gw-2", at=3, cpu=2),
        requested("s5", "gw-1", at=4, cpu=3),
    )
    wait = why(ledger, "s5", RULES)
    assert (wait.waiting, wait.ahead) == (True, 1)
    assert wait.shortfalls == (Shortfall(site="gw-1", resource="cpu", wanted=3, available=0),)
    assert not why(ledger, "s1", RULES).waiting


def test_thousandths_of_a_core_add_up_exactly() -> None:
    gangs = [requested(f"s{n}", "gw-1", at=n, cpu=0.1, server=0.1) for n in range(10)]
    ledger = after(announced("hub", 1), announced("gw-1", 1), *gangs)
    assert not ledger.line
    assert answers(told(ledger, requested("s10", "gw-1", at=10, cpu=0.001, server=0.1))) == [("GangQueued", "s10")]


def test_a_fact_the_ledger_does_not_know_is_an_error() -> None:
    with pytest.raises(UnexpectedFactError):
        evolve(Ledger(), announced("gw-1"))

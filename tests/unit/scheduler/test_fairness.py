"""What is free goes to the organization that holds the least, and inside one to who came first."""

from collections.abc import Sequence
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from scheduler_values import announced, ended, requested

from fedpact.contracts.envelope import Fact
from fedpact.contracts.scheduling import GangPlaced
from fedpact.scheduler.domain.admission import News, Rules, decide
from fedpact.scheduler.domain.fairness import dominant_shares
from fedpact.scheduler.domain.ledger import fold
from fedpact.scheduler.domain.model import Ledger

FREE_FOR_ALL = Rules(bypasses=1000)
"""Without claims, so that only the turns decide."""


class Line:
    """A ledger with one gateway of so many cores, and who was placed in which order."""

    def __init__(self, cores: float = 4, rules: Rules = FREE_FOR_ALL) -> None:
        self.rules, self.ledger, self.placed = rules, Ledger(), list[str]()
        self.tell(announced("hub", 1000), announced("gw-1", cores))

    def tell(self, *messages: News) -> "Line":
        for message in messages:
            facts: Sequence[Fact] = decide(self.ledger, message, self.rules)
            self.placed += [fact.spec_id for fact in facts if isinstance(fact, GangPlaced)]
            self.ledger = fold(self.ledger, facts)
        return self


def ask(spec: str, whose: str, at: int = 0, cpu: float = 1) -> News:
    return requested(spec, "gw-1", at=at, cpu=cpu, organization=whose, server=0.01)


def full(cpu: float = 4, rules: Rules = FREE_FOR_ALL) -> Line:
    """All of the gateway is held by `uni`, in pieces of one core."""
    return Line(cpu, rules).tell(*(ask(f"u{n}", "uni", at=n) for n in range(int(cpu))))


def test_who_holds_the_least_goes_first_however_late_it_came() -> None:
    line = full().tell(ask("u-old", "uni", at=10), ask("lab", "lab", at=20))
    assert line.tell(ended("u0")).placed[-1] == "lab"
    assert line.tell(ended("u1")).placed[-1] == "u-old"


def test_inside_an_organization_who_came_first_goes_first() -> None:
    line = full().tell(ask("b", "lab", at=11), ask("a", "lab", at=12), ask("c", "uni", at=10))
    assert line.tell(ended("u0"), ended("u1")).placed[-2:] == ["b", "a"]


def test_of_equal_shares_the_oldest_head_goes_first() -> None:
    line = full().tell(ask("x", "lab", at=12), ask("y", "clinic", at=11))
    assert line.tell(ended("u0")).placed[-1] == "y"


def test_an_organization_alone_in_line_has_everything() -> None:
    assert full().placed == ["u0", "u1", "u2", "u3"]


def test_a_weight_is_a_multiple_of_the_share() -> None:
    line = full(6, Rules(bypasses=1000, weights={"uni": 2}))
    line.tell(*(ask(f"l{n}", "lab", at=10 + n) for n in range(6)), *(ask(f"v{n}", "uni", at=20 + n) for n in range(6)))
    line.tell(*(ended(f"u{n}") for n in range(6)))
    assert {name: round(share * 6) for name, share in dominant_shares(line.ledger, {}).items()} == {"uni": 4, "lab": 2}


def test_the_share_is_of_what_is_held_most_of() -> None:
    line = Line(4).tell(ask("u", "uni", cpu=1), ask("l", "lab", cpu=2))
    assert dominant_shares(line.ledger, {"lab": 4}) == {"uni": Fraction(1, 4), "lab": Fraction(1, 8)}


def test_a_site_that_shrank_counts_as_held_whole() -> None:
    line = Line(4).tell(ask("u", "uni", cpu=3), announced("gw-1", 2))
    assert dominant_shares(line.ledger, {}) == {"uni": Fraction(1)}


def test_the_oldest_that_was_passed_too_often_holds_the_claim_against_all_turns() -> None:
    line = full(4, Rules(bypasses=2)).tell(ask("big", "uni", at=10, cpu=3))
    for number in range(4):
        line.tell(ask(f"l{number}", "lab", at=20 + number), ended(f"u{number}"))
    assert line.placed[4:6] == ["l0", "l1"]
    line.tell(ended("l0"))
    assert "big" in line.placed


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(["uni", "lab", "clinic"]), min_size=1, max_size=10),
    st.sampled_from([{}, {"uni": 2}, {"lab": 3, "uni": 0.5}]),
)
def test_whoever_ends_the_free_place_goes_to_whose_share_is_the_smallest(
    ends: list[str], weights: dict[str, float]
) -> None:
    line = Line(6, Rules(bypasses=1000, weights=weights))
    line.tell(*(ask(f"{whose}-{n}", whose, at=n) for n in range(13) for whose in ("uni", "lab", "clinic")))
    for whose in ends:
        mine = [lease.spec_id for lease in line.ledger.leases.values() if lease.organization == whose]
        if not mine:
            continue
        before, facts = line.ledger, decide(line.ledger, ended(mine[0]), line.rules)
        freed, placed = facts[0], next(fact for fact in facts if isinstance(fact, GangPlaced))
        shares = dominant_shares(fold(before, [freed]), weights)
        goes_to = before.line[placed.spec_id].organization
        assert shares.get(goes_to, 0) == min(shares.get(name, 0) for name in ("uni", "lab", "clinic"))
        line.tell(ended(mine[0]))

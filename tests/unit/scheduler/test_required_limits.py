"""A spec that requires limits runs where they are enforced, and nowhere else."""

from collections.abc import Sequence

import pytest
from scheduler_values import RULES, announced, created, requested, requiring

from fedpact.contracts.envelope import Fact
from fedpact.contracts.pact import Demand, Limit
from fedpact.contracts.registry import GatewayAnnounced
from fedpact.contracts.scheduling import GangPlaced, GangRefused, SiteAllotted, Unenforced
from fedpact.contracts.specs import ActivationRequested
from fedpact.scheduler.domain.admission import decide
from fedpact.scheduler.domain.assessment import assess
from fedpact.scheduler.domain.ledger import fold
from fedpact.scheduler.domain.model import Ledger

MEMORY, NETWORK = Limit.MEMORY, Limit.NETWORK
HUB = announced("hub")


def ledger_of(*announcements: GatewayAnnounced) -> Ledger:
    ledger = Ledger()
    for one in announcements:
        ledger = fold(ledger, decide(ledger, one, RULES))
    return ledger


def asking(demand: Demand, *gateways: str) -> ActivationRequested:
    asked = requested("s1", *gateways)
    return asked.model_copy(update={"content": asked.content.model_copy(update={"resources": demand})})


@pytest.mark.parametrize(
    ("required", "enforced", "lacking"),
    [
        ((), (), ()),
        ((), ("memory",), ()),
        ((MEMORY,), ("memory", "network"), ()),
        ((NETWORK, MEMORY), ("memory", "network"), ()),
        ((MEMORY, MEMORY), ("memory",), ()),
        ((NETWORK,), ("memory",), (NETWORK,)),
        ((NETWORK, MEMORY), (), (MEMORY, NETWORK)),
        ((NETWORK,), ("a limit of a later version",), (NETWORK,)),
    ],
)
def test_a_gateway_has_to_enforce_every_limit_that_is_required(
    required: tuple[Limit, ...], enforced: tuple[str, ...], lacking: tuple[Limit, ...]
) -> None:
    spec = created("s1", "gw-1")
    spec = spec.model_copy(
        update={"content": spec.content.model_copy(update={"resources": requiring(*required)})},
    )
    sites = ledger_of(HUB, announced("gw-1", limits=enforced)).sites
    [said] = assess(None, spec, sites)
    assert said.unenforced == tuple(Unenforced(site="gw-1", limit=limit) for limit in lacking)
    assert said.fits == (not lacking)


def test_the_refusal_names_gateway_and_limit() -> None:
    ledger = ledger_of(HUB, announced("gw-1", limits=("network",)), announced("gw-2"))
    refused = decide(ledger, asking(requiring(NETWORK), "gw-1", "gw-2"), RULES)[-1]
    assert isinstance(refused, GangRefused)
    assert [lack.sentence() for lack in refused.unenforced] == [
        "gw-2 does not enforce the limit `network`, which the spec requires"
    ]
    assert refused.shortfalls == ()


def test_the_orchestrator_is_no_gateway_of_the_spec() -> None:
    ledger = ledger_of(HUB, announced("gw-1", limits=("network",)))
    assert isinstance(decide(ledger, asking(requiring(NETWORK), "gw-1"), RULES)[-1], GangPlaced)


def test_a_gateway_that_loses_a_limit_ends_the_wait_of_those_who_require_it() -> None:
    ledger = ledger_of(HUB, announced("gw-1", limits=("network",)))
    for asked in (requested("s0", "gw-1", cpu=4), asking(requiring(NETWORK), "gw-1")):
        ledger = fold(ledger, decide(ledger, asked, RULES))
    facts = decide(ledger, announced("gw-1"), RULES)
    assert kinds(facts) == [SiteAllotted, GangRefused]


def test_a_new_limit_is_news_and_the_same_ones_in_another_order_are_not() -> None:
    ledger = ledger_of(announced("gw-1", limits=("memory", "cpu")))
    assert decide(ledger, announced("gw-1", limits=("cpu", "memory")), RULES) == ()
    assert kinds(decide(ledger, announced("gw-1", limits=("cpu",)), RULES)) == [SiteAllotted]


def kinds(facts: Sequence[Fact]) -> list[type[Fact]]:
    return [type(fact) for fact in facts]

"""A gateway runs what a pact or a policy ties to a limit only if it holds workloads to that limit itself."""

import pytest
from decision_values import OWNER, grant, policy, rule

from fedpact.contracts.pact import Limit
from fedpact.contracts.policies import Grant
from fedpact.contracts.workloads import Cause
from fedpact.decision.policies import signed_policy
from fedpact.gateway_agent.domain.admission import check_limits
from fedpact.gateway_agent.domain.errors import SiteRefusedError

MEMORY, NETWORK = Limit.MEMORY, Limit.NETWORK


def asking(*limits: Limit, by_spec: tuple[Limit, ...] = ()) -> Grant:
    """A grant on a policy whose second rule, which does not cover it, requires everything."""
    document = policy(rules=(rule(enforced=limits), rule(enforced=tuple(Limit))))
    return grant(policies=(signed_policy(document, OWNER),), enforced=by_spec)


@pytest.mark.parametrize(
    ("asked", "enforced"),
    [
        (asking(), ()),
        (asking(NETWORK), ("network",)),
        (asking(NETWORK, MEMORY), ("cpu", "memory", "network")),
        (asking(NETWORK, by_spec=(MEMORY,)), ("memory", "network")),
    ],
)
def test_what_is_enforced_here_may_be_required(asked: Grant, enforced: tuple[str, ...]) -> None:
    check_limits(asked, enforced)


@pytest.mark.parametrize(
    ("asked", "enforced", "cause", "reason"),
    [
        (asking(NETWORK), (), Cause.POLICY, "`network`, which policy `p1` requires"),
        (asking(NETWORK, MEMORY), ("memory",), Cause.POLICY, "`network`, which policy `p1` requires"),
        (asking(by_spec=(MEMORY,)), ("network",), Cause.RESOURCES, "`memory`, which the spec requires"),
    ],
)
def test_what_is_not_enforced_here_is_refused_by_name(
    asked: Grant, enforced: tuple[str, ...], cause: Cause, reason: str
) -> None:
    with pytest.raises(SiteRefusedError) as refused:
        check_limits(asked, enforced)
    assert refused.value.cause is cause
    assert reason in refused.value.reason


def test_who_requires_nothing_says_nothing_that_an_older_agent_could_not_read() -> None:
    assert "enforced" not in asking().model_dump_json()
    assert "enforced" not in rule().model_dump_json()
    assert '"enforced":["network"]' in rule(enforced=(NETWORK,)).model_dump_json()

"""A spec that requires what a gateway of it does not enforce."""

from spec_values import ACTIVATE, APPROVAL, SPEC, decided, life

from fedpact.contracts.pact import Limit
from fedpact.contracts.scheduling import GangRefused, SpecAssessed, Unenforced


def test_a_limit_that_a_gateway_lacks_rejects_the_spec_and_says_what_to_do() -> None:
    lacking = Unenforced(site="gateway-1", limit=Limit.NETWORK)
    lived = life(decided(), SpecAssessed(spec_id=SPEC, fits=False, unenforced=(lacking,)))
    [reason] = [reason for reason in lived.spec.reasons if reason.code == "limit_not_enforced"]
    assert lived.status == "inactive.rejected"
    assert reason.text == "gateway-1 does not enforce the limit `network`, which the spec requires"
    assert reason.suggestion == "do not require `network`, or have the operator of `gateway-1` enforce it"


def test_an_activation_that_waits_fails_when_a_gateway_stops_enforcing_what_it_requires() -> None:
    lacking = Unenforced(site="gateway-1", limit=Limit.MEMORY)
    refused = GangRefused(spec_id=SPEC, generation=1, attempt=1, shortfalls=(), unenforced=(lacking,))
    lived = life(*APPROVAL, ACTIVATE, refused)
    assert lived.status == "failed.failed"
    assert "gateway-1 does not enforce the limit `memory`" in lived.spec.cause

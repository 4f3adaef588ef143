"""The custodians' bounds, decided by the same rule as at every other door."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from fedpact.contracts.policies import Bounds
from fedpact.decision.bounds import violations
from fedpact.decision.errors import BoundsError
from fedpact.secure_runtime.app.ports import Violation
from fedpact.secure_runtime.domain.errors import MalformedRequestError


def check_bounds(payload: Mapping[str, JsonValue], bounds: Bounds) -> Sequence[Violation]:
    """What in `payload` the bounds do not allow. Bounds that cannot be read allow nothing."""
    try:
        found = violations(dict(payload), bounds)
    except BoundsError as fault:
        raise MalformedRequestError(f"a custodian's bounds cannot be read: {fault.reason}", path="bounds") from fault
    return [
        Violation(path=reason.path, reason=f"{reason.text}; {reason.suggestion}" if reason.suggestion else reason.text)
        for reason in found
    ]

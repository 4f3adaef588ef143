"""What a person is told of a spec they have just proposed or moved: its id, how it stands, and what to type next."""

from fedpact.contracts.api import SpecView
from fedpact.contracts.specs import Stage, Verdict


def standing(spec: SpecView) -> str:
    """A line each. `fedpact specs get` has all of it."""
    told = {"spec_id": spec.spec_id, "status": spec.status, "cause": spec.cause, "next": _next(spec)}
    return "\n".join(f"{name:<7}  {text}" for name, text in told.items() if text)


def _next(spec: SpecView) -> str:
    """What the spec waits for, or what says why it waits for nothing."""
    name = spec.spec_id
    match spec.stage, spec.verdict:
        case Stage.INVALID, _:
            return f"fedpact specs why {name}"
        case Stage.IDLE, Verdict.PENDING:
            return f"fedpact specs wait {name} --for approved"
        case Stage.IDLE, Verdict.APPROVED if not spec.status.startswith("failed"):
            return f"fedpact jobs submit {name} --activate (fedpact models get {spec.model.id} has payloads)"
        case Stage.IDLE, _:
            return f"fedpact specs why {name}"
        case Stage.ACTIVE, _:
            return f"fedpact jobs submit {name} (fedpact models get {spec.model.id} has payloads)"
        case Stage.DELETING, _:
            return f"fedpact specs wait {name} --for inactive"
        case _:
            return f"fedpact specs wait {name}"

"""Why an activation waits, in numbers and without names."""

from fedpact.contracts.queries import Wait
from fedpact.scheduler.domain.admission import Rules, in_line, within_reach
from fedpact.scheduler.domain.amounts import shortfalls
from fedpact.scheduler.domain.ledger import lacks_of, older
from fedpact.scheduler.domain.model import Gang, Ledger


def why(ledger: Ledger, spec_id: str, rules: Rules) -> Wait:
    """What the spec's gang lacks now, and how many older ones want a site it wants too."""
    gang = ledger.line.get(spec_id)
    if gang is None:
        return Wait(waiting=False)
    missing = shortfalls(within_reach(ledger, gang, rules), lacks_of(ledger, gang))
    return Wait(waiting=True, ahead=len(_ahead(ledger, gang)), shortfalls=missing)


def _ahead(ledger: Ledger, gang: Gang) -> list[Gang]:
    sites = set(gang.sites)
    return [other for other in in_line(ledger) if older(other, gang) and sites.intersection(other.sites)]

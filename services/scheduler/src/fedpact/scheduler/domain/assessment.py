"""
Whether a spec could ever be placed, told when the spec is made and again when an announcement changes the answer.

What is free plays no part. A site that has not spoken yet allots nothing and enforces nothing.
"""

from collections.abc import Sequence

from fedpact.contracts.envelope import Fact
from fedpact.contracts.scheduling import SpecAssessed
from fedpact.contracts.specs import SpecCreated
from fedpact.scheduler.domain.amounts import shortfalls
from fedpact.scheduler.domain.model import Sites, needs, shares, totals, unenforced


def assess(known: SpecAssessed | None, spec: SpecCreated, sites: Sites) -> Sequence[Fact]:
    """The assessment of `spec`, when it is not the one that is known."""
    content = spec.content
    gateways = [site.gateway for site in spec.sites]
    wanted = needs(shares(gateways, content.clients_per_gateway, content.resources, sites))
    missing = shortfalls(totals(sites), wanted)
    lacking = unenforced(gateways, content.resources, sites)
    fits = not (missing or lacking)
    assessed = SpecAssessed(spec_id=spec.spec_id, fits=fits, shortfalls=missing, unenforced=lacking)
    return [] if assessed == known else [assessed]

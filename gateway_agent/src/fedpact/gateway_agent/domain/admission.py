"""
What this site decides about a grant beside what the grant says: is it for this turn, is there room, which objects.

Nothing of a directive is believed but what it is about; model, datasets, resources and rights come from the grant
that the site has checked.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from cryptography import x509

from fedpact.contracts.dal import OpenActivation
from fedpact.contracts.directives import ParticipantDirective
from fedpact.contracts.pact import MILLI, Limit, Resources, cpu_allotted, cpu_needed
from fedpact.contracts.policies import Dsse, Grant
from fedpact.contracts.workloads import Cause
from fedpact.decision.decide import effective_for_object
from fedpact.decision.grants import request_of
from fedpact.decision.policies import read_policy
from fedpact.gateway_agent.domain.errors import SiteRefusedError
from fedpact.gateway_agent.domain.pods import PodName
from fedpact.gateway_agent.domain.steps import Permit
from fedpact.gateway_agent.domain.workload import Turn

WHOLE = ("",)
"""The root that is the whole dataset."""


def check_turn(grant: Grant, wanted: ParticipantDirective) -> None:
    """
    Refuse a grant for another activation than the directive's.

    A grant is for a generation, whose every attempt is the same pact: the permit made of it is for the one attempt.
    """
    if (grant.spec_id, grant.generation) != (wanted.spec_id, wanted.generation):
        raise SiteRefusedError(
            Cause.POLICY,
            f"the grant is for generation {grant.generation} of `{grant.spec_id}`, wanted is generation "
            f"{wanted.generation} of `{wanted.spec_id}`",
        )


def check_objects(grant: Grant, now: datetime) -> None:
    """
    Refuse when a custodian set objects of a granted dataset, or of a root, aside that this requester may not read.

    The DAL is told what may be read, not what may not: the rest of such a dataset needs a policy that names it.
    """
    documents = [read_policy(policy) for policy in grant.policies]
    for document in documents:
        for scope in document.datasets:
            for item in scope.objects if scope.id in grant.rules else ():
                rule = effective_for_object(request_of(grant, now, {}), documents, scope.id, item)
                if rule is None or rule.name != grant.rules[scope.id]:
                    raise SiteRefusedError(
                        Cause.POLICY,
                        f"policy `{document.id}` sets `{item}` of `{scope.id}` aside: ask its custodian for a "
                        "dataset without it",
                    )


def check_room(needed: Resources, totals: Resources, others: Iterable[Permit]) -> None:
    """Refuse what does not fit beside what runs already, counted as the scheduler counts it."""
    taken = list(others)
    cpu = cpu_allotted(totals.cpu) - sum(cpu_needed(permit.cpu) for permit in taken)
    gpu = totals.gpu - sum(permit.gpu for permit in taken)
    memory = totals.memory - sum(permit.memory for permit in taken)
    rows = (
        ("cpu", cpu_needed(needed.cpu) / MILLI, cpu / MILLI),
        ("gpu", needed.gpu, gpu),
        ("MB memory", needed.memory, memory),
    )
    short = [f"{wanted:g} {what} needed, {max(free, 0):g} free" for what, wanted, free in rows if wanted > free]
    if short:
        raise SiteRefusedError(Cause.CAPACITY, f"this site is full: {'; '.join(short)}")


def check_limits(grant: Grant, enforced: Collection[str]) -> None:
    """Refuse when the pact, or a rule that covers a dataset of it, requires a limit that is not enforced here."""
    known = {document.id: document for document in map(read_policy, grant.policies)}
    _check_limits(grant.enforced, enforced, "the spec", Cause.RESOURCES)
    for name in sorted(set(grant.rules.values())):
        policy, _, index = name.rpartition("#")
        _check_limits(known[policy].rules[int(index)].enforced, enforced, f"policy `{policy}`", Cause.POLICY)


def _check_limits(required: Iterable[Limit], enforced: Collection[str], by: str, cause: Cause) -> None:
    lacking = sorted(set(required).difference(enforced))
    if lacking:
        text = f"this gateway does not enforce the limit `{lacking[0]}`, which {by} requires: its operator has to"
        raise SiteRefusedError(cause, text)


def permit_of(grant: Grant, envelope: Dsse, wanted: ParticipantDirective) -> Permit:
    """What is kept of an accepted grant."""
    return Permit(
        turn=Turn.of(wanted),
        grant=envelope,
        cpu=grant.resources.cpu,
        gpu=grant.resources.gpu,
        memory=grant.resources.memory,
        valid_until=grant.valid_until,
    )


def access_of(grant: Grant) -> OpenActivation:
    """What the DAL is told."""
    return OpenActivation(
        datasets=dict.fromkeys(grant.datasets, WHOLE),
        permissions=grant.permissions,
        privacy=grant.privacy,
        valid_until=grant.valid_until,
        requester=grant.requester,
        model=grant.model,
    )


def activation_of(name: PodName) -> str:
    """What the DAL calls a participant's access."""
    return f"{name.spec_id}-{name.generation}-{name.participant}"


def certificate_fits(certificate: str, request: str, participant: str) -> bool:
    """Whether a certificate is for the key behind `request` and names the participant."""
    try:
        found = x509.load_pem_x509_certificate(certificate.encode())
        asked = x509.load_pem_x509_csr(request.encode())
    except ValueError:
        return False
    names = [str(one.value) for one in found.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]
    return found.public_key() == asked.public_key() and names == [participant]

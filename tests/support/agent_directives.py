"""Directives, grants and certificates as an agent in tests hears of them."""

from datetime import UTC, datetime, timedelta

from agent_values import NOON
from cryptography import x509
from decision_values import HEARTS, MODEL, POLICY_SERVICE, grant

from fedpact.chassis.aggregates import Cause
from fedpact.contracts.directives import JobDirective, ParticipantDirective, ServerDirective, Wanted
from fedpact.contracts.envelope import Envelope, Message
from fedpact.contracts.pact import Endpoint, Resources
from fedpact.contracts.policies import Dsse
from fedpact.decision.grants import sign_grant
from fedpact.gateway_agent.adapters import certificates
from fedpact.gateway_agent.app.ports import Subject

KEY_OF_ALL = certificates.new_key()
"""Making one takes longer than any test."""
GATEWAY = "gw-1"
HUB = "hub"
SPEC = "s-1"
CLIENT = "gw-1-1"
KEY = f"{SPEC}/{CLIENT}"
SERVER_KEY = f"{SPEC}/server"
JOB_KEY = f"{SPEC}/j-1"
MINUTES = timedelta(minutes=1)
ENDPOINT = Endpoint(project="s-1-1", host="localhost", port=4711, root_ca="the root")


def caused(directive: Message, sequence: int, now: datetime) -> Cause:
    envelope = Envelope(
        source="fedpact/spec_lifecycle/specs", type=directive.type, subject=SPEC, time=now, sequence=sequence
    )
    return Cause(now=now, envelope=envelope, stream="directives", stream_sequence=sequence)


def granted(*, generation: int = 1, until: datetime = NOON + 10 * MINUTES, **parts: object) -> Dsse:
    values = {"issued_at": NOON, "valid_until": until, "generation": generation, "resources": Resources(cpu=1)}
    return sign_grant(grant(**{**values, **parts}), POLICY_SERVICE)


def certified(csr: str, participant: str = CLIENT) -> str:
    """A certificate for the key behind `csr`."""
    issuer = certificates.Issuer(
        project="s-1-1", key=KEY_OF_ALL, begin=datetime(2026, 1, 1, tzinfo=UTC), end=NOON + 60 * MINUTES
    )
    subject = Subject(name=participant, organization="clinic")
    public = x509.load_pem_x509_csr(csr.encode()).public_key()
    return certificates.pem(certificates.certificate(issuer, subject, public))


def participant(wanted: Wanted = Wanted.PREPARED, **parts: object) -> ParticipantDirective:
    values = {
        "spec_id": SPEC,
        "generation": 1,
        "attempt": 1,
        "gateway": GATEWAY,
        "wanted": wanted,
        "participant": CLIENT,
        "model": MODEL,
        "resources": Resources(cpu=1),
        "datasets": (HEARTS,),
        "grant": GRANT if wanted is not Wanted.STOPPED else None,
    }
    return ParticipantDirective(**{**values, **parts})


def server(wanted: Wanted = Wanted.RUNNING, **parts: object) -> ServerDirective:
    values = {
        "spec_id": SPEC,
        "generation": 1,
        "attempt": 1,
        "gateway": GATEWAY,
        "wanted": wanted,
        "model": MODEL,
        "resources": Resources(cpu=1),
        "requests": {CLIENT: "csr"} if wanted is Wanted.RUNNING else {},
    }
    return ServerDirective(**{**values, **parts})


def job(wanted: Wanted = Wanted.RUNNING, **parts: object) -> JobDirective:
    values = {
        "spec_id": SPEC,
        "generation": 1,
        "attempt": 1,
        "gateway": GATEWAY,
        "wanted": wanted,
        "job_id": "j-1",
        "model": MODEL,
        "payload": {},
        "datasets": {HEARTS: GATEWAY},
        "sites": (CLIENT,),
    }
    return JobDirective(**{**values, **parts})


GRANT = granted()

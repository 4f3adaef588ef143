"""
The custodian's side of an enrolment: a gateway's own key, its credentials for the hub's bus, and whom it pins.

The key is made here and stays: the hub gets its public half, and the token that an admin handed over. It lies in the
folder before anybody is asked, so that an answer that got lost can be asked for again with the same key.

    <folder>/agent/bus.creds                what the agent shows to the bus; the agent renews it
    <folder>/agent/bus-ca.pem               the CA whose certificate the bus has to show, where the hub told one
    <folder>/agent/dal-tokens.pem           the agent's key towards its DAL; `<folder>/dal/agent.pub` is its public half
    <folder>/trust/policy-service.pub.pem   the policy service, pinned
    <folder>/gateway.env                    what the containers' stack has to know
    <folder>/data, sockets                  for the data, and for programs that speak to each other
"""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

import httpx

from fedpact.client.addresses import http_client, unanswered
from fedpact.client.answers import read
from fedpact.client.errors import InputError, UnreachableError
from fedpact.client.messages import Response
from fedpact.contracts.access import Enrolled, EnrolmentRequest
from fedpact.decision import enrolment, keys, nats_jwt
from fedpact.decision.nkeys import Kind, NKey

CREDENTIALS = "bus.creds"
CA = "bus-ca.pem"
_PENDING = ".enrolling.seed"
_FOLDERS = ("agent", "dal", "trust", "data", "data/inbox", "sockets")


@dataclass(frozen=True, slots=True)
class SiteFolder:
    """What one gateway keeps, closed to others."""

    root: Path

    @property
    def agent(self) -> Path:
        return self.root / "agent"

    @property
    def credentials(self) -> Path:
        return self.agent / CREDENTIALS

    @property
    def ca(self) -> Path:
        """Whose certificate the bus has to show; absent where the hub told none."""
        return self.agent / CA

    def pending(self) -> NKey:
        """The key that is being enrolled: the same until it was."""
        for name in _FOLDERS:
            (self.root / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.agent / _PENDING
        if not path.exists():
            _write(path, NKey.generate(Kind.USER).seed)
        return NKey.from_seed(path.read_text(encoding="utf-8"))

    def keep(self, given: Enrolled, key: NKey) -> None:
        """Write down all that was given, the credentials last."""
        if given.bus_ca:
            _write(self.ca, given.bus_ca)
        if given.policy_key:
            _write(self.root / "trust" / "policy-service.pub.pem", given.policy_key)
        self._keep_tokens_key()
        _write(self.root / "gateway.env", self._stack(given))
        _write(self.credentials, nats_jwt.credentials(given.jwt, key.seed))
        (self.agent / _PENDING).unlink()

    def _keep_tokens_key(self) -> None:
        path = self.agent / "dal-tokens.pem"
        if not path.exists():
            _write(path, keys.to_pem(keys.generate()).decode())
        _write(self.root / "dal" / "agent.pub", keys.public_pem(keys.from_pem(path.read_bytes())).decode())

    def _stack(self, given: Enrolled) -> str:
        told = {
            "FEDPACT_GATEWAY": given.gateway,
            "FEDPACT_ORGANIZATION": given.organization,
            "FEDPACT_SITE": str(self.root),
            "FEDPACT_NATS_URL": given.bus_url,
            "FEDPACT_BUS_CREDS": f"/var/lib/fedpact/{CREDENTIALS}",
            "FEDPACT_BUS_CA": f"/var/lib/fedpact/{CA}" if given.bus_ca else "",
        }
        return "".join(f"{name}={value}\n" for name, value in told.items())


def enroll(issuer: str, token: str, folder: Path, transport: httpx.BaseTransport | None = None) -> Enrolled:
    """Enroll the gateway that the token names, and write what its agent needs to `folder`."""
    site = SiteFolder(folder.resolve())
    if site.credentials.exists():
        raise InputError(f"`{site.credentials}` exists: this gateway is enrolled; remove it to enroll again")
    try:
        key = site.pending()
        request = EnrolmentRequest(token=token, member_key=key.public, proof=enrolment.prove(key, token))
        given = read(Enrolled, _asked(issuer, request, transport))
        site.keep(given, key)
    except OSError as error:
        raise InputError(f"`{folder}` cannot be written: {(error.strerror or 'unknown cause').lower()}") from error
    return given


def _asked(issuer: str, request: EnrolmentRequest, transport: httpx.BaseTransport | None) -> Response:
    headers = {"Content-Type": "application/json"}
    try:
        with http_client(issuer, transport) as http:
            answer = http.post("/gateways/enroll", content=request.model_dump_json(), headers=headers)
    except httpx.TransportError as error:
        raise UnreachableError(f"{unanswered(issuer, error)}: the token is still good, try again") from error
    return Response(status=answer.status_code, body=answer.content)


def _write(path: Path, text: str) -> None:
    """Whole or not at all, for its owner only."""
    part = path.with_name(f".{path.name}.part")
    with contextlib.suppress(FileNotFoundError):
        part.unlink()
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(path)

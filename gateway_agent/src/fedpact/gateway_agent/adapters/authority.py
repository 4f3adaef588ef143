"""
The CA of one activation, in files beside the activation's kits, and the keys of participants.

The root key is a file of mode 0600 until every certificate is issued, so that a crash in between loses nothing;
every certificate is written before it is handed out, so that asking again gives the same one, also after `seal`.
Nothing of one activation is valid in another: each has its own CA, and FLARE knows no revocation.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from fedpact.gateway_agent.adapters import certificates, files
from fedpact.gateway_agent.app.ports import Subject
from fedpact.gateway_agent.domain.errors import AuthoritySealedError, CertificateError
from fedpact.gateway_agent.domain.pods import Kind, PodName, activation_folder, place_of, project_of

FOLDER = "authority"


def key_file(root: Path, name: PodName) -> Path:
    """Where a participant's private key is: where FLARE looks for it."""
    kind = Kind.SERVER if name.participant == "server" else Kind.CLIENT
    return place_of(root, name).kit / "startup" / f"{kind}.key"


@dataclass(frozen=True, slots=True)
class FileKeys:
    """Keys in the places of their participants, mode 0600."""

    root: Path

    async def request(self, name: PodName) -> str:
        return await asyncio.to_thread(self._request, name)

    def _request(self, name: PodName) -> str:
        path = key_file(self.root, name)
        if not path.exists():
            files.write(path, certificates.key_pem(certificates.new_key()))
        return certificates.request_pem(name.participant, certificates.read_key(path.read_bytes()))


@dataclass(frozen=True, slots=True)
class FileAuthority:
    """One CA per activation. `now` tells the time; certificates outlive the longest activation by little."""

    root: Path
    now: Callable[[], datetime]
    lifetime: timedelta = timedelta(days=30)

    async def create(self, server: PodName) -> str:
        return await asyncio.to_thread(self._create, server)

    async def sign(self, server: PodName, subject: Subject, request: str) -> str:
        return await asyncio.to_thread(self._sign, server, subject, request)

    async def seal(self, server: PodName) -> None:
        await asyncio.to_thread(self._key(server).unlink, missing_ok=True)

    def _create(self, server: PodName) -> str:
        root = self._folder(server) / "rootCA.pem"
        if not root.exists():
            # Key first: a root certificate without its key could never sign, a key alone is made anew.
            key = certificates.new_key()
            files.write(self._key(server), certificates.key_pem(key))
            begin = self.now() - certificates.SKEW
            issuer = certificates.Issuer(
                project=project_of(server.spec_id, server.generation), key=key, begin=begin, end=begin + self.lifetime
            )
            files.write(root, certificates.pem(certificates.root_certificate(issuer)))
        return root.read_text()

    def _sign(self, server: PodName, subject: Subject, request: str) -> str:
        key = certificates.public_key_of(request)
        stored = self._folder(server) / "issued" / f"{certificates.check_name(subject.name)}.pem"
        if stored.exists():
            known = stored.read_text()
            if x509.load_pem_x509_certificate(known.encode()).public_key() == key:
                return known
            raise CertificateError(f"`{subject.name}` has a certificate for another key in this activation")
        signed = certificates.pem(certificates.certificate(self._issuer(server, subject), subject, key))
        files.write(stored, signed)
        return signed

    def _issuer(self, server: PodName, subject: Subject) -> certificates.Issuer:
        try:
            key = certificates.read_key(self._key(server).read_bytes())
            root = x509.load_pem_x509_certificate((self._folder(server) / "rootCA.pem").read_bytes())
        except FileNotFoundError as error:
            raise AuthoritySealedError(subject.name) from error
        return certificates.Issuer(
            project=project_of(server.spec_id, server.generation),
            key=key,
            begin=root.not_valid_before_utc,
            end=root.not_valid_after_utc,
        )

    def _folder(self, server: PodName) -> Path:
        return activation_folder(self.root, server) / FOLDER

    def _key(self, server: PodName) -> Path:
        return self._folder(server) / "root.key"

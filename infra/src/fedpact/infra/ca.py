"""
A certificate authority for one hub: a key and a certificate in a folder, and certificates for the hub's names.

For federations without an authority of their own. It does one thing: sign server certificates for TLS; nobody proves
who they are with one of these (that are keys and tokens). The CA's key is needed to issue and for nothing else, so the
folder can be kept away from the hub.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from fedpact.infra.errors import AuthorityError
from fedpact.infra.layout import write_secret

SKEW = timedelta(minutes=10)
"""How far behind the clock of whoever checks may be."""
LIFE = timedelta(days=3650)
_NAME = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9-]{0,62})(\.[a-z0-9]([a-z0-9-]{0,62}))*", re.IGNORECASE)
_CA_USAGE = x509.KeyUsage(
    digital_signature=True,
    key_cert_sign=True,
    crl_sign=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True, slots=True)
class CertificateAuthority:
    """`ca.pem` goes to everybody who connects, `ca.key` to nobody; `servers` holds what was issued."""

    folder: Path

    @property
    def certificate(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def _key(self) -> Path:
        return self.folder / "ca.key"

    def begin(self, name: str, now: datetime) -> None:
        """Make the authority. One that is there is left as it is."""
        if self.certificate.exists():
            raise AuthorityError(f"`{self.certificate}` exists: an authority is made once")
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = (
            _dated(subject, subject, key.public_key(), now, LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_CA_USAGE, critical=True)
            .sign(key, hashes.SHA256())
        )
        write_secret(self._key, _pem(key))
        self.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def issue(self, names: Sequence[str], days: int, now: datetime) -> tuple[Path, Path]:
        """A certificate for a server that is reached by these names or addresses, and its key."""
        hosts = [_host(name) for name in names]
        issuer, issuing = self._read()
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing.public_key())
        made = (
            _dated(subject, issuer.subject, key.public_key(), now, timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
            .add_extension(authority, critical=False)
            .sign(issuing, hashes.SHA256())
        )
        stem = self.folder / "servers" / names[0].replace("*", "any").replace(":", "-")
        certificate, own = stem.with_name(f"{stem.name}.pem"), stem.with_name(f"{stem.name}.key")
        write_secret(own, _pem(key))
        certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        return certificate, own

    def _read(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        try:
            key = serialization.load_pem_private_key(self._key.read_bytes(), password=None)
            certificate = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        except (OSError, ValueError) as error:
            raise AuthorityError(f"`{self.folder}` holds no authority: `fedpact ca init` makes one") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise AuthorityError(f"`{self._key}` is no key of this program's: use your own tool for it")
        return certificate, key


def _dated(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        pass
    if not _NAME.fullmatch(text):
        raise AuthorityError(f"`{text}` is neither the name of a host nor an address")
    return x509.DNSName(text)


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, none).decode()

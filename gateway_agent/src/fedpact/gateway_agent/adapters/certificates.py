"""
X.509 as FLARE reads it, made with `cryptography` alone, so that a gateway need not load FLARE for a key.

FLARE's peers check the CA and the common name; the organization and the role (`unstructuredName`) of the common
name's owner decide rights. gRPC checks the subject alternative names, which FLARE expects to hold the common
name too. Keys are RSA because FLARE signs jobs with RSA-PSS.
"""

import ipaddress
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from fedpact.gateway_agent.app.ports import Subject
from fedpact.gateway_agent.domain.errors import CertificateError

KEY_BITS = 2048
LONGEST_KEY = 4096
MAX_REQUEST = 16_384
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,63}")
"""A common name: a participant's id, a host's name, an address."""
SKEW = timedelta(minutes=10)
"""How far behind a gateway's clock may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """The CA that signs: its name and key, and how long what it issues is valid."""

    project: str
    key: rsa.RSAPrivateKey
    begin: datetime
    end: datetime


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)


def key_pem(key: rsa.RSAPrivateKey) -> bytes:
    """The key as FLARE reads it: PEM, unencrypted. Belongs into a file of mode 0600 only."""
    form, none = serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, none)


def read_key(pem: bytes) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise CertificateError("the stored key is not an RSA key; remove the activation folder")
    return key


def request_pem(name: str, key: rsa.RSAPrivateKey) -> str:
    """A certificate request. Its name is for people: the signer takes the name from elsewhere."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name(Subject(name=name, organization="")))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def check_name(name: str) -> str:
    """`name`, if it can be a common name and part of a path."""
    if not NAME.fullmatch(name):
        raise CertificateError(f"`{name}` cannot be the name in a certificate; use letters, digits, - and .")
    return name


def public_key_of(request: str) -> rsa.RSAPublicKey:
    """The public key of a request whose signature proves that the sender holds the private one."""
    if len(request) > MAX_REQUEST:
        raise CertificateError("the certificate request is too long")
    try:
        parsed = x509.load_pem_x509_csr(request.encode())
        key, valid = parsed.public_key(), parsed.is_signature_valid
    except (ValueError, UnsupportedAlgorithm, InvalidSignature) as error:
        raise CertificateError("the certificate request cannot be read; send a PEM PKCS#10 request") from error
    if not isinstance(key, rsa.RSAPublicKey) or not KEY_BITS <= key.key_size <= LONGEST_KEY:
        raise CertificateError(f"the certificate request needs an RSA key of {KEY_BITS} to {LONGEST_KEY} bits")
    if not valid:
        raise CertificateError("the certificate request is not signed by its own key")
    return key


def root_certificate(issuer: Issuer) -> x509.Certificate:
    """The CA's own certificate."""
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    builder = _builder(issuer, Subject(name=issuer.project, organization=""), issuer.key.public_key())
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return builder.add_extension(usage, critical=True).sign(issuer.key, hashes.SHA256())


def certificate(issuer: Issuer, subject: Subject, key: rsa.RSAPublicKey) -> x509.Certificate:
    """The certificate of a participant."""
    builder = _builder(issuer, subject, key)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    return builder.sign(issuer.key, hashes.SHA256())


def pem(cert: x509.Certificate) -> str:
    return cert.public_bytes(serialization.Encoding.PEM).decode()


def _builder(issuer: Issuer, subject: Subject, key: rsa.RSAPublicKey) -> x509.CertificateBuilder:
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    hosts = list(dict.fromkeys((subject.name, *subject.hosts)))
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(Subject(name=issuer.project, organization="")))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(issuer.begin)
        .not_valid_after(issuer.end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(authority, critical=False)
        .add_extension(x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False)
    )


def _name(subject: Subject) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, subject.name)]
    if subject.organization:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, subject.organization))
    if subject.role:
        parts.append(x509.NameAttribute(NameOID.UNSTRUCTURED_NAME, subject.role))
    return x509.Name(parts)


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)

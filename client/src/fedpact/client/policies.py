"""Asset policies: written and signed by their custodian, here and offline; put in force and ended at the hub."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from fedpact.client import operations
from fedpact.client.documents import as_document, read_value
from fedpact.client.errors import InputError
from fedpact.client.steps import Flow
from fedpact.client.verbs import H, Noun, verb
from fedpact.contracts.api import NewPolicy, PageQuery, PolicyEdit, PolicyPage, PolicyView, Preview
from fedpact.contracts.policies import Dsse, PolicyDocument
from fedpact.decision import dsse, keys
from fedpact.decision.policies import read_policy, signed_policy, verified_policy

OTHERS = 0o077


class Policies(Noun[H]):
    """`fp.policies`."""

    __slots__ = ()

    @verb
    def publish(self, policy: PolicyDocument | Dsse, *, key: str | None = None) -> Flow[PolicyView]:
        """Put a policy, or a new revision, in force. A plain document travels unsigned: gateways may refuse it."""
        new = NewPolicy(envelope=policy) if isinstance(policy, Dsse) else NewPolicy(document=policy)
        return self.hub.flow(operations.publish_policy(new, self.hub.key(key)))

    @verb
    def preview(self, policy: PolicyDocument | Dsse) -> Flow[Preview]:
        """What publishing it would allow, and which live specs it would decide otherwise. Nothing is changed."""
        document = read_policy(policy) if isinstance(policy, Dsse) else policy
        return self.hub.flow(operations.preview_policy(PolicyEdit(document=document)))

    @verb
    def preview_withdrawal(self, policy: str) -> Flow[Preview]:
        """Which live specs a withdrawal would end."""
        return self.hub.flow(operations.preview_policy(PolicyEdit(withdraw=policy)))

    @verb
    def list(self, query: PageQuery | None = None) -> Flow[PolicyPage]:
        return self.hub.flow(operations.policies(query or PageQuery()))

    @verb
    def get(self, policy: str) -> Flow[PolicyView]:
        return self.hub.flow(operations.policy(policy))

    @verb
    def withdraw(self, policy: str, *, key: str | None = None) -> Flow[PolicyView]:
        """End a policy; what runs on it alone stops."""
        return self.hub.flow(operations.withdraw_policy(policy, self.hub.key(key)))


def new_key(path: Path) -> tuple[Path, str]:
    """Make a key pair: the private one at `path`, the public one beside it. Returns the latter and the key's id."""
    if not path.name:
        raise InputError(f"`{path}` is a folder: name the file the private key is to be written to")
    key, public = keys.generate(), path.with_suffix(".pub.pem")
    for taken in (path, public):
        if taken.exists():
            raise InputError(f"`{taken}` exists: choose another name, a key is never written over")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(keys.to_pem(key))
        public.write_bytes(keys.public_pem(key))
    except OSError as error:
        raise InputError(_unwritable(path, error)) from error
    return public, keys.keyid(key)


def private_key(path: Path) -> keys.PrivateKey:
    """The private key at `path`, which nobody else may be able to read."""
    pem = _bytes(path)
    if b"PUBLIC KEY" in pem:
        raise InputError(f"`{path}` is a public key: sign with the private one, the file `keygen` was given")
    if os.name == "posix" and path.exists() and path.stat().st_mode & OTHERS:
        raise InputError(f"others can read the private key `{path}`: `chmod 600 {path}`, and think of making a new one")
    return keys.from_pem(pem)


def public_key(path: Path) -> keys.PublicKey:
    """The public key at `path`."""
    pem = _bytes(path)
    if b"PRIVATE KEY" in pem:
        raise InputError(f"`{path}` is a private key: others need its public half, `{path.with_suffix('.pub.pem')}`")
    return keys.public_from_pem(pem)


def read_policy_file(path: Path) -> PolicyDocument | Dsse:
    """The policy, or the signed envelope around one, at `path`."""
    value = read_value(path)
    if isinstance(value, dict) and "payloadType" in value:
        return as_document(Dsse, value, str(path))
    return as_document(PolicyDocument, value, str(path))


def sign(document: PolicyDocument, key_files: Iterable[Path]) -> Dsse:
    """The envelope around `document`, signed with each key."""
    return signed_policy(document, *(private_key(path) for path in key_files))


def countersigned(envelope: Dsse, key_files: Iterable[Path]) -> Dsse:
    """The same envelope with one more signature by each key."""
    for path in key_files:
        envelope = dsse.countersign(envelope, private_key(path))
    return envelope


def verify(
    envelope: Dsse, trusted: Mapping[str, keys.PublicKey], threshold: int = 1
) -> tuple[PolicyDocument, tuple[str, ...]]:
    """The policy inside and the ids of the trusted keys that signed it."""
    return verified_policy(envelope, trusted, threshold)


def write_envelope(path: Path, envelope: Dsse) -> None:
    try:
        path.write_text(envelope.model_dump_json(indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(_unwritable(path, error)) from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        cause = (error.strerror or "unknown cause").lower()
        raise InputError(
            f"the key `{path}` cannot be read ({cause}): check the path; `fedpact policies keygen` makes one"
        ) from error


def _unwritable(path: Path, error: OSError) -> str:
    cause = (error.strerror or "unknown cause").lower()
    return f"`{path}` cannot be written ({cause}): choose a folder that is there and that you may write"

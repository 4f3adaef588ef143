"""
Asset policies in their envelopes.

The custodian's tool writes them, everybody reads them, and only what `verified_policy` returned is believed.
"""

from collections.abc import Mapping

from fedpact.contracts import strict_json
from fedpact.contracts.policies import POLICY_TYPE, Dsse, PolicyDocument
from fedpact.decision import dsse
from fedpact.decision.keys import PrivateKey, PublicKey


def signed_policy(document: PolicyDocument, *private_keys: PrivateKey) -> Dsse:
    """The envelope around `document`, signed by each key; without keys an unsigned one."""
    return dsse.sign(strict_json.dumps(document.model_dump(mode="json")), POLICY_TYPE, *private_keys)


def read_policy(envelope: Dsse) -> PolicyDocument:
    """The policy inside, whoever signed it or not."""
    return strict_json.parsed(PolicyDocument, dsse.payload_of(envelope, POLICY_TYPE))


def verified_policy(
    envelope: Dsse, keys: Mapping[str, PublicKey], threshold: int = 1
) -> tuple[PolicyDocument, tuple[str, ...]]:
    """The policy inside and the ids of the trusted keys that signed it."""
    found = dsse.verified(envelope, POLICY_TYPE, keys, threshold)
    return strict_json.parsed(PolicyDocument, found.payload), found.signed_by

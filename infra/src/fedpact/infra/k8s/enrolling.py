"""
How the demo's gateways come to the hub: an admin invites, a custodian enrolls from outside the cluster, no key travels.

What the custodian's folder holds afterwards is what the gateway's chart mounts.
"""

from pathlib import Path

from fedpact.client import enrolment
from fedpact.client.errors import FedpactError
from fedpact.client.fedpact import Fedpact
from fedpact.infra.federation import Custodian
from fedpact.infra.k8s.cluster import until
from fedpact.infra.k8s.world import ClusterWorld


def enroll(world: ClusterWorld, custodian: Custodian) -> Path:
    """Make the gateway known, vouch for it once, and have its own key believed; the folder of what it was given."""
    folder = world.layout.site(custodian.gateway)
    with world.user("root") as root:
        root.gateways.register(custodian.gateway, custodian.organization)
        token = _invited(root, custodian.gateway)
    enrolment.enroll(world.issuer.url, token, folder)
    return folder


def _invited(root: Fedpact, gateway: str) -> str:
    """The token, once the one who invites has heard of the gateway too."""
    tokens: list[str] = []

    def invited() -> bool:
        try:
            tokens.append(root.gateways.invite(gateway).token)
        except FedpactError:
            return False
        return True

    until(invited, f"an invitation of `{gateway}`")
    return tokens[0]

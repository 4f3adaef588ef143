"""Gateways: known through an admin, then believed about themselves."""

from collections.abc import Sequence
from dataclasses import replace

from fedpact.contracts.envelope import Fact, Order
from fedpact.contracts.identity import Role
from fedpact.contracts.ids import RESERVED
from fedpact.contracts.registry import GatewayAnnounced, GatewayRegistered, RegisterGateway
from fedpact.contracts.workloads import GatewaySpoke
from fedpact.registry.domain.errors import (
    AlreadyRegisteredError,
    NotAllowedError,
    ReservedNameError,
    RoleMismatchError,
    UnknownOrganizationError,
)
from fedpact.registry.domain.model import Gateway


def register(known: Gateway | None, order: Order[RegisterGateway], *, organization_known: bool) -> Sequence[Fact]:
    """The facts that make a gateway known. Its organization and role are for good."""
    wanted = order.command
    if not order.actor.has(Role.ADMIN):
        raise NotAllowedError("registering a gateway needs the role `admin`: ask the federation's admin")
    if known is None and wanted.gateway in RESERVED:
        raise ReservedNameError(
            f"`{wanted.gateway}` is a name of the hub's own: choose another id for the gateway", path="gateway"
        )
    if known is None and not organization_known:
        raise UnknownOrganizationError(
            f"`{wanted.organization}` is not registered: register the organization first", path="organization"
        )
    if known is None:
        return [GatewayRegistered(gateway=wanted.gateway, organization=wanted.organization, role=wanted.role)]
    if (known.organization, known.role) != (wanted.organization, wanted.role):
        raise AlreadyRegisteredError(
            f"`{known.id}` is already registered as the {known.role} of `{known.organization}`: choose another id",
            path="gateway",
        )
    return []


def announce(known: Gateway | None, spoken: GatewaySpoke | None) -> Sequence[Fact]:
    """What the gateway says of itself, if it is known and says something new."""
    if known is None or spoken is None:
        return []
    if spoken.role != known.role:
        raise RoleMismatchError(
            f"`{known.id}` says it is a {spoken.role} and is registered as a {known.role}: correct the site's role"
        )
    told = GatewayAnnounced(
        gateway=known.id,
        organization=known.organization,
        role=known.role,
        totals=spoken.totals,
        version=spoken.version,
        capabilities=spoken.capabilities,
        limits_enforced=spoken.limits_enforced,
    )
    return [] if told == known.announced else [told]


def evolve(gateway: Gateway | None, fact: Fact) -> Gateway:
    """The gateway after `fact`."""
    match fact:
        case GatewayRegistered():
            return Gateway(id=fact.gateway, organization=fact.organization, role=fact.role)
        case GatewayAnnounced():
            assert gateway is not None
            return replace(gateway, announced=fact)
        case _:
            raise AssertionError(fact)

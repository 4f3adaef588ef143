"""
How a gateway gets its place on the bus: invited by an admin, enrolled with a key of its own, renewed, revoked.

Identity decides and publishes; no fact holds a secret. The key is made at the gateway and never leaves it: the hub
sees public keys, and of an invitation only the hash, since whoever invites makes the token and hands it over.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AwareDatetime, Field

from fedpact.contracts.envelope import Command, Fact, Model, Query, Strict
from fedpact.contracts.ids import Id
from fedpact.contracts.sites import RENEWAL

PublicKey = Annotated[str, Field(pattern=r"^[AU][A-Z2-7]{55}$")]
"""A public NKey of an account or a user."""
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 in hex."""
Signature = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{86}$")]
"""Ed25519, base64url without padding."""
Token = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}\.[A-Za-z0-9_-]{43}$")]
"""`<gateway>.<secret>`, good for one enrolment."""


class _AboutGateway(Fact):
    gateway: Id
    organization: Id

    @property
    def key(self) -> str:
        return self.gateway


class GatewayInvited(_AboutGateway):
    """Whoever has the token may enroll the gateway once, until then."""

    type: ClassVar[str] = "identity.gateway.invited"

    role: Literal["gateway", "orchestrator"] = "gateway"
    account: PublicKey
    invited_by: Id
    until: AwareDatetime


class GatewayEnrolled(_AboutGateway):
    """The gateway has credentials for `member_key`; what it had before is void from this moment."""

    type: ClassVar[str] = "identity.gateway.enrolled"

    member_key: PublicKey
    issued_at: AwareDatetime
    expires_at: AwareDatetime


class GatewayRenewed(_AboutGateway):
    """The gateway has the next credentials; the last ones are good until `overlaps_until`."""

    type: ClassVar[str] = "identity.gateway.renewed"

    member_key: PublicKey
    issued_at: AwareDatetime
    expires_at: AwareDatetime
    overlaps_until: AwareDatetime


class GatewayRevoked(_AboutGateway):
    """All the gateway has is void, an open invitation too; the bus disconnects it."""

    type: ClassVar[str] = "identity.gateway.revoked"

    revoked_by: Id
    revoked_at: AwareDatetime


class GatewayExpiring(_AboutGateway):
    """The gateway's agent should have renewed long ago and has not; in `days` days it can no longer."""

    type: ClassVar[str] = "identity.gateway.expiring"

    expires_at: AwareDatetime
    days: int


AccessFact = GatewayInvited | GatewayEnrolled | GatewayRenewed | GatewayRevoked | GatewayExpiring


class InviteGateway(Command):
    """An admin lets a registered gateway enroll, once, within `hours`. `token_hash` is all the hub sees."""

    type: ClassVar[str] = "identity.invite_gateway"

    gateway: Id
    token_hash: Hash
    hours: Annotated[int, Field(ge=1, le=168)] = 24

    @property
    def key(self) -> str:
        return self.gateway


class RevokeGateway(Command):
    """An admin, or an owner of its organization, ends all that a gateway may do on the bus."""

    type: ClassVar[str] = "identity.revoke_gateway"

    gateway: Id

    @property
    def key(self) -> str:
        return self.gateway


class EnrolmentRequest(Strict):
    """`proof`: `member_key` signs what it asks for, so that nobody enrolls a key that is not theirs."""

    token: Token = Field(repr=False)
    member_key: PublicKey
    proof: Signature


class Credentials(Model):
    """What goes with the key that the gateway made: worth nothing without it."""

    jwt: str
    expires_at: AwareDatetime


class Enrolled(Credentials):
    """All that a gateway has to know of the hub. `bus_ca` and `policy_key` are PEM, empty where nothing is pinned."""

    gateway: Id
    organization: Id
    role: Literal["gateway", "orchestrator"] = "gateway"
    bus_url: str
    bus_domain: str
    bus_ca: str = ""
    policy_key: str = ""


class AskRenewal(Query[Credentials]):
    """`signature`: the key in use signs for the next; `proof`: the next one signs too. Asking again changes nothing."""

    type: ClassVar[str] = RENEWAL

    gateway: Id
    member_key: PublicKey
    proof: Signature
    used_key: PublicKey
    signature: Signature


QUERIES: tuple[tuple[type[Query[Any]], type[Model]], ...] = ((AskRenewal, Credentials),)
"""Every question about access with its answer."""

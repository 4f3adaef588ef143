"""Settings of identity. Secrets are in files; a setting that would let anybody in is refused off the own machine."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from fedpact.chassis.settings import HubSettings
from fedpact.contracts.envelope import Strict
from fedpact.contracts.identity import Role
from fedpact.contracts.ids import Id
from fedpact.decision.actors import ISSUER
from fedpact.identity.app.arrivals import Belief
from fedpact.identity.app.ports import Registration
from fedpact.identity.domain.arrivals import Strangers
from fedpact.identity.domain.network import is_loopback, is_private
from fedpact.identity.domain.vouching import Expected, Reading


class Provider(Strict):
    """An OpenID Connect provider that logs people in, `FEDPACT_IDENTITY_PROVIDER`: all of it as JSON, or one by one."""

    issuer: str = Field(description="its issuer URL, letter by letter; https, unless it is on this machine")
    client_id: str = Field(min_length=1, description="what this installation is called there")
    client_secret_file: Path | None = Field(default=None, description="its secret there; without one, PKCE alone")
    ca_file: Path | None = Field(
        default=None, description="who vouches for its TLS, when the system does not know them"
    )
    scopes: tuple[str, ...] = Field(default=("openid", "profile", "email"), description="what is asked for at a login")
    audience: str | None = Field(
        default=None, description="`aud` of tokens that programs exchange; `client_id` unless given"
    )
    subject_claim: str = Field(default="sub", description="who somebody is, for ever")
    name_claim: str = Field(default="name", description="what people call somebody")
    id_claim: str = Field(default="preferred_username", description="what somebody who is registered is called here")
    email_claim: str = Field(default="email", description="an address; it counts when `email_verified` is true")
    trust_email: bool = Field(default=False, description="an address counts though the provider verifies none")
    organization_claim: str | None = Field(default=None, description="of which organization somebody is")
    organizations: dict[str, Id] = Field(default={}, description="value of that claim -> organization here")
    organization: Id | None = Field(default=None, description="the organization of everybody, instead of a claim")
    roles_claim: str | None = Field(default=None, description="what somebody may do; without it, roles are given here")
    roles: Mapping[str, Role] = Field(default={}, description="value of that claim -> role here; others give nothing")
    unknown_users: Strangers = Field(
        default=Strangers.REFUSE, description="people whom nobody registered: `refuse` or `register`"
    )
    login_seconds: int = Field(default=12 * 3600, ge=60, description="after how long it is asked again who somebody is")
    leeway_seconds: int = Field(default=60, ge=0, le=300, description="how far its clock may be from ours")

    @property
    def registration(self) -> Registration:
        """What this installation is to the provider."""
        return Registration(
            issuer=self.issuer,
            client=self.client_id,
            secret=self.client_secret_file,
            scopes=self.scopes,
            authorities=self.ca_file,
        )

    @property
    def belief(self) -> Belief:
        """What of its word counts."""
        leeway = timedelta(seconds=self.leeway_seconds)
        login = Expected(issuer=self.issuer, audience=self.client_id, client=self.client_id, leeway=leeway)
        exchanged = Expected(issuer=self.issuer, audience=self.audience or self.client_id, leeway=leeway)
        return Belief(login=login, exchanged=exchanged, reading=self._reading, strangers=self.unknown_users)

    @property
    def _reading(self) -> Reading:
        return Reading(
            issuer=self.issuer,
            subject=self.subject_claim,
            name=self.name_claim,
            id=self.id_claim,
            email=self.email_claim,
            trusts_email=self.trust_email,
            organization=self.organization_claim,
            organizations=self.organizations,
            everybodys=self.organization,
            roles=self.roles_claim,
            roles_named=self.roles,
        )

    @model_validator(mode="after")
    def _can_work(self) -> Self:
        if not is_private(self.issuer):
            raise ValueError("`issuer` has to be https: what it says decides who gets in")
        if "openid" not in self.scopes:
            raise ValueError("`scopes` need `openid`: without it nobody says who logged in")
        if self.organization and self.organization_claim:
            raise ValueError("`organization` is for everybody, `organization_claim` tells them apart: leave one out")
        if bool(self.roles) != bool(self.roles_claim):
            raise ValueError("`roles` says what the values of `roles_claim` stand for: give both or neither")
        if self.unknown_users is Strangers.REGISTER and not (self.organization or self.organization_claim):
            raise ValueError("to register people, give `organization_claim`, or `organization` for everybody")
        return self


class Settings(HubSettings):
    model_config = SettingsConfigDict(
        env_prefix="FEDPACT_IDENTITY_", env_nested_delimiter="__", frozen=True, extra="ignore"
    )

    database: str = "identity"
    key_file: Path = Field(description="private key that signs access tokens, made 0600 at the first start")
    bootstrap_file: Path | None = Field(default=None, description="JSON: organizations, users, service accounts")
    issuer: str = Field(default=ISSUER, description="`iss` of access tokens; every service expects the default")
    public_url: str | None = Field(default=None, description="where people and programs reach this service")
    access_seconds: int = Field(default=900, ge=10, le=3600, description="lifetime of an access token")
    login_seconds: int = Field(default=14 * 86400, ge=60, description="how long a login can be refreshed")
    device_seconds: int = Field(default=600, ge=1, le=1800, description="how long a device waits for approval")
    device_interval: int = Field(default=5, ge=1, le=60, description="seconds between two polls of a device")
    public_clients: tuple[str, ...] = Field(
        default=("fedpact-cli", "fedpact-portal"), description="programs without a secret that may log people in"
    )
    redirects: dict[str, tuple[str, ...]] = Field(
        default={}, description="client -> where a browser may be sent back to with a code; compared letter by letter"
    )
    loopback_clients: tuple[str, ...] = Field(
        default=("fedpact-cli",),
        description="programs on people's own machines, to `/callback` on any port of which a browser may be sent back",
    )
    enrolment_folder: Path | None = Field(
        default=None, description="what the hub's setup grants to enroll gateways; without it, all keys are the setup's"
    )
    bus_url: str | None = Field(
        default=None, description="where gateways reach the bus, such as tls://hub.example:4222"
    )
    bus_ca_file: Path | None = Field(default=None, description="the CA whose certificate the bus shows to gateways")
    policy_key_file: Path | None = Field(default=None, description="the policy service's public key, for gateways")
    gateway_days: int = Field(default=90, ge=1, le=730, description="lifetime of a gateway's credentials")
    dev_login: bool = Field(default=False, description="people log in without a password; loopback only")
    provider: Provider | None = Field(default=None, description="who logs people in")

    @model_validator(mode="after")
    def _dev_login_stays_at_home(self) -> Self:
        if self.dev_login and not is_loopback(self.host):
            raise ValueError("dev_login lets anybody in as anybody: it needs a host such as 127.0.0.1")
        if self.dev_login and self.provider:
            raise ValueError("dev_login lets anybody in as anybody, so it is off where a provider logs people in")
        return self

    @model_validator(mode="after")
    def _people_find_back(self) -> Self:
        if self.provider and not self.public_url:
            raise ValueError("a provider sends browsers back to `public_url`, so it needs to be set")
        if self.provider and not is_private(self.public_url or ""):
            raise ValueError(
                "`public_url` has to be https where a provider logs people in, unless it is on this machine"
            )
        return self

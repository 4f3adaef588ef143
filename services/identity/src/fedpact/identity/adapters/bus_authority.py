"""
Vouches for gateways towards a bus that believes an operator, with what the hub's setup put into one folder.

`operator-signing.seed` signs accounts, `sites.seed` their users, `accounts.creds` hands accounts to the server,
`durables.creds` makes a gateway's durable, `bus.json` says which accounts the hub's own are. An account's imports and
its users' rights are made anew from the same data as everything else, so that an upgrade changes them for all.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from fedpact.chassis import bus_admin
from fedpact.chassis.bus_accounts import server_accounts
from fedpact.contracts.doors import HUB
from fedpact.contracts.envelope import Model
from fedpact.contracts.sites import Site, directives_of, site_permissions
from fedpact.decision import bus_accounts, nats_jwt
from fedpact.decision.nats_jwt import EVERYBODY, Account
from fedpact.decision.nkeys import Kind, NKey
from fedpact.identity.app.access import About
from fedpact.identity.domain.access import Access, Credential

SERVICE = "identity"
CONNECTIONS = 8
"""Of one gateway at a time: its agent, and the one that takes over."""
log = logging.getLogger(__name__)


class Setup(Model):
    """`hub`: the account of the streams; `answering`: query -> the account of who answers; `fixed`: sites with keys."""

    hub: str
    answering: dict[str, str]
    fixed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, repr=False)
class BusAuthority:
    """`url` is how identity itself reaches the server; what gateways are told is in `told`."""

    folder: Path
    url: str
    ca_file: Path | None
    told: About
    setup: Setup
    accounts_key: NKey
    users_key: NKey

    @classmethod
    def at(cls, folder: Path, *, url: str, ca_file: Path | None, told: About) -> Self:
        """With what lies in `folder`."""
        return cls(
            folder=folder,
            url=url,
            ca_file=ca_file,
            told=told,
            setup=Setup.model_validate_json((folder / "bus.json").read_bytes()),
            accounts_key=NKey.from_seed((folder / "operator-signing.seed").read_text()),
            users_key=NKey.from_seed((folder / "sites.seed").read_text()),
        )

    @property
    def fixed(self) -> frozenset[str]:
        """Sites whose keys are the setup's."""
        return frozenset(self.setup.fixed)

    def new_account(self) -> str:
        return NKey.generate(Kind.ACCOUNT).public

    def about(self) -> About:
        return self.told

    def credentials(self, known: Access, credential: Credential, now: datetime) -> str:
        return nats_jwt.user(
            self.users_key,
            known.gateway,
            credential.key,
            account=known.account,
            now=now,
            expires=credential.expires,
        )

    async def settle(self, known: Sequence[Access], now: datetime) -> None:
        if not known:
            return
        wanted = [self._account(one, now) for one in known]
        async with server_accounts(self.url, self.folder / "accounts.creds", self.ca_file, inbox=SERVICE) as server:
            for account in wanted:
                jwt = await server.find(account.key)
                if jwt is None or nats_jwt.read(jwt)["nats"] != nats_jwt.account_claims(account):
                    log.info("account changes", extra={"account": account.name})
                    await server.replace(nats_jwt.account(self.accounts_key, account, now))

    async def prepare(self, gateways: Sequence[str]) -> None:
        if not gateways:
            return
        durables = [directives_of(gateway) for gateway in gateways]
        await bus_admin.make_durables(self.url, self.folder / "durables.creds", durables, self.ca_file, inbox=SERVICE)

    def _account(self, known: Access, now: datetime) -> Account:
        allowed = site_permissions(Site(known.gateway, orchestrator=known.role == "orchestrator"))
        name = f"site-{known.gateway}"
        queries = {query: query for query in self.setup.answering}  # by its account's key alone
        revoked = {EVERYBODY: known.revoked} if known.revoked else {}
        return Account(
            name=name,
            key=known.account,
            imports=bus_accounts.imports(name, allowed, queries, {HUB: self.setup.hub, **self.setup.answering}),
            scopes={self.users_key.public: bus_accounts.rights(allowed)},
            revoked=revoked | known.void(now),
            connections=CONNECTIONS,
        )

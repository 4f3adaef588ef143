"""
A bus whose accounts are vouched for by an operator: what `prepare` makes once, and identity extends by enrolments.

The same accounts, doors and permissions as in a fixed configuration, as JWTs. Each key in `secrets/bus` has one use:
`operator` signs nothing after this (take it away from the machine), `operator-signing` signs accounts, `members` and
`durables` the users of accounts made here, `sites` those of enrolled gateways. Of an account only the public
key is kept: nobody can sign in its name. Identity is given a folder with `operator-signing`, `sites` and credentials
to hand new accounts to the server and to make a gateway's durable.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fedpact.contracts.doors import HUB
from fedpact.decision import bus_accounts, nats_jwt
from fedpact.decision.nats_jwt import Account, Export, Rights
from fedpact.decision.nkeys import Kind, NKey
from fedpact.infra.accounts import accounts, answering
from fedpact.infra.layout import write_secret
from fedpact.infra.topology import Member

SYSTEM = "system"
ADMINISTRATOR = "administrator"
GRANTED = "identity-bus"
"""The folder that identity is given."""
EVERYTHING = Rights(publish=(">",), subscribe=(">",))
_INBOX = "_INBOX_identity.>"
ACCOUNTS = Rights(publish=("$SYS.REQ.CLAIMS.UPDATE", "$SYS.REQ.ACCOUNT.*.CLAIMS.LOOKUP"), subscribe=(_INBOX,))
"""Of identity, where accounts are handed to the server."""
DURABLES = Rights(
    publish=("$JS.API.STREAM.INFO.directives", "$JS.API.CONSUMER.DURABLE.CREATE.directives.*"), subscribe=(_INBOX,)
)
"""Of identity, where a new gateway's durable is made."""


@dataclass(frozen=True, slots=True)
class Authority:
    """The keys in `secrets/bus`, made when they are missing."""

    folder: Path

    def key(self, name: str, kind: Kind) -> NKey:
        path = self.folder / f"{name}.seed"
        if not path.exists():
            write_secret(path, NKey.generate(kind).seed)
        return NKey.from_seed(path.read_text())

    @property
    def operator(self) -> NKey:
        return self.key("operator", Kind.OPERATOR)

    @property
    def signing(self) -> NKey:
        """Signs accounts."""
        return self.key("operator-signing", Kind.OPERATOR)

    @property
    def members(self) -> NKey:
        """Signs the users of accounts made here."""
        return self.key("members", Kind.ACCOUNT)

    @property
    def durables(self) -> NKey:
        """Signs who may make the durables of sites."""
        return self.key("durables", Kind.ACCOUNT)

    @property
    def sites(self) -> NKey:
        """Signs the users of enrolled gateways."""
        return self.key("sites", Kind.ACCOUNT)

    def public(self, names: Sequence[str]) -> Mapping[str, str]:
        """The public keys of these accounts, by name."""
        path = self.folder / "accounts.json"
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        new = {name: NKey.generate(Kind.ACCOUNT).public for name in names if name not in known}
        if new:
            write_secret(path, json.dumps(known | new, indent=1))
        return known | new


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What the server's configuration says of accounts: the operator's JWT, and each account's under its key."""

    operator: str
    system: str
    accounts: Mapping[str, str]


def vouch(authority: Authority, members: Sequence[Member], now: datetime) -> Trust:
    """The JWTs of everybody's account, and of the hub's and the server's own."""
    everybody, queries = accounts(members), answering(members)
    keys = authority.public(_names(members))
    any_site = bus_accounts.doors_of_any_site(queries)

    def exports(account: str) -> Sequence[Export]:
        theirs = (door for one in everybody for door in one.doors if door.to == account)
        return bus_accounts.exports([*theirs, *(door for door in any_site if door.to == account)])

    signer = authority.members.public
    administrated = {signer: EVERYTHING, authority.durables.public: DURABLES}
    made = [
        Account(name=SYSTEM, key=keys[SYSTEM], scopes={signer: ACCOUNTS}),
        Account(name=HUB, key=keys[HUB], exports=exports(HUB), scopes=administrated, stores=True),
    ]
    for member in members:
        name, allowed = member.account, member.allowed
        doors = bus_accounts.imports(name, allowed, queries, keys)
        scope = {signer: bus_accounts.rights(allowed)}
        made.append(Account(name=name, key=keys[name], imports=doors, exports=exports(name), scopes=scope))
    return Trust(
        operator=_operator(authority, keys[SYSTEM], now),
        system=keys[SYSTEM],
        accounts={one.key: nats_jwt.account(authority.signing, one, now) for one in made},
    )


def write_credentials(authority: Authority, members: Sequence[Member], secrets: Path, now: datetime) -> None:
    """`<name>.creds` of the administrator and of every member, made when missing; and what identity is given."""
    keys = authority.public(_names(members))
    _credentials(secrets / f"{ADMINISTRATOR}.creds", authority.members, keys[HUB], now)
    for member in members:
        _credentials(secrets / f"{_short(member)}.creds", authority.members, keys[member.account], now)
    granted = secrets / GRANTED
    _credentials(granted / "accounts.creds", authority.members, keys[SYSTEM], now)
    _credentials(granted / "durables.creds", authority.durables, keys[HUB], now)
    write_secret(granted / "operator-signing.seed", authority.signing.seed)
    write_secret(granted / "sites.seed", authority.sites.seed)
    answers = {query: keys[account] for query, account in answering(members).items()}
    fixed = [_short(member) for member in members if member.account.startswith("site-")]
    write_secret(granted / "bus.json", json.dumps({"hub": keys[HUB], "answering": answers, "fixed": fixed}))


def _names(members: Sequence[Member]) -> list[str]:
    return [HUB, SYSTEM, *(member.account for member in members)]


def _short(member: Member) -> str:
    return member.account.partition("-")[2]


def _operator(authority: Authority, system: str, now: datetime) -> str:
    """Signed once: the operator's key may be anywhere else afterwards."""
    path = authority.folder / "operator.jwt"
    if not path.exists():
        signing = [authority.signing.public]
        jwt = nats_jwt.operator(authority.operator, "fedpact", system_account=system, signing=signing, now=now)
        write_secret(path, jwt)
    return path.read_text()


def _credentials(path: Path, signer: NKey, account: str, now: datetime) -> None:
    if not path.exists():
        own = NKey.generate(Kind.USER)
        jwt = nats_jwt.user(signer, path.stem, own.public, account=account, now=now)
        write_secret(path, nats_jwt.credentials(jwt, own.seed))

"""
The nats-server configuration of one hub, as text.

Accounts with the topology's permissions, either written out for fixed NKeys or as JWTs that an operator vouches for;
a server knows one or the other.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fedpact.infra.accounts import HUB, Account, Door, accounts, doors_to
from fedpact.infra.bus_authority import Trust
from fedpact.infra.topology import Identities, Member, members


@dataclass(frozen=True, slots=True)
class Tls:
    """What the server shows to clients. Both are paths."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class NatsServer:
    """
    `sync_always` makes the server flush every message: the hub's choice outside a laptop.

    `leaf_port` and `websocket_port` let a site's own server dial in, the latter through an HTTP proxy.
    """

    port: int
    store: Path
    name: str = "fedpact"
    host: str = "127.0.0.1"
    sync_always: bool = False
    tls: Tls | None = None
    leaf_port: int | None = None
    websocket_port: int | None = None


def render(server: NatsServer, identities: Identities) -> str:
    """The configuration file of a server that knows everybody by a fixed NKey."""
    everybody = accounts(members(identities))
    return f"""{_server(server)}accounts {{
  {HUB} {{
    jetstream: enabled
    users: [ {{ nkey: {identities.administrator} }} ]
{_exports(HUB, everybody)}
  }}
{chr(10).join(_account(account, everybody) for account in everybody)}
}}
"""


def render_trusting(server: NatsServer, trust: Trust) -> str:
    """The configuration file of a server that believes an operator, and keeps what it is told of accounts."""
    preload = "\n".join(f'  {key}: "{jwt}"' for key, jwt in trust.accounts.items())
    return f"""{_server(server)}operator: "{trust.operator}"
system_account: {trust.system}
resolver {{
  type: full
  dir: "{server.store.parent / "accounts"}"
  allow_delete: false
}}
resolver_preload {{
{preload}
}}
"""


def _server(server: NatsServer) -> str:
    sync = "\n  sync_interval: always" if server.sync_always else ""
    return f"""server_name: {server.name}
host: {server.host}
port: {server.port}
ping_interval: "15s"
write_deadline: "10s"
max_payload: 8MB
jetstream {{
  store_dir: "{server.store}"{sync}
}}
{_tls(server.tls, ", handshake_first: true")}{_leaves(server)}"""


def _tls(tls: Tls | None, more: str = "") -> str:
    return f'tls {{ cert_file: "{tls.certificate}", key_file: "{tls.key}"{more} }}\n' if tls else ""


def _leaves(server: NatsServer) -> str:
    """Not advertised: a site's server must come back the way it came, perhaps through a proxy."""
    shown = _tls(server.tls).strip()
    text = ""
    if server.leaf_port:
        text += f"leafnodes {{ host: {server.host}, port: {server.leaf_port}, no_advertise: true\n  {shown} }}\n"
    if server.websocket_port:
        safe = shown or "no_tls: true"
        text += f"websocket {{ host: {server.host}, port: {server.websocket_port}\n  {safe} }}\n"
    return text


def _account(account: Account, everybody: Sequence[Account]) -> str:
    name = account.member.account
    imports = "\n".join(_import(door) for door in account.doors)
    return f"""  {name} {{
    users: [ {_user(account.member)} ]
{_exports(name, everybody)}
    imports: [
{imports}
    ]
  }}"""


def _exports(account: str, everybody: Iterable[Account]) -> str:
    rows = "\n".join(_export(doors) for doors in doors_to(account, everybody).values())
    return f"    exports: [\n{rows}\n    ]"


def _export(doors: Sequence[Door]) -> str:
    door, allowed = doors[0], _list(other.by for other in doors)
    answers = ', response_type: stream, threshold: "30s"' if door.streams else ""
    return f"      {{ {_kind(door)}: {json.dumps(door.subject)}, accounts: [{allowed}]{answers} }}"


def _import(door: Door) -> str:
    renamed = f", to: {json.dumps(door.local)}" if door.local != door.subject else ""
    return f"      {{ {_kind(door)}: {{ account: {door.to}, subject: {json.dumps(door.subject)} }}{renamed} }}"


def _kind(door: Door) -> str:
    return "stream" if door.listens else "service"


def _user(member: Member) -> str:
    allowed = member.allowed
    responses = ", allow_responses: true" if allowed.responds else ""
    publish, subscribe = _list(allowed.publish), _list(allowed.subscribe)
    return (
        f"{{ nkey: {member.key}, permissions: {{ publish: {{ allow: [{publish}] }}, "
        f"subscribe: {{ allow: [{subscribe}] }}{responses} }} }}"
    )


def _list(words: Iterable[str]) -> str:
    return ", ".join(json.dumps(word) for word in words)

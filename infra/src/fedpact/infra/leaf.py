"""
The configuration of a NATS server at a site, which takes the site's way to the hub: a leaf node.

For sites whose agent may not connect outside itself: the server dials the hub, over WebSocket also through an HTTP
proxy, with the gateway's credentials, and the agent speaks to the server. It keeps nothing: what the agent says is in
the agent's own outbox until the hub's stream has it, with or without a leaf. What the gateway may do is checked by the
hub, at this connection as at any other.
"""

import json
from dataclasses import dataclass
from pathlib import Path

RECONNECT_SECONDS = 2
ACCOUNT = "site"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """
    Whose server it is, and where to.

    `hub`: `tls://host:7422`, or `wss://host:443` where a proxy leads outside (`proxy`: its URL, without the login);
    `key`: the agent's own for this server, a public NKey.

    `credentials` is read anew at every connection, so that the agent can renew it.
    """

    gateway: str
    hub: str
    credentials: Path
    key: str
    ca_file: Path | None = None
    proxy: str = ""
    proxy_login: tuple[str, str] | None = None
    host: str = "127.0.0.1"
    port: int = 4222


def render(leaf: Leaf) -> str:
    """The configuration file."""
    tls = f"\n      tls {{ ca_file: {_text(leaf.ca_file)} }}" if leaf.ca_file else ""
    proxy = f"\n      proxy {{ url: {_text(leaf.proxy)}{_login(leaf.proxy_login)} }}" if leaf.proxy else ""
    return f"""server_name: leaf-{leaf.gateway}
host: {leaf.host}
port: {leaf.port}
max_payload: 8MB
accounts {{
  {ACCOUNT} {{ users: [ {{ nkey: {leaf.key} }} ] }}
}}
leafnodes {{
  reconnect: {RECONNECT_SECONDS}
  remotes: [
    {{
      url: {_text(leaf.hub)}
      account: {ACCOUNT}
      credentials: {_text(leaf.credentials)}
      ignore_discovered_servers: true{tls}{proxy}
    }}
  ]
}}
"""


def _login(login: tuple[str, str] | None) -> str:
    return f", username: {_text(login[0])}, password: {_text(login[1])}" if login else ""


def _text(value: object) -> str:
    return json.dumps(str(value))

"""The nats-server configuration of one hub, as text: the topology's permissions for static NKeys."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fedpact.infra.topology import Permissions


@dataclass(frozen=True, slots=True, kw_only=True)
class NatsServer:
    """`sync_always` makes the server flush every message: the hub's choice outside a laptop."""

    port: int
    store: Path
    name: str = "fedpact"
    host: str = "127.0.0.1"
    sync_always: bool = False


def render(server: NatsServer, users: Sequence[tuple[str, Permissions | None]]) -> str:
    """The configuration file."""
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
accounts {{
  FEDPACT {{
    jetstream: enabled
    users: [
{chr(10).join(_user(key, allowed) for key, allowed in users)}
    ]
  }}
}}
"""


def _user(key: str, allowed: Permissions | None) -> str:
    if allowed is None:
        return f"      {{ nkey: {key} }}"
    responses = ", allow_responses: true" if allowed.responds else ""
    publish, subscribe = _list(allowed.publish), _list(allowed.subscribe)
    return (
        f"      {{ nkey: {key}, permissions: {{ publish: {{ allow: [{publish}] }}, "
        f"subscribe: {{ allow: [{subscribe}] }}{responses} }} }}"
    )


def _list(subjects: Sequence[str]) -> str:
    return ", ".join(f'"{subject}"' for subject in subjects)

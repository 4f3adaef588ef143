"""The configuration of a site's own server: what it says, and when there is none."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from fedpact.client.cli.session import Session
from fedpact.decision import nats_jwt
from fedpact.decision.nkeys import Kind, NKey
from fedpact.infra.leaf import Leaf, render
from fedpact.infra.leaf_commands import leaf

WHOLE = """server_name: leaf-berlin
host: 127.0.0.1
port: 4222
max_payload: 8MB
accounts {
  site { users: [ { nkey: UAGENT } ] }
}
leafnodes {
  reconnect: 2
  remotes: [
    {
      url: "wss://hub.example:8443"
      account: site
      credentials: "/site/agent/bus.creds"
      ignore_discovered_servers: true
      tls { ca_file: "/site/agent/bus-ca.pem" }
      proxy { url: "http://proxy:3128", username: "site", password: "a\\"b" }
    }
  ]
}
"""


def test_it_dials_the_hub_with_the_gateways_credentials_and_nobody_else_comes_in() -> None:
    made = Leaf(
        gateway="berlin",
        hub="wss://hub.example:8443",
        credentials=Path("/site/agent/bus.creds"),
        key="UAGENT",
        ca_file=Path("/site/agent/bus-ca.pem"),
        proxy="http://proxy:3128",
        proxy_login=("site", 'a"b'),
    )
    assert render(made) == WHOLE


def run(*words: str) -> Result:
    app = typer.Typer()
    app.command()(leaf)
    return CliRunner().invoke(app, words, obj=Session(environ={}))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    user = NKey.generate(Kind.USER)
    account = NKey.generate(Kind.ACCOUNT)
    jwt = nats_jwt.user(account, "berlin", user.public, account=account.public, now=datetime(2026, 5, 4, tzinfo=UTC))
    (tmp_path / "agent").mkdir()
    (tmp_path / "agent" / "bus.creds").write_text(nats_jwt.credentials(jwt, user.seed))
    return tmp_path


def test_it_is_written_beside_what_was_enrolled_for_its_owner_alone(site: Path, tmp_path: Path) -> None:
    (tmp_path / "login").write_text("site:secret\n")
    words = ("--hub", "wss://hub.example:8443", "--proxy", "http://proxy:3128", "--folder", str(site))
    result = run(*words, "--proxy-login-file", str(tmp_path / "login"))
    assert result.exit_code == 0, result.output
    text = (site / "leaf" / "leaf.conf").read_text()
    assert "leaf-berlin" in text
    assert 'password: "secret"' in text
    assert {path.stat().st_mode & 0o777 for path in (site / "leaf").iterdir()} == {0o600}
    assert "secret" not in result.output


@pytest.mark.parametrize("words", [("--hub", "hub.example"), ("--hub", "tls://hub.example", "--proxy", "http://p:1")])
def test_what_cannot_work_is_refused(site: Path, words: tuple[str, ...]) -> None:
    assert run(*words, "--folder", str(site)).exit_code == 2
    assert not (site / "leaf" / "leaf.conf").exists()


def test_who_is_not_enrolled_has_no_way_to_take(tmp_path: Path) -> None:
    result = run("--hub", "tls://hub.example:7422", "--folder", str(tmp_path))
    assert (result.exit_code, "fedpact gateways enroll" in result.stderr) == (2, True)

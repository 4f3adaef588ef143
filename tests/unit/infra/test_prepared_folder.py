"""The folder that a federation of containers starts from."""

import base64
import json
import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from servers import BIN, missing

from fedpact.decision import keys
from fedpact.infra import containers
from fedpact.infra.federation import federation
from fedpact.infra.layout import Layout

STACKS = Path(__file__).resolve().parents[3] / "infra" / "compose"
MEMBERS = federation(2)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "fedpact")
    containers.prepare(layout, MEMBERS)
    return layout


def files(layout: Layout) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in layout.root.rglob("*") if path.is_file()}


def test_nobody_else_reads_what_is_in_it(layout: Layout) -> None:
    found = [layout.root, *layout.root.rglob("*")]
    assert [path for path in found if path.stat().st_mode & 0o077] == []


def test_preparing_again_changes_nothing(layout: Layout) -> None:
    before = files(layout)
    containers.prepare(layout, MEMBERS)
    assert files(layout) == before


def test_a_dal_is_given_the_public_half_of_its_agents_key(layout: Layout) -> None:
    site = layout.site("gateway-1")
    private = keys.from_pem((site / "agent" / "dal-tokens.pem").read_bytes())
    assert (site / "dal" / "agent.pub").read_bytes() == keys.public_pem(private)
    assert "PRIVATE" not in (site / "dal" / "agent.pub").read_text()


def test_two_gateways_share_no_key(layout: Layout) -> None:
    for name in ("agent/dal-tokens.pem", "owner.pem"):
        assert len({(layout.site(gateway) / name).read_bytes() for gateway in ("gateway-1", "gateway-2")}) == 2


def test_the_bus_listens_to_other_containers_and_flushes_every_message(layout: Layout) -> None:
    said = layout.nats_config.read_text()
    assert "host: 0.0.0.0" in said
    assert "port: 4222" in said
    assert "sync_interval: always" in said
    assert str(layout.jetstream) in said


@pytest.fixture
def enrolling(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "fedpact")
    containers.prepare(layout, federation(0), names=["hub.example.org"])
    return layout


def test_a_bus_that_lets_gateways_enroll_believes_an_operator_and_speaks_tls(enrolling: Layout) -> None:
    said = enrolling.nats_config.read_text()
    assert "operator:" in said
    assert "handshake_first: true" in said
    assert "nkey:" not in said
    names = x509.load_pem_x509_certificate((enrolling.bus_tls / "server.pem").read_bytes())
    found = names.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert found.get_values_for_type(x509.DNSName) == ["hub.example.org", "nats"]


def test_identity_is_granted_what_it_needs_to_enroll_and_not_the_operators_key(enrolling: Layout) -> None:
    granted = {path.name for path in (enrolling.secrets / "identity-bus").iterdir()}
    assert granted == {"accounts.creds", "bus.json", "durables.creds", "operator-signing.seed", "sites.seed"}
    operator = (enrolling.secrets / "bus" / "operator.seed").read_text()
    assert all(operator not in path.read_text() for path in (enrolling.secrets / "identity-bus").iterdir())


def test_enrolling_again_prepared_keeps_keys_accounts_and_certificate(enrolling: Layout) -> None:
    before = {path: content for path, content in files(enrolling).items() if path != enrolling.nats_config}
    (enrolling.secrets / "bus" / "operator.seed").unlink()
    containers.prepare(enrolling, federation(0), names=["hub.example.org"])
    after = files(enrolling)
    assert {path for path in before if path.name != "operator.seed" and before[path] != after[path]} == set()


def _unsigned(said: str) -> str:
    """`said` and what the tokens in it say."""
    bodies = re.findall(r"eyJ[\w-]+\.(eyJ[\w-]+)\.", said)
    return "".join([said, *(base64.urlsafe_b64decode(body + "==").decode() for body in bodies)])


@pytest.mark.parametrize("names", [[], ["hub.example.org"]])
def test_preparing_again_gives_the_rights_of_this_version(tmp_path: Path, names: list[str]) -> None:
    layout = Layout(tmp_path / "fedpact")
    containers.prepare(layout, MEMBERS, names=names)
    before = files(layout)
    layout.nats_config.write_text("# what services might say in an older version")
    containers.prepare(layout, MEMBERS, names=names)
    assert "fedpact.qry.identity.organization" in _unsigned(layout.nats_config.read_text())
    secret = (layout.secrets, layout.bus_tls, layout.root / "sites")
    kept = {path for path in before if any(path.is_relative_to(folder) for folder in secret)}
    assert {path for path in kept if path.suffix != ".json" and path.read_bytes() != before[path]} == set()


def test_of_gateways_that_enroll_the_setup_knows_their_owners_and_makes_no_key(tmp_path: Path) -> None:
    layout, members = Layout(tmp_path / "fedpact"), replace(MEMBERS, enrolling=True)
    containers.prepare(layout, members, names=["hub.example.org"])
    assert [path.name for path in layout.secrets.iterdir() if path.name.startswith("gateway-")] == []
    assert "gateway-1" not in (layout.hub / "registry.json").read_text()
    assert json.loads((layout.secrets / "identity-bus" / "bus.json").read_text())["fixed"] == ["orchestrator"]
    for custodian in members.custodians:
        assert (layout.hub / "owners" / custodian.organization / "owner.pub.pem").exists()


def test_nobody_else_reads_what_is_there_to_enroll(enrolling: Layout) -> None:
    found = [enrolling.root, *enrolling.root.rglob("*")]
    assert [path for path in found if path.stat().st_mode & 0o077] == []


def stack(layout: Layout, *names: str) -> dict[str, Any]:
    site = layout.site("gateway-1")
    told = {
        "FEDPACT_UID": "1000",
        "FEDPACT_GID": "1000",
        "FEDPACT_FOLDER": str(layout.root),
        "FEDPACT_MODELS": str(layout.root),
        "FEDPACT_MODEL_IMAGES": str(layout.nats_config),
        "FEDPACT_ENGINE": str(layout.root),
        "FEDPACT_ENGINE_GROUP": "1000",
        "FEDPACT_GATEWAY": "gateway-1",
        "FEDPACT_ORGANIZATION": "lakeside",
        "FEDPACT_SITE": str(site),
        "FEDPACT_SEED": str(layout.secrets / "gateway-1.seed"),
        "FEDPACT_NATS_URL": "nats://hub:4222",
        "FEDPACT_BUS_URL": "tls://hub:4222",
        "FEDPACT_FLARE_ENTRANCE": "hub:8443",
    }
    files = [word for name in names for word in ("-f", str(STACKS / name))]
    words = [str(BIN / "docker-compose"), "-p", "test", *files, "config", "--format", "json"]
    said = subprocess.run(words, capture_output=True, text=True, check=True, env={**os.environ, **told})
    parsed: dict[str, Any] = json.loads(said.stdout)
    return parsed


def absent(said: dict[str, Any]) -> list[str]:
    """What the services mount and is not there."""
    services = said["services"].values()
    mounted = {one["source"] for service in services for one in service.get("volumes", ())}
    used = {one["source"] for service in services for one in service.get("secrets", ())}
    wanted = mounted | {said["secrets"][name]["file"] for name in used}
    assert wanted
    return [path for path in sorted(wanted) if not Path(path).exists()]


@pytest.mark.parametrize("name", ["hub.yaml", "gateway.yaml"])
def test_everything_that_a_stack_mounts_is_there(layout: Layout, name: str) -> None:
    if lacking := missing("docker-compose"):
        pytest.skip(lacking)
    assert absent(stack(layout, name)) == []


def test_everything_that_a_hub_which_enrolls_mounts_is_there(enrolling: Layout) -> None:
    if lacking := missing("docker-compose"):
        pytest.skip(lacking)
    said = stack(enrolling, "hub.yaml", "hub.enrolling.yaml")
    assert absent(said) == []
    held = {name: [one["source"] for one in each.get("secrets", ())] for name, each in said["services"].items()}
    assert not [name for name, secrets in held.items() if any(secret.endswith(".seed") for secret in secrets)]


@pytest.mark.parametrize("folder", ["short", "l" + 90 * "o" + "ng"])
def test_the_story_is_not_told_to_a_federation_that_is_not_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], folder: str
) -> None:
    """However long the name of its folder is."""
    (tmp_path / folder / "sites" / "gateway-1" / "sockets").mkdir(parents=True)
    with pytest.raises(SystemExit, match="the agent of `gateway-1` does not listen: start the federation"):
        containers.main(["demo", str(tmp_path / folder)])
    assert not capsys.readouterr().out

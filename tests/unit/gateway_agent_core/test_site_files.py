"""What the agent reads at its site: trust, models, consoles, metrics, results, settings; and what it loads."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from agent_values import CLIENT_NAME, NOON
from decision_values import MODEL, OWNER, POLICY_SERVICE
from pydantic import ValidationError

from fedpact.contracts.workloads import Cause
from fedpact.decision import keys, tokens
from fedpact.decision.tokens import DalClaims
from fedpact.gateway_agent.adapters.consoles import KEPT, Consoles
from fedpact.gateway_agent.adapters.gateway_key import DalTokens, gateway_key
from fedpact.gateway_agent.adapters.gauges import MetricFiles
from fedpact.gateway_agent.adapters.local_models import ModelFolder
from fedpact.gateway_agent.adapters.reserved_sockets import ReservedSockets
from fedpact.gateway_agent.adapters.trust import TrustFolder
from fedpact.gateway_agent.adapters.uploads import results_in
from fedpact.gateway_agent.domain.errors import ModelMissingError, VetoUnreadableError
from fedpact.gateway_agent.domain.pods import Place
from fedpact.gateway_agent.settings import Settings


async def test_trust_is_what_the_folder_says_and_a_new_veto_holds_at_once(tmp_path: Path) -> None:
    (tmp_path / "owners" / "clinic").mkdir(parents=True)
    (tmp_path / "policy-service.pub.pem").write_bytes(keys.public_pem(POLICY_SERVICE))
    (tmp_path / "owners" / "clinic" / "one.pem").write_bytes(keys.public_pem(OWNER))
    folder = TrustFolder("gw-1", tmp_path)
    trust = await folder.trust()
    assert trust.policy_service.keys() == {keys.keyid(POLICY_SERVICE)}
    assert trust.owners == {"clinic": keys.by_id([OWNER.public_key()])}
    (tmp_path / "veto.json").write_text('{"users": ["alice"]}')
    assert (await folder.trust()).veto.users == {"alice"}


@pytest.mark.parametrize("veto", ["{", '{"user": ["alice"]}', '"alice"'])
async def test_a_veto_that_cannot_be_read_lets_nothing_run(
    tmp_path: Path, veto: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "veto.json").write_text(veto)
    with pytest.raises(VetoUnreadableError, match=r"`veto\.json` cannot be read, so it runs nothing") as refused:
        await TrustFolder("gw-1", tmp_path).trust()
    assert refused.value.cause is Cause.VETO
    assert str(tmp_path) not in refused.value.reason
    assert "nothing is run here" in caplog.messages


async def test_a_key_that_cannot_be_read_vouches_for_nothing_and_every_other_holds(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("clinic/old.pem", "lab/one.pem"):
        (tmp_path / "owners" / name).parent.mkdir(parents=True)
        (tmp_path / "owners" / name).write_bytes(keys.public_pem(OWNER))
    folder = TrustFolder("gw-1", tmp_path)
    assert await folder.problem() is None
    (tmp_path / "owners" / "clinic" / "new.pem").write_text("half a copy")
    (tmp_path / "owners" / "lab" / "one.pem").write_text("")
    (tmp_path / "policy-service.pub.pem").mkdir()
    trust = await folder.trust()
    assert trust.owners == {"clinic": keys.by_id([OWNER.public_key()]), "lab": {}}
    assert trust.policy_service == {}
    told = {
        "": "`policy-service.pub.pem` (is a directory)",
        "clinic": "`owners/clinic/new.pem` (this is not an Ed25519",
    }
    assert all(text in trust.unread[whose] for whose, text in told.items())
    problem = await folder.problem() or ""
    assert all(text in problem for text in (*told.values(), "`owners/lab/one.pem`"))
    assert caplog.messages.count("a key is not believed") == 3


async def test_what_cannot_be_read_of_the_veto_is_told_too(tmp_path: Path) -> None:
    (tmp_path / "veto.json").write_text("{")
    assert "`veto.json` cannot be read" in str(await TrustFolder("gw-1", tmp_path).problem())


async def test_a_veto_is_known_though_nothing_else_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "policy-service.pub.pem").mkdir()
    (tmp_path / "veto.json").write_text('{"users": ["alice"]}')
    assert (await TrustFolder("gw-1", tmp_path).veto()).users == {"alice"}


async def test_an_empty_folder_trusts_nobody(tmp_path: Path) -> None:
    trust = await TrustFolder("gw-1", tmp_path).trust()
    assert (trust.policy_service, trust.owners, trust.allow_unsigned) == ({}, {}, False)


def test_the_gateways_key_is_made_once_and_its_public_half_lies_beside_it(tmp_path: Path) -> None:
    key = gateway_key(tmp_path / "key")
    assert keys.keyid(gateway_key(tmp_path / "key")) == keys.keyid(key)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "key.pub").read_bytes() == keys.public_pem(key)


def test_a_token_is_for_this_gateways_dal_and_its_datasets_alone(tmp_path: Path) -> None:
    key = gateway_key(tmp_path / "key")
    minted = DalTokens(gateway="gw-1", key=key, lifetime=timedelta(hours=1), now=lambda: NOON).mint("a-1", ["d_gw-1_c"])
    issuer, audience = DalClaims.issuer("gw-1"), DalClaims.audience("gw-1")
    told = tokens.verify(minted, keys.by_id([key.public_key()]), issuer=issuer, audience=audience, now=NOON)
    assert (told["sub"], told["datasets"]) == ("a-1", {"d_gw-1_c": [""]})
    assert told["exp"] == int(NOON.timestamp()) + 3600


async def test_a_model_is_taken_only_with_the_pinned_digest(tmp_path: Path) -> None:
    models = ModelFolder(Path(__file__).parents[3] / "models")
    with pytest.raises(ModelMissingError, match="the spec is pinned to"):
        await models.find(MODEL)
    with pytest.raises(ModelMissingError, match="install it there"):
        await ModelFolder(tmp_path).find(MODEL)


async def test_a_console_tells_two_things_and_starts_anew(tmp_path: Path) -> None:
    consoles, log = Consoles(tmp_path / "kept"), tmp_path / "console.log"
    assert not await consoles.registered(log)
    log.write_text("... Successfully registered client:gw-1-1 for project p. Address already in use\n")
    assert await consoles.registered(log)
    assert await consoles.port_taken(log)
    await consoles.begin(log)
    assert not await consoles.registered(log)


async def test_the_logs_of_failed_participants_are_kept_but_not_all_of_them(tmp_path: Path) -> None:
    consoles, log = Consoles(tmp_path / "kept"), tmp_path / "console.log"
    log.write_text("Traceback")
    for number in range(KEPT + 3):
        await consoles.keep(log, CLIENT_NAME.sibling(f"gw-{number}-1"))
    kept = list((tmp_path / "kept").iterdir())
    assert len(kept) == KEPT
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}


async def test_metrics_are_read_line_by_line_and_nonsense_is_left_out(tmp_path: Path) -> None:
    path = Place(root=tmp_path).kit / "job" / "metrics" / "round_metrics.jsonl"
    assert await MetricFiles().rounds(Place(root=tmp_path), "job", 0) == ([], 0)
    path.parent.mkdir(parents=True)
    good = {"round": 1, "metrics": {"loss": 0.5, "name": "x", "flag": True}}
    path.write_text(json.dumps(good) + '\nnonsense\n[1]\n{"round": 2, "metrics": {"loss": NaN}}\n{"round": 3, "met')
    rounds, after = await MetricFiles().rounds(Place(root=tmp_path), "job", 0)
    assert [(one.number, dict(one.metrics)) for one in rounds] == [(1, {"loss": 0.5}), (2, {})]
    with path.open("a") as file:
        file.write('rics": {"loss": 1}}\n')
    rounds, _ = await MetricFiles().rounds(Place(root=tmp_path), "job", after)
    assert [(one.number, dict(one.metrics)) for one in rounds] == [(3, {"loss": 1.0})]


async def test_metrics_that_nobody_read_in_time_are_found_in_the_results(tmp_path: Path) -> None:
    lines = [json.dumps({"round": number, "metrics": {"loss": 1 / number}}) + "\n" for number in (1, 2)]
    path = tmp_path / "workspace" / "metrics" / "round_metrics.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("".join(lines))
    rounds, after = await MetricFiles().rest(tmp_path, len(lines[0]))
    assert [(one.number, dict(one.metrics)) for one in rounds] == [(2, {"loss": 0.5})]
    assert await MetricFiles().rest(tmp_path, after) == ([], after)


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ('{"round": 1, "metrics": {"loss": 1%s, "auc": 1}}' % ("0" * 400), [(1, {"auc": 1.0})]),
        ('{"round": 1, "metrics": {"\\ud800": 1, "auc": 1}}', [(1, {"auc": 1.0})]),
        ('{"round": 1, "metrics": {"auc": 1%s}}' % ("0" * 5000), []),
        ('{"round": 1, "metrics": %s}' % ("[" * 100_000 + "]" * 100_000), []),
        ('{"round": 1%s, "metrics": {"auc": 1}}' % ("0" * 400), []),
        ('{"round": 1, "metrics": {"auc": 1}, "more": "%s"}' % ("x" * 1_000_000), []),
    ],
    ids=[
        "an endless number",
        "half a character",
        "an endless line of digits",
        "nests",
        "an endless round",
        "a long line",
    ],
)
async def test_a_line_of_metrics_that_is_out_of_all_bounds_hides_none_after_it(
    tmp_path: Path, line: str, read: list[tuple[int, dict[str, float]]]
) -> None:
    path = Place(root=tmp_path).kit / "job" / "metrics" / "round_metrics.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(line + '\n{"round": 2, "metrics": {"auc": 0.5}}\n')
    first, after = await MetricFiles().rounds(Place(root=tmp_path), "job", 0)
    second, _ = await MetricFiles().rounds(Place(root=tmp_path), "job", after)
    assert [(one.number, dict(one.metrics)) for one in (*first, *second)] == [*read, (2, {"auc": 0.5})]


def test_results_are_the_run_folder_without_what_configured_it(tmp_path: Path) -> None:
    for name in ("job/meta.json", "workspace/app_server/config/x.json", "workspace/log.txt", "workspace/models/m.npy"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "workspace" / "link").symlink_to("/etc/passwd")
    assert [(file.name, file.kind) for _, file in results_in(tmp_path)] == [("models/m.npy", "checkpoint")]


def test_the_log_of_the_server_is_a_result_only_where_the_custodians_allow_it(tmp_path: Path) -> None:
    for name in ("log.txt", "log.json", "log_fl.txt", "error_log.txt", "analysis/log.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [file.name for _, file in results_in(tmp_path)] == ["analysis/log.txt"]
    allowed = results_in(tmp_path, server_log=True)
    assert {(file.name, file.kind) for _, file in allowed} > {("log.txt", "log"), ("error_log.txt", "log")}
    assert len(allowed) == 5


def test_no_port_is_handed_out_twice_in_a_row() -> None:
    sockets = ReservedSockets(lambda: 0.0)
    ports = [sockets.free_port() for _ in range(20)]
    assert len(set(ports)) == 20
    few = ReservedSockets(lambda: 0.0, tuple(ports[:2]))
    assert {few.free_port(), few.free_port()} == set(ports[:2])


def test_a_gateway_says_which_settings_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="a gateway needs trust_folder, dal_url, dal_admin_socket, key_file"):
        Settings(gateway="gw-1", organization="clinic", state_folder=tmp_path, models_dir=tmp_path)
    more = {"organization": "center", "models_dir": tmp_path, "flare_ports": "8100-8102"}
    settings = Settings(role="orchestrator", gateway="hub", state_folder=tmp_path, **more)
    assert settings.flare_ports == (8100, 8101, 8102)


@pytest.mark.parametrize(
    ("role", "foreign"),
    [
        ("gateway", ("server_work", "job_work", "federation", "secure_runtime", "uploads")),
        ("orchestrator", ("dal_admin",)),
    ],
)
def test_a_role_loads_nothing_of_the_other_and_never_flare(role: str, foreign: tuple[str, ...]) -> None:
    code = f"import sys, fedpact.gateway_agent.{role}; print(chr(10).join(sys.modules))"
    env = {"PATH": os.environ["PATH"]}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    loaded = found.stdout.splitlines()
    assert not [name for name in loaded if name.startswith("nvflare")]
    ours = [name.rpartition(".")[2] for name in loaded if name.startswith("fedpact.gateway_agent.")]
    assert not set(foreign) & set(ours)

"""The bus as data says what the services really do."""

import fnmatch
import importlib
from pathlib import Path

import pytest

from fedpact.contracts.envelope import COMMANDS, FACTS
from fedpact.contracts.subjects import command, fact
from fedpact.infra import nats_config
from fedpact.infra.accounts import HUB, accounts
from fedpact.infra.topology import (
    SERVICES,
    Consumer,
    Identities,
    Site,
    durables,
    durables_of,
    members,
    outsider_permissions,
    service_permissions,
    site_permissions,
    streams,
)

MORE = {
    "identity": {"key_file": "tokens.pem"},
    "policy": {"key_file": "grants.pem"},
    "jobs": {"upload_url": "http://127.0.0.1:1", "artifacts": "artifacts"},
}


EVERYONE = Identities(
    administrator="UADMIN",
    services={service.name: f"U{service.name}" for service in SERVICES},
    sites={Site("gateway-1"): "USITE", Site("orchestrator", orchestrator=True): "UORCHESTRATOR"},
    systems={"lab": "ULAB"},
)


async def subscriptions(name: str, folder: Path) -> dict[str, frozenset[str]]:
    """What the composed service handles, without connecting anywhere."""
    url = folder / "mongo"
    url.write_text("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=1")
    settings = importlib.import_module(f"fedpact.{name}.settings").Settings
    paths = {k: (folder / v if "/" not in v else v) for k, v in MORE.get(name, {}).items()}
    service = importlib.import_module(f"fedpact.{name}.main").compose(settings(mongo_url_file=url, **paths))
    for close in service.close:
        await close()
    return dict(service.bus.subscriptions)


def subject_of(kind: str) -> str:
    if kind in COMMANDS:
        context, verb = kind.split(".", 1)
        return command("main", context, verb, "sender")
    return fact("main", kind, "route")


def matches(subject: str, pattern: str) -> bool:
    """NATS wildcards: `*` is one token, `>` the rest."""
    mine, theirs = subject.split("."), pattern.split(".")
    if theirs[-1] == ">":
        return len(mine) >= len(theirs) and matches(".".join(mine[: len(theirs) - 1]), ".".join(theirs[:-1]))
    return len(mine) == len(theirs) and all(t in {"*", m} for m, t in zip(mine, theirs, strict=True))


@pytest.mark.parametrize("service", SERVICES, ids=lambda s: s.name)
async def test_a_service_is_delivered_what_it_handles(service: Consumer, tmp_path: Path) -> None:
    handled = await subscriptions(service.name, tmp_path)
    mine = {durable.stream: durable.filters for durable in durables_of(service)}
    assert set(handled) == set(mine)
    for stream, kinds in handled.items():
        for kind in kinds:
            assert any(matches(subject_of(kind), pattern) for pattern in mine[stream]), kind


@pytest.mark.parametrize("service", SERVICES, ids=lambda s: s.name)
async def test_no_filter_is_without_a_handler(service: Consumer, tmp_path: Path) -> None:
    handled = await subscriptions(service.name, tmp_path)
    for durable in durables_of(service):
        for pattern in durable.filters:
            assert any(matches(subject_of(kind), pattern) for kind in handled[durable.stream]), pattern


def test_every_fact_has_a_stream_that_takes_it() -> None:
    known = {stream.name: stream.subjects for stream in streams()}
    for kind, message in FACTS.items():
        if message.__module__.startswith("fedpact.contracts"):
            assert any(matches(subject_of(kind), pattern) for pattern in known[message.stream]), kind


def test_streams_do_not_overlap() -> None:
    subjects = [subject for stream in streams() for subject in stream.subjects]
    heads = [subject.removesuffix(".>") for subject in subjects]
    assert not [(a, b) for a in heads for b in heads if a != b and fnmatch.fnmatch(b, a + ".*")]


def test_a_durable_belongs_to_one_service_and_handles_in_order() -> None:
    names = [(durable.stream, durable.name) for durable in durables()]
    assert len(names) == len(set(names))


def test_a_site_speaks_only_under_its_own_name() -> None:
    allowed = site_permissions(Site("gateway-1"))
    assert any(matches("fedpact.evt.main.workloads.participant.gone.gateway-1", p) for p in allowed.publish)
    for foreign in (
        "fedpact.evt.main.workloads.participant.gone.gateway-2",
        "fedpact.evt.main.policy.spec.decided.gateway-1",
        "fedpact.dir.main.gateway-1.s-1.gateway-1-1",
        "fedpact.cmd.main.specs.activate.gateway-1",
        "fedpact.qry.jobs.upload",
        "$JS.hub.API.CONSUMER.CREATE.directives.gw-gateway-1",
        "$JS.hub.API.CONSUMER.DELETE.directives.gw-gateway-1",
        "$JS.hub.API.CONSUMER.RESET.directives.gw-gateway-2",
        "$JS.API.CONSUMER.RESET.directives.gw-gateway-1",
        "$JS.hub.API.STREAM.PURGE.directives",
    ):
        assert not any(matches(foreign, pattern) for pattern in allowed.publish), foreign


def test_a_service_publishes_only_its_own_context() -> None:
    for service in SERVICES:
        allowed = service_permissions(service).publish
        for other in SERVICES:
            if other.context and other.context != service.context:
                subject = f"fedpact.evt.main.{other.context}.x.y.z"
                assert not any(matches(subject, pattern) for pattern in allowed), (service.name, subject)


def test_another_system_never_hears_what_holds_policies_of_others() -> None:
    heard = outsider_permissions("lab").subscribe
    assert any(matches("fedpact.evt.main.specs.command.refused.lab", p) for p in heard)
    assert any(matches("fedpact.evt.main.specs.spec.changed.lab", p) for p in heard)
    for secret in ("policy.grants.issued", "policy.spec.decided", "specs.grants.kept", "specs.verdict.reached"):
        assert not any(matches(f"fedpact.evt.main.{secret}.lab", p) for p in heard), secret
    assert not any(matches("fedpact.evt.main.specs.spec.changed.portal", p) for p in heard)


def test_only_the_administrator_lives_where_the_streams_are() -> None:
    everybody = accounts(members(EVERYONE))
    names = [account.member.account for account in everybody]
    assert len(set(names)) == len(SERVICES) + 3
    assert HUB not in names


def test_a_door_opens_nothing_that_its_owner_may_not_do() -> None:
    for account in accounts(members(EVERYONE)):
        allowed = account.member.allowed
        for door in account.doors:
            assert door.local in (allowed.subscribe if door.listens else allowed.publish)
            there = f"told.{door.local}" if door.listens else door.local.replace("$JS.hub.API.", "$JS.API.")
            assert door.subject == there
            assert door.to != door.by == account.member.account


def test_everything_somebody_may_say_has_a_door_or_is_said_at_home() -> None:
    for account in accounts(members(EVERYONE)):
        said = {door.local for door in account.doors if not door.listens}
        home = {s for s in account.member.allowed.publish if s in account.member.allowed.subscribe}
        assert said | home == set(account.member.allowed.publish)


def test_whatever_somebody_listens_to_is_told_once_more() -> None:
    told = [stream.subjects[0] for stream in streams() if stream.told_as]
    for account in accounts(members(EVERYONE)):
        for door in account.doors:
            if door.listens:
                _, kind, _, context, *_ = door.local.split(".")
                assert any(s.split(".")[1] == kind and (kind == "tel" or context in s or context == "*") for s in told)


def test_every_site_has_a_durable_for_what_is_wanted_of_it() -> None:
    added = set(durables([Site("gateway-1"), Site("gateway-2")])) - set(durables())
    assert {(d.stream, d.name, d.filters) for d in added} == {
        ("directives", f"gw-{name}", (f"fedpact.dir.*.{name}.>",)) for name in ("gateway-1", "gateway-2")
    }


def test_the_configuration_names_everyone_with_their_limits() -> None:
    text = nats_config.render(nats_config.NatsServer(port=4222, store=Path("store")), EVERYONE)
    assert "{ nkey: UADMIN }" in text
    assert text.count("nkey:") == len(SERVICES) + 4
    assert text.count("permissions:") == len(SERVICES) + 3
    assert "sync_interval" not in text
    always = nats_config.NatsServer(port=4222, store=Path("store"), sync_always=True)
    assert "sync_interval: always" in nats_config.render(always, EVERYONE)

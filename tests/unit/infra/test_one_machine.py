"""Who runs a folder's federation, on which ports, with how many gateways, and what a person is told about it."""

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from cli_runs import Result, typed

from fedpact.client.cli.session import Session
from fedpact.contracts.ids import RESERVED
from fedpact.infra import holding, ports, topology, welcome
from fedpact.infra.errors import AlreadyRunningError, PortTakenError, ReservedNameError
from fedpact.infra.federation import federation
from fedpact.infra.holding import Holder, Running
from fedpact.infra.layout import Layout
from fedpact.infra.topology import Identities, Site

Run = Callable[..., Result]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "federation")


@pytest.fixture
def run(layout: Layout) -> Run:
    def fedpact(*words: str) -> Result:
        session = Session(environ={"FEDPACT_HOME": str(layout.root)})
        return typed(words, session)

    return fedpact


def said(**members: object) -> Running:
    told = holding.myself().model_dump() | {"url": "http://127.0.0.1:7070", "identity": "i", "nats": "n"}
    return Running.model_validate(told | members)


def test_one_folder_has_one_holder(layout: Layout) -> None:
    layout.make()
    with holding.holding(layout):
        holding.announce(layout, said())
        with (
            pytest.raises(AlreadyRunningError, match=r"at http://127.0.0.1:7070.*fedpact down --folder"),
            holding.holding(layout),
        ):
            pass
    with holding.holding(layout):
        pass


def test_the_holder_is_found_from_another_shell(layout: Layout) -> None:
    layout.make()
    with holding.holding(layout):
        assert holding.supervisor(layout) == psutil.Process()
    assert holding.supervisor(layout) is None


@pytest.mark.parametrize("text", ["", "{", '{"pid": 0, "created": 0}', '{"pid": "x"}'])
def test_a_lock_file_that_names_nobody_finds_nobody(layout: Layout, text: str) -> None:
    layout.make()
    with holding.holding(layout):
        layout.lock.write_text(text)
        layout.running.write_text(text)
        assert (holding.supervisor(layout), holding.running(layout)) == (None, None)


def test_a_process_that_got_the_number_later_is_not_taken_for_it(layout: Layout) -> None:
    layout.make()
    with holding.holding(layout):
        layout.lock.write_text(Holder(pid=os.getpid(), created=1.0).model_dump_json())
        assert holding.supervisor(layout) is None


def test_down_where_nothing_runs_says_so(run: Run, layout: Layout) -> None:
    result = run("down")
    assert (result.exit_code, result.stdout) == (0, f"nothing runs in {layout.root}: `--folder` names another\n")
    assert json.loads(run("down", "-o", "json").stdout) == {
        "folder": str(layout.root),
        "stopped": False,
        "ended": [],
    }


def test_a_second_up_is_told_where_the_first_is(run: Run, layout: Layout) -> None:
    layout.make()
    holding.announce(layout, said())
    result = run("up")
    assert result.exit_code == 1
    assert "runs already" in result.stderr
    assert "fedpact down --folder" in result.stderr


def test_a_port_that_was_asked_for_and_is_taken_is_refused(run: Run, layout: Layout) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"port {port} is taken by .*`--port`"):
            ports.assign(["portal"], layout.ports, port)
        result = run("up", "--port", str(port))
    assert (result.exit_code, f"port {port} is taken by" in result.stderr) == (1, True)


def test_a_folder_without_model_packages_is_told(run: Run, tmp_path: Path) -> None:
    result = run("up", "--models", str(tmp_path))
    assert (result.exit_code, "whose folders hold a `model.yaml`" in result.stderr) == (1, True)


def test_more_or_fewer_gateways_than_before_are_told() -> None:
    layout = Layout(Path("/x"))
    assert list(welcome.changes(layout, [], federation(3))) == []
    assert list(welcome.changes(layout, ["gateway-1", "gateway-2"], federation(2))) == []
    [joined] = welcome.changes(layout, ["gateway-1", "gateway-2"], federation(3))
    assert joined == "gateway-3 of riverside joins, with no data yet"
    [left] = welcome.changes(layout, ["gateway-1", "gateway-2"], federation(1))
    assert "gateway-2 is not started" in left
    assert "`fedpact up --gateways 2`" in left


@pytest.mark.parametrize(("folder", "told"), [("/srv/.fedpact", False), ("/elsewhere", True)])
def test_people_are_told_who_they_can_be_what_to_try_and_how_to_stop(folder: str, told: bool) -> None:
    up = welcome.started("http://127.0.0.1:7070", Layout(Path(folder)), federation(2))
    text = welcome.welcome(up, Path("/models"), Path("/srv"))
    assert "the portal listens at http://127.0.0.1:7070" in text
    assert all(person.user in text for person in federation(2).people)
    assert len([line for line in text.splitlines() if line.startswith("    fedpact ")]) == 3
    assert (f"export FEDPACT_HOME={folder}" in text) is told
    assert f"fedpact down{f' --folder {folder}' if told else ''}" in text.splitlines()[-1]
    assert "fedpact login --user ada" in welcome.farewell(up, Path("/srv"))


@pytest.mark.parametrize("found", [True, False])
def test_a_shell_that_does_not_find_the_command_is_told_where_it_is(
    found: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    up = welcome.started("http://127.0.0.1:7070", Layout(Path("/srv/.fedpact")), federation(2))
    monkeypatch.setenv("PATH", f"/usr/bin:{up.commands}" if found else "/usr/bin")
    told = f"    export PATH={up.commands}:$PATH"
    for text in (welcome.welcome(up, Path("/models"), Path("/srv")), welcome.farewell(up, Path("/srv"))):
        assert (told not in text.splitlines()) is found


@pytest.mark.parametrize("name", ["portal", "policy", "spec_lifecycle", "specs", "administrator", "gateway-2"])
def test_sites_and_systems_take_no_name_of_the_hub_or_of_each_other(name: str) -> None:
    sites = {Site("gateway-1"): "a", Site("gateway-2"): "b"}
    with pytest.raises(ReservedNameError, match="choose another id"):
        topology.members(Identities(administrator="x", services={}, sites=sites, systems={name: "c"}))


def test_every_name_of_the_hub_is_reserved() -> None:
    assert {*topology.CONTEXTS, *(service.name for service in topology.SERVICES)} <= RESERVED


def test_a_gateway_takes_no_name_of_the_hub() -> None:
    with pytest.raises(ReservedNameError):
        topology.members(Identities(administrator="x", services={}, sites={Site("portal"): "a"}))

"""A launcher that is connected when it is first needed."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from agent_values import CLIENT_NAME, launched, waiting_pod

from fedpact.gateway_agent.adapters.deferred import Connected, DeferredLauncher
from fedpact.gateway_agent.adapters.scripted import ScriptedLauncher
from fedpact.gateway_agent.app.ports import Ref, Stage
from fedpact.gateway_agent.domain.errors import LaunchError


@dataclass(slots=True)
class Closing(ScriptedLauncher):
    closed: int = 0

    async def close(self) -> None:
        self.closed += 1


@dataclass
class Engine:
    launcher: Closing = field(default_factory=lambda: Closing(limits_enforced=("memory",)))
    up: bool = True
    connections: int = 0

    async def connect(self) -> Connected:
        if not self.up:
            raise LaunchError("no engine")
        self.connections += 1
        return self.launcher


async def test_it_does_what_the_launcher_behind_it_does_over_one_connection(tmp_path: Path) -> None:
    engine = Engine()
    launcher = DeferredLauncher(engine.connect)
    assert engine.connections == 0
    assert (await launched(launcher, waiting_pod(tmp_path))).stage is Stage.RUNNING
    assert [one.name for one in await launcher.observe()] == [CLIENT_NAME]
    await launcher.stop(Ref(name=CLIENT_NAME))
    assert await launcher.observe() == []
    assert engine.connections == 1


async def test_no_limit_is_claimed_before_the_connection(tmp_path: Path) -> None:
    launcher = DeferredLauncher(Engine().connect)
    assert launcher.limits_enforced == ()
    await launcher.observe()
    assert launcher.limits_enforced == ("memory",)


async def test_an_engine_that_comes_later_is_used_from_then_on() -> None:
    engine = Engine(up=False)
    launcher = DeferredLauncher(engine.connect)
    with pytest.raises(LaunchError, match="no engine"):
        await launcher.observe()
    engine.up = True
    assert await launcher.observe() == []


async def test_a_connection_is_given_back_once() -> None:
    engine = Engine()
    launcher = DeferredLauncher(engine.connect)
    await launcher.close()
    await launcher.observe()
    await launcher.close()
    await launcher.close()
    assert engine.launcher.closed == 1

"""Whom the chaos of `compose-chaos` hits: everybody who lasts, once, at moments that the story has."""

import re
from pathlib import Path

import pytest
import yaml

from fedpact.infra.chaos import BLOWS, HUB, ONE, SERVICE, TWO
from fedpact.infra.demo_story import Story

COMPOSE = Path(__file__).parents[3] / "infra" / "compose"
NOBODY = {"settle", "guard"}
"""One ends by itself; the other is who starts the rest again."""


def services(stack: str) -> set[str]:
    return set(yaml.safe_load((COMPOSE / stack).read_text())["services"]) - NOBODY


@pytest.mark.parametrize(("stack", "projects"), [("hub.yaml", {HUB}), ("gateway.yaml", {ONE, TWO})])
def test_every_service_of_a_stack_is_killed_at_some_moment(stack: str, projects: set[str]) -> None:
    named = [blow for blows in BLOWS.values() for blow in blows if blow.name.split("/")[0] in projects]
    assert {blow.labels[SERVICE] for blow in named if SERVICE in blow.labels} == services(stack)


def test_a_server_and_a_client_of_flare_are_killed_too_and_nobody_twice() -> None:
    names = [blow.name for blows in BLOWS.values() for blow in blows]
    assert len(names) == len(set(names))
    assert {name.rpartition(" ")[2] for name in names if "FLARE" in name} == {"server", "client"}


def test_every_moment_is_one_of_the_story() -> None:
    told = Path(str(Story.__module__).replace(".", "/"))
    text = (Path(__file__).parents[3] / "infra" / "src" / told).with_suffix(".py").read_text()
    moments = set(re.findall(r'interlude\(f"\{model\}:(\w+)"\)', text))
    assert {moment.split(":")[1] for moment in BLOWS} == moments

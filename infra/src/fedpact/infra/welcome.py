"""What a person reads when their federation is up: where it is, who they can be, what to try, how to end it."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from fedpact.infra.federation import Federation
from fedpact.infra.filling import Filled
from fedpact.infra.layout import Layout


class Login(BaseModel):
    """Somebody who may log in by name."""

    model_config = ConfigDict(frozen=True)

    user: str
    roles: tuple[str, ...]
    organization: str


class Started(BaseModel):
    """A federation that is up."""

    model_config = ConfigDict(frozen=True)

    url: str
    folder: str
    commands: str
    gateways: tuple[str, ...]
    logins: tuple[Login, ...]


def started(url: str, layout: Layout, members: Federation) -> Started:
    return Started(
        url=url,
        folder=str(layout.root),
        commands=str(Path(sys.executable).parent),
        gateways=tuple(custodian.gateway for custodian in members.custodians),
        logins=tuple(
            Login(user=person.user, roles=person.roles, organization=person.organization) for person in members.people
        ),
    )


def welcome(up: Started, models: Path, here: Path) -> str:
    """The same for a person whose shell is in the folder `here`."""
    lines = [f"the portal listens at {up.url}: open it in a browser, and be one of"]
    return "\n".join([*lines, *_logins(up), *_tries(up, models, here), *_ends(up, here)])


def farewell(up: Started, here: Path) -> str:
    """How to look at a federation that goes on by itself, and how to end it."""
    lines = [f"it goes on at {up.url}, in {up.folder}: open it in a browser, and be one of", *_logins(up), "or look:"]
    lines += _exports(up, here)
    lines += ["    fedpact login --user ada", "    fedpact specs list", "    fedpact jobs list"]
    return "\n".join([*lines, *_ends(up, here)])


def filled(done: Filled) -> str:
    """What a scientist can do now."""
    datasets = " ".join(f"--dataset {dataset}" for dataset in done.datasets)
    lines = [
        f"{len(done.datasets)} datasets, each with a signed policy: North Lab may run `statistics` and `logreg`",
        "try, as its scientist:",
        "    fedpact login --user ada",
        f"    fedpact specs create --id first --model logreg@0.1.0 --client-memory 1024 --wait {datasets}",
        "    fedpact jobs submit first --payload '{num_rounds: 5, target: target}' --activate --deactivate --wait",
        f"or propose a spec in a browser: {done.url}/new/spec",
    ]
    return "\n".join(lines)


def changes(layout: Layout, before: Sequence[str], members: Federation) -> Iterator[str]:
    """What another number of gateways than before means."""
    now = [custodian.gateway for custodian in members.custodians]
    for custodian in members.custodians:
        if before and custodian.gateway not in before:
            yield f"{custodian.gateway} of {custodian.organization} joins, with no data yet"
    for gateway in before:
        if gateway not in now:
            yield (
                f"{gateway} is not started: its data stays in {layout.site(gateway)}, and specs on it wait until"
                f" `fedpact up --gateways {len(before)}`"
            )


def _logins(up: Started) -> Iterator[str]:
    for login in up.logins:
        yield f"    {login.user:<20} {', '.join(login.roles)} of {login.organization}"


def _tries(up: Started, models: Path, here: Path) -> Iterator[str]:
    yield "try, in another shell:"
    yield from _exports(up, here)
    yield "    fedpact fill    # the demo's tables, models and signed policies, to look around in"
    yield "    fedpact login --user ada && fedpact status"
    yield f"    fedpact login --user mia --as mia && fedpact models push {_first(models)} --as mia"


def _first(models: Path) -> Path:
    """The model to begin with, of those the federation was started with."""
    shipped = models / "statistics"
    found = (card.parent for card in models.glob("*/model.yaml"))
    return shipped if shipped.is_dir() else min(found, default=shipped)


def _ends(up: Started, here: Path) -> Iterator[str]:
    yield f"stop:    fedpact down{_folder(up, here)}"


def _exports(up: Started, here: Path) -> Iterator[str]:
    """What a shell does not know by itself: where the command is, and where the federation."""
    if up.commands not in os.environ.get("PATH", "").split(os.pathsep):
        yield f"    export PATH={up.commands}:$PATH"
    if _elsewhere(up, here):
        yield f"    export FEDPACT_HOME={up.folder}"


def _elsewhere(up: Started, here: Path) -> bool:
    """Whether commands have to be told where the federation is."""
    return Path(up.folder) != here / ".fedpact"


def _folder(up: Started, here: Path) -> str:
    return f" --folder {up.folder}" if _elsewhere(up, here) else ""

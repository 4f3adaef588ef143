"""
`fedpact-secure-runtime --socket S --model DIR`: renders the jobs of one activation.

The process starts itself again with an empty environment before it loads the model: what the kernel shows in
`/proc/self/environ` is what a process was started with, so clearing the variables later would hide nothing.
"""

import argparse
import json
import os
import signal
import socket
import sys
from typing import NoReturn

from pydantic import ValidationError

from fedpact.contracts.mistakes import first_misfit
from fedpact.secure_runtime.adapters.bounds import check_bounds
from fedpact.secure_runtime.adapters.isolation import Limits, Network, leave_network
from fedpact.secure_runtime.adapters.jail import JailError, inside, seen
from fedpact.secure_runtime.adapters.loader import load_service
from fedpact.secure_runtime.adapters.sandbox import ForkSandbox
from fedpact.secure_runtime.app.render import Renderer
from fedpact.secure_runtime.domain.errors import PackageError
from fedpact.secure_runtime.domain.files import FileLimits
from fedpact.secure_runtime.entrypoints.socket import Door, listening, serve
from fedpact.secure_runtime.settings import Settings

LIMITS = "cpu, memory, files, processes"
_SEALED = "--sealed"
_START = "from fedpact.secure_runtime.main import run; run()"


def compose(settings: Settings, *, alone: bool) -> ForkSandbox:
    """The sandbox around the model that `settings` name."""
    renderer = Renderer(
        model=load_service(settings.model, settings.templates),
        check=check_bounds,
        limits=FileLimits(files=settings.most_files, size=settings.most_bytes),
    )
    limits = Limits(cpu=settings.cpu, wall=settings.wall, memory=settings.memory * 1024 * 1024)
    on_output = _show if settings.show_output else None
    return ForkSandbox(renderer=renderer, limits=limits, alone=alone, on_output=on_output)


def run() -> None:
    """Serve until told to stop by SIGTERM or SIGINT."""
    if sys.argv[1:2] != [_SEALED]:
        _start_again(_settings(sys.argv[1:]))
    settings = Settings.model_validate_json(sys.argv[2])
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    door = Door(
        path=settings.socket,
        mode=settings.socket_mode,
        request_limit=settings.request_limit,
        request_timeout=settings.request_timeout,
    )
    with listening(door) as server:
        sys.exit(_work(settings, door, server))


def _work(settings: Settings, door: Door, server: socket.socket) -> int:
    """Serve in a jail if this machine has the means, and as well as it goes if not."""
    folders = [settings.model, *([settings.templates] if settings.templates else [])]
    try:
        return inside(seen(*folders), lambda: _serve(settings, door, server), keep=(server.fileno(),))
    except JailError as lacking:
        return _serve(settings, door, server, lacking=str(lacking))


def _serve(settings: Settings, door: Door, server: socket.socket, *, lacking: str = "") -> int:
    """Load the model and serve; `lacking` is why this process has not a machine of its own."""
    network = leave_network() if lacking else Network.NONE
    try:
        sandbox = compose(settings, alone=not lacking)
    except PackageError as fault:
        sys.stderr.write(f"fedpact-secure-runtime: {fault.reason}\n")
        return 1
    _log(event="ready", socket=str(door.path), network=network.value, unjailed=lacking, limits=LIMITS)
    serve(server, door, sandbox, _served)
    return 0


def _settings(arguments: list[str]) -> Settings:
    parser = argparse.ArgumentParser(prog="fedpact-secure-runtime", description=__doc__)
    parser.add_argument("--socket", help="where to listen")
    parser.add_argument("--model", help="the model folder; /usr/secure_runtime when left out")
    given = {name: value for name, value in vars(parser.parse_args(arguments)).items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as fault:
        first = first_misfit(fault)
        parser.error(f"`{first.path}`: {first.text}")


def _start_again(settings: Settings) -> NoReturn:
    os.execve(sys.executable, [sys.executable, "-I", "-c", _START, _SEALED, settings.model_dump_json()], {})  # noqa: S606


def _stop(number: int, _frame: object) -> NoReturn:
    sys.exit(128 + number)


def _served(request: str, outcome: str) -> None:
    _log(event="served", id=request, outcome=outcome)


def _log(**fields: str) -> None:
    print(json.dumps(fields), flush=True)  # noqa: T201 - one JSON line per decision, for whoever started the process


def _show(output: str) -> None:
    sys.stderr.write(output)
    sys.stderr.flush()

"""
The first program of a workload: it takes its place inside the limits and then becomes the workload.

It is run by its path with a bare interpreter, so it imports the standard library alone, and of that what loads fast
(not `pathlib`, for one): a workload waits for it. Nothing of the workload's own has run before every limit holds. A
failure is written to the descriptor `status`, which closes without a word when the workload begins.
"""

import json
import os
import resource
import signal
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, NoReturn

FAILED = 125
Plan = Mapping[str, Any]
"""As `confinement.py` writes it."""


def main(plan: Plan, command: Sequence[str]) -> NoReturn:
    """Become `command` inside what the plan says."""
    status = plan["status"]
    os.set_inheritable(status, False)
    try:
        for group in plan["groups"]:
            _join(group)
        for name, most in plan["rlimits"].items():
            resource.setrlimit(getattr(resource, name), (most, most))
        if plan["jail"]:
            sys.path.insert(0, os.path.dirname(__file__))  # noqa: PTH120
            import_module("jail").enter(plan["jail"], status)
        _become(command)
    except OSError as error:
        os.write(status, f"`{error.filename or command[0]}` {error.strerror}".encode())
    except ValueError as error:
        os.write(status, str(error).encode())
    os._exit(FAILED)


def _join(group: str) -> None:
    with open(group, "w", encoding="ascii") as file:  # noqa: PTH123
        file.write("0")


def _become(command: Sequence[str]) -> NoReturn:
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # what Python ignores is not the workload's choice
        signal.signal(ignored, signal.SIG_DFL)
    os.execvpe(command[0], list(command), os.environ)  # noqa: S606 - the command is a pod's


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2:])

"""The Docker engine of this machine, for tests: what is missing, and commands to it."""

import functools
import json
import shutil
import subprocess
from typing import Any

SECONDS = 120.0


@functools.cache
def engine_lacks() -> str:
    """Why nothing can be run in containers here; empty when it can."""
    if shutil.which("docker") is None:
        return "needs the `docker` command and a running engine"
    asked = subprocess.run(["docker", "version"], capture_output=True, text=True, check=False, timeout=SECONDS)
    return "" if asked.returncode == 0 else "needs a running Docker engine: `docker version` gets no answer"


def image_lacks(reference: str, made_by: str) -> str:
    """Why the image cannot be used; empty when it can."""
    if lacking := engine_lacks():
        return lacking
    asked = subprocess.run(["docker", "image", "inspect", reference], capture_output=True, check=False, timeout=SECONDS)
    return "" if asked.returncode == 0 else f"needs the image `{reference}`: make it with `{made_by}`"


def docker(*words: str) -> str:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False, timeout=SECONDS)
    assert done.returncode == 0, f"docker {words[0]}: {done.stdout[-1000:]}{done.stderr[-1000:]}"
    return done.stdout


def inspected(reference: str) -> dict[str, Any]:
    (found,) = json.loads(docker("image", "inspect", reference))
    return found


def inside(reference: str, *command: str) -> str:
    """What `command` says in a container as restricted as a deployment's: no network, no rights, nothing to write to."""
    bounds = (
        "--network",
        "none",
        "--read-only",
        "--cap-drop",
        "ALL",
        "--security-opt",
        "no-new-privileges",
        "--memory",
        "512m",
    )
    return docker("run", "--rm", *bounds, "--entrypoint", command[0], reference, *command[1:])

"""Another user of the machine: key files, and the sockets that only the own user may speak on."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator

import psutil
from attempts import Attempt, Target

from fedpact.infra import holding

FILES, SOCKETS, LISTED = "key files", "the admin sockets", "secrets in process lists"
NOBODY = 65534
_READ = """
import json, socket, sys
met = {}
for kind, path in json.loads(sys.argv[1]):
    try:
        if kind == "file":
            open(path, "rb").read(1)
        else:
            with socket.socket(socket.AF_UNIX) as one:
                one.connect(path)
        met[path] = "done"
    except OSError as error:
        met[path] = error.strerror
print(json.dumps(met))
"""


async def attack(target: Target) -> AsyncIterator[Attempt]:
    if os.getuid() == 0:
        for attempt in _as_nobody(target):
            yield attempt
    else:
        target.lacking.append("files and sockets as another user: that takes root")
    for attempt in _listed(target):
        yield attempt


def _as_nobody(target: Target) -> list[Attempt]:
    layout = target.layout
    said = holding.running(layout)
    assert said is not None
    wanted = [
        ("file", FILES, layout.secrets / "administrator.seed"),
        ("file", FILES, layout.secrets / "identity.mongo"),
        ("file", FILES, layout.hub / "identity" / "tokens.pem"),
        ("file", FILES, layout.site("gateway-1") / "owner.pem"),
        ("file", FILES, layout.site("gateway-1") / "agent" / "dal-tokens.pem"),
        ("socket", SOCKETS, layout.agent_socket("gateway-1")),
        ("socket", SOCKETS, layout.sockets / "dal-gateway-1.sock"),
    ]
    assert all(path.exists() for _, _, path in wanted), "what is to be stolen has to be there"
    asked = json.dumps([(kind, str(path)) for kind, _, path in wanted])
    argv = ["/usr/bin/env", "-i", _interpreter(), "-I", "-S", "-c", _READ, asked]
    ended = subprocess.run(
        argv, user=NOBODY, group=NOBODY, extra_groups=[], cwd="/", capture_output=True, text=True, check=False
    )
    if ended.returncode:
        target.lacking.append(
            f"files and sockets as another user: no interpreter runs as one here ({ended.stderr[-80:].strip()})"
        )
        return []
    met = json.loads(ended.stdout)
    return [
        Attempt(
            row=row, who="another user", what=f"open {path.name}", met=met[str(path)], refused=met[str(path)] != "done"
        )
        for _, row, path in wanted
    ]


def _interpreter() -> str:
    """One that another user can run: the own one may lie in a folder that is closed to others."""
    return "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable


def _listed(target: Target) -> list[Attempt]:
    """What `ps` shows to everybody, compared with the secrets there are."""
    said = holding.running(target.layout)
    assert said is not None
    secrets = [file.read_text().strip() for file in target.layout.secrets.iterdir() if file.is_file()]
    shown = " ".join(" ".join(child.cmdline()) for child in psutil.Process(said.pid).children(recursive=True))
    found = [secret for secret in secrets if secret and secret in shown]
    met = f"none of {len(secrets)} secrets is shown" if not found else f"{len(found)} are shown"
    return [Attempt(row=LISTED, who="another user", what="read secrets off command lines", met=met, refused=not found)]

"""From inside a workload and a rendering: of an active spec, and whatever else runs on the machine or anywhere."""

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import psutil
from attempts import Attempt, Target
from on_the_doors import Door

from fedpact.infra import holding

SENT_OUT = "data, sent out by code at the site"
KEPT = "keys and tokens of the site"
BEYOND = "data beyond the spec"
RENDERING = "the orchestrator, by rendering code"
CLIENT = "client_train"
RUNTIME = "fedpact.secure_runtime"
_TRY = """
import json, os, socket, sys
met = {}
for name, host, port in json.loads(sys.argv[1]):
    try:
        socket.create_connection((host, port), 3).close()
        met[name] = "reached"
    except OSError as error:
        met[name] = str(error.strerror or error)
for path in json.loads(sys.argv[2]):
    try:
        open(path, "rb").read(1)
        met[path] = "read"
    except OSError as error:
        met[path] = error.strerror
for path in json.loads(sys.argv[3]):
    try:
        socket.socket(socket.AF_UNIX).connect(path)
        met[path] = "reached"
    except OSError as error:
        met[path] = error.strerror
for pid in json.loads(sys.argv[4]):
    try:
        os.kill(pid, 0)
        met[str(pid)] = "signalled"
    except OSError as error:
        met[str(pid)] = error.strerror
print(json.dumps(met))
"""
_ENTER = """
import ctypes, json, os, socket, sys
spaces = [os.open(f"/proc/{sys.argv[5]}/ns/{kind}", os.O_RDONLY) for kind in ("user", "net", "ipc", "pid", "mnt")]
libc = ctypes.CDLL(None, use_errno=True)
for space in spaces:
    if libc.setns(space, 0):
        raise OSError(ctypes.get_errno(), "setns")
if child := os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
"""For a place that holds no program: the interpreter comes from outside."""


async def attack(target: Target) -> AsyncIterator[Attempt]:
    for attempt in _rendering(target):
        yield attempt
    client = _client(target)
    if client is None:
        target.lacking.append("from inside a workload: no client runs")
        return
    async for attempt in _with_its_token(target, client):
        yield attempt
    if _namespace(client.pid, "net") == _namespace("self", "net"):
        target.lacking.append(
            "from inside a workload: this machine has no network jail, and the gateway announces none"
        )
        return
    with _listener() as ours:
        places = _places(target, ours)
        files = [target.layout.secrets / "administrator.seed", target.layout.hub / "identity" / "tokens.pem"]
        files += [
            target.layout.site("gateway-1") / "agent" / "dal-tokens.pem",
            target.layout.site("gateway-2") / "owner.pem",
        ]
        files += [
            Path(f"/proc/{pid}/{part}") for pid in _neighbours(target) for part in ("environ", "root/etc/hostname")
        ]
        met = _inside(client.pid, [("its DAL", "127.0.0.1", target.ports["dal-gateway-1"]), *places], files)
    if met["its DAL"] != "reached":
        raise AssertionError(f"a workload that does not even reach its DAL shows nothing: {met['its DAL']}")
    for name, _, _ in places:
        yield Attempt(row=SENT_OUT, who="a client", what=f"reach {name}", met=met[name], refused=met[name] != "reached")
    for path in files:
        yield Attempt(
            row=KEPT, who="a client", what=f"read {path}", met=met[str(path)], refused=met[str(path)] != "read"
        )


def _rendering(target: Target) -> Iterator[Attempt]:
    """What the code of a model is after while it turns payloads into jobs beside the orchestrator's agent."""
    runtime = _runtime(target)
    if runtime is None or _namespace(runtime.pid, "mnt") == _namespace("self", "mnt"):
        target.lacking.append("from inside a rendering: none runs, or this machine cannot jail it, as the log tells")
        return
    keys = [target.layout.secrets / "administrator.seed", target.layout.hub / "policy" / "grants.pem"]
    keys += [target.layout.site("gateway-1") / "owner.pem", Path("/proc/self/environ"), Path("/etc/passwd")]
    sockets = [target.layout.agent_socket("gateway-2")]
    hosts = [(name, "127.0.0.1", target.ports[name]) for name in ("nats", "mongo", "portal", "dal-gateway-1")]
    asked = json.dumps(hosts), *(json.dumps([str(path) for path in paths]) for paths in (keys, sockets))
    pids = [*_neighbours(target), runtime.ppid()]
    argv = [sys.executable, "-I", "-S", "-c", _ENTER + _TRY, *asked, json.dumps(pids), str(runtime.pid)]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True)
    for what, met in json.loads(ended.stdout).items():
        refused = met not in {"read", "reached", "signalled"}
        yield Attempt(row=RENDERING, who="rendering code", what=f"get at {what}", met=met, refused=refused)


def _runtime(target: Target) -> psutil.Process | None:
    """The process of the orchestrator's that has loaded a model: the last of those that wait for each other."""
    said = holding.running(target.layout)
    assert said is not None
    below = psutil.Process(said.pids["agent-orchestrator"]).children(recursive=True)
    runtimes = [process for process in below if any(RUNTIME in word for word in process.cmdline())]
    return next((process for process in runtimes if not process.children()), None)


async def _with_its_token(target: Target, client: psutil.Process) -> AsyncIterator[Attempt]:
    """The client's own right to the data, stretched as far as it goes."""
    token, dal = client.environ()["APH_DAL_TOKEN"], target.url("dal-gateway-1")
    own, other = target.datasets
    async with aiohttp.ClientSession() as http:
        door = Door(http)
        listed = json.loads(client.environ()["APH_DATA"])
        file = f"/datasets/{own}/{listed[own].partition(own)[2].strip('/')}"
        await door.must(200, "GET", dal + file, token)
        for what, path in (
            ("climb out of its dataset", f"/datasets/{own}/../../../../secrets/portal.seed"),
            ("climb out, written otherwise", f"/datasets/{own}/..%2f..%2f..%2fsecrets%2fportal.seed"),
            ("climb out, written twice", f"/datasets/{own}/%252e%252e/%252e%252e/secrets/portal.seed"),
            ("read an absolute path", f"/datasets/{own}//etc/passwd"),
            ("read another hospital's dataset here", f"/datasets/{other}/table.csv"),
            ("read the site's keys as a dataset", "/datasets/agent/dal-tokens.pem"),
        ):
            yield await door.tried(BEYOND, "a client", what, "GET", dal + path, token)
        elsewhere = target.url("dal-gateway-2") + f"/datasets/{other}/table.csv"
        yield await door.tried(BEYOND, "a client", "read at another hospital", "GET", elsewhere, token)
        users = f"{target.world.portal}/v1/users"
        yield await door.tried("another's identity", "a client", "be somebody at the portal", "GET", users, token)


def _places(target: Target, ours: int) -> list[tuple[str, str, int]]:
    hub = ("identity", "registry", "policy", "spec_lifecycle", "scheduler", "jobs", "portal", "nats", "mongo")
    others = ("agent-gateway-1", "agent-gateway-2", "dal-gateway-2")
    local = [(name, "127.0.0.1", target.ports[name]) for name in (*hub, *others)]
    machine = socket.gethostbyname(socket.gethostname())
    return [
        *local,
        ("a server on the host's loopback", "127.0.0.1", ours),
        ("the same by the host's address", machine, ours),
        ("the internet by address", "1.1.1.1", 443),
        ("the internet by name", "example.org", 443),
        ("a cloud's metadata service", "169.254.169.254", 80),
    ]


def _neighbours(target: Target) -> list[int]:
    """Programs of the same user, which it sees in `/proc`."""
    said = holding.running(target.layout)
    assert said is not None
    return [said.pids[name] for name in ("agent-gateway-1", "dal-gateway-1", "identity")]


def _client(target: Target) -> psutil.Process | None:
    """The first process of a client of gateway-1, as it is after it took its place in the jail."""
    said = holding.running(target.layout)
    assert said is not None
    agent = psutil.Process(said.pids["agent-gateway-1"])
    for process in agent.children(recursive=True):
        words = process.cmdline()
        if any(CLIENT in word for word in words) and not any(word.endswith("/cell.py") for word in words):
            return process
    return None


def _inside(pid: int, places: list[tuple[str, str, int]], files: list[Path]) -> dict[str, str]:
    """Run a program in the namespaces of that process, as the user it is there."""
    nsenter = shutil.which("nsenter")
    assert nsenter is not None
    python = psutil.Process(pid).exe()
    argv = [nsenter, "--target", str(pid), "--user", "--net", "--mount", "--preserve-credentials"]
    argv += [python, "-I", "-S", "-c", _TRY, json.dumps(places), json.dumps([str(file) for file in files]), "[]", "[]"]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True, cwd="/")
    return dict(json.loads(ended.stdout))


def _namespace(pid: int | str, kind: str) -> str:
    return str(Path(f"/proc/{pid}/ns/{kind}").readlink())


@contextmanager
def _listener() -> Iterator[int]:
    """Somebody on the host who would answer."""
    with socket.create_server(("0.0.0.0", 0)) as server:
        yield int(server.getsockname()[1])

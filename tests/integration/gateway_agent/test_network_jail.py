"""
A client is jailed: shown from inside it, and from outside when somebody is killed. Real namespaces.

The tests say what this machine lacks where they cannot be run.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import agent_values
import psutil
import pytest
from agent_values import CLIENT_NAME, launched, until, waiting_pod
from confined_site import HERE, ConfinedSite, listening, site_with

from fedpact.contracts.pact import Limit
from fedpact.gateway_agent.adapters.confinement import Confinement
from fedpact.gateway_agent.adapters.processes import ProcessLauncher
from fedpact.gateway_agent.app.ports import Life
from fedpact.gateway_agent.domain.pods import Kind, Peer, Pod

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
async def jailed(tmp_path: Path) -> AsyncIterator[ConfinedSite]:
    async with site_with(tmp_path, Limit.NETWORK) as site:
        yield site


LOOK_AROUND = """
import json, os, socket, sys
def tried(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as one:
        one.settimeout(5)
        try:
            one.connect(tuple(address) if isinstance(address, list) else address.replace("@", chr(0)))
            return "reached"
        except OSError as error:
            return type(error).__name__
def found(name):
    try:
        return socket.getaddrinfo(name, 80)[0][4][0]
    except OSError as error:
        return type(error).__name__
inet, unix = (json.loads(text) for text in sys.argv[1:])
print(json.dumps({
    "inet": {label: tried(socket.AF_INET, address) for label, address in inet.items()},
    "unix": {label: tried(socket.AF_UNIX, address) for label, address in unix.items()},
    "names": {name: found(name) for name in ("localhost", "example.org")},
    "links": [name for _, name in socket.if_nameindex()],
}))
"""


def own_addresses() -> list[str]:
    """Those by which this machine reaches itself, besides its loopback."""
    every = [one for each in psutil.net_if_addrs().values() for one in each if one.family is socket.AF_INET]
    return [one.address for one in every if not one.address.startswith("127.")]


async def test_a_jailed_workload_reaches_its_dal_and_its_server_and_nothing_else(
    jailed: ConfinedSite, tmp_path: Path
) -> None:
    """The hub's bus and store, another gateway and the DAL's admin door all listen on this machine, as in `up`."""
    abstract = f"@fedpact-{os.getpid()}"
    with contextlib.ExitStack() as stack:
        dal, server, bus, portal, other = (stack.enter_context(listening()) for _ in range(5))
        admin = jailed.root / "agent" / "dal.sock"
        admin.parent.mkdir()
        for address in (str(admin), abstract.replace("@", "\0")):
            door = stack.enter_context(socket.socket(socket.AF_UNIX))
            door.bind(address)
            door.listen()
        inet = {"dal": [HERE, dal], "server": [HERE, server], "bus": [HERE, bus], "portal": [HERE, portal]}
        inet |= {"other gateway": [HERE, other], "internet": ["1.1.1.1", 53], "metadata": ["169.254.169.254", 80]}
        inet |= {f"this machine by {address}": [address, dal] for address in own_addresses()}
        unix = {"the DAL's admin socket": str(admin), "an abstract socket": abstract}
        pod = jailed.pod(LOOK_AROUND, dal, server)
        pod = replace(pod, command=(*pod.command, json.dumps(inet), json.dumps(unix)))
        seen = await jailed.said(pod)
    assert isinstance(seen, dict)
    reached = {label for label, what in {**seen["inet"], **seen["unix"]}.items() if what == "reached"}
    assert reached == {"dal", "server"}
    assert seen["names"] == {"localhost": HERE, "example.org": "gaierror"}
    assert seen["links"] == ["lo"]


async def test_without_the_jail_all_of_that_is_reached(tmp_path: Path) -> None:
    """The test above could not fail otherwise."""
    launcher = ProcessLauncher(tmp_path / "launches", grace=1.0)
    with listening() as dal, listening() as bus:
        pod = waiting_pod(tmp_path, program=LOOK_AROUND)
        both = json.dumps({"dal": [HERE, dal], "bus": [HERE, bus]})
        checkpoint = await launched(launcher, replace(pod, command=(*pod.command, both, "{}")))

        async def told() -> bool:
            return pod.log.read_text().endswith("\n")

        await until(told)
    assert json.loads(pod.log.read_text())["inet"] == {"dal": "reached", "bus": "reached"}
    await launcher.stop(checkpoint.ref)


ESCAPES = """
import ctypes, json, os, pathlib
libc = ctypes.CDLL(None, use_errno=True)
def moved(path, kind):
    try:
        return libc.setns(os.open(path, os.O_RDONLY), kind) == 0
    except OSError:
        return False
def readable(path):
    try:
        return bool(open(path, "rb").read(1))
    except OSError:
        return False
status = pathlib.Path("/proc/self/status").read_text()
print(json.dumps({
    "root": os.getuid() == 0,
    "rights": int(status.split("CapEff:")[1].split()[0], 16),
    "may gain": "NoNewPrivs:\\t1" not in status,
    "moved": [path for path, kind in (("/proc/1/ns/net", 0x40000000), ("/proc/%d/ns/net" % os.getppid(), 0x40000000))
              if moved(path, kind)],
    "agent": readable("/proc/%d/environ" % AGENT) or readable("/proc/%d/environ" % os.getppid()),
    "groups": sorted(os.listdir("/sys/fs/cgroup")),
    "secret": readable(SECRET),
    "unmounted": libc.umount2(str(pathlib.Path(SECRET).parent).encode(), 2) == 0,
    "own": sorted(os.listdir(".")),
    "writes": [path for path in (".", "/tmp", "/dev/shm") if os.access(path, os.W_OK)],
}))
"""


async def test_a_jailed_workload_has_no_way_out_even_where_the_agent_is_root(jailed: ConfinedSite) -> None:
    secret = jailed.root / "agent" / "secret.key"
    secret.parent.mkdir(parents=True)
    secret.write_text("secret")
    program = f"AGENT, SECRET = {os.getpid()}, {str(secret)!r}\n{ESCAPES}"
    pod = jailed.pod(program)
    (pod.kit / "startup").mkdir()
    assert await jailed.said(pod) == {
        "root": False,
        "rights": 0,
        "may gain": False,
        "moved": [],
        "agent": False,
        "groups": [],
        "secret": False,
        "unmounted": False,
        "own": ["startup"],
        "writes": [".", "/tmp", "/dev/shm"],
    }


FETCH = """
import hashlib, json, socket, sys
answers = []
for host, port in json.loads(sys.argv[1]):
    with socket.create_connection((host, port), 20) as one:
        one.shutdown(socket.SHUT_WR)
        total = hashlib.sha256()
        try:
            while block := one.recv(1 << 16):
                total.update(block)
            answers.append(total.hexdigest())
        except ConnectionResetError:
            answers.append("broken")
print(json.dumps(answers))
"""


def fetching(pod: Pod, *places: tuple[str, int]) -> Pod:
    return replace(pod, command=(*pod.command, json.dumps(places)))


async def test_what_is_sent_through_a_door_arrives_whole(jailed: ConfinedSite) -> None:
    sent = os.urandom(1 << 20) * 24
    with listening(sent) as dal:
        answers = await jailed.said(fetching(jailed.pod(FETCH, dal), (HERE, dal), ("localhost", dal)))
    assert answers == [hashlib.sha256(sent).hexdigest()] * 2


async def test_a_connection_that_is_cut_outside_is_cut_inside(jailed: ConfinedSite) -> None:
    """A DAL that revokes in the middle of an answer must not look like one that has said all."""
    with socket.create_server((HERE, 0)) as door:

        def cut() -> None:
            visitor, _ = door.accept()
            visitor.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            visitor.recv(1)
            visitor.close()

        threading.Thread(target=cut, daemon=True).start()
        port = door.getsockname()[1]
        assert await jailed.said(fetching(jailed.pod(FETCH, port), (HERE, port))) == ["broken"]


async def test_peers_are_found_by_their_own_names_and_addresses(jailed: ConfinedSite) -> None:
    """What is behind these doors does not exist, so they open and have nothing to say."""
    named, addressed = Peer(host="hub.invalid", port=443), Peer(host="192.0.2.7", port=8443)
    pod = jailed.pod("", named, addressed)
    program = "import socket, json; print(json.dumps([bool(socket.create_connection(p, 5)) for p in PLACES]))"
    program = f"PLACES = {[(peer.host, peer.port) for peer in (named, addressed)]!r}\n{program}"
    assert await jailed.said(replace(pod, command=(sys.executable, "-c", program))) == [True, True]


TALKS = """
import pathlib, socket, sys, time
count = 0
while True:
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5) as one:
        count += len(one.recv(1))
    pathlib.Path("half").write_text(str(count))
    pathlib.Path("half").rename("count")
    time.sleep(0.02)
"""


def talks(pod: Pod, port: int) -> Pod:
    return replace(pod, command=(*pod.command, str(port)))


async def grown(pod: Pod, by: int = 5) -> None:
    count = pod.kit / "count"

    async def there() -> bool:
        return count.exists()

    await until(there)
    before = int(count.read_text())

    async def more() -> bool:
        return int(count.read_text()) >= before + by

    await until(more)


AGENT = """
import asyncio, os, signal, sys
from pathlib import Path
sys.path.insert(0, {support!r})
sys.path.insert(0, {here!r})
from agent_values import launched
from confined_site import ConfinedSite
from test_network_jail import TALKS, Limit, talks

site = ConfinedSite(Path({root!r}), *map(Limit, {limits!r}))
asyncio.run(launched(site.launcher, talks(site.pod(TALKS, {port}), {port})))
os.kill(os.getpid(), signal.SIGKILL)
"""


async def test_a_workload_goes_on_when_its_agent_is_killed_and_the_next_one_leaves_nothing(tmp_path: Path) -> None:
    limits = [Limit.NETWORK, *((Limit.MEMORY,) if "memory" in Confinement.found(tmp_path).limits else ())]
    async with site_with(tmp_path, *limits) as site:
        with listening(b".") as dal:
            known = {"support": str(Path(agent_values.__file__).parent), "here": str(Path(__file__).parent)}
            program = AGENT.format(root=str(tmp_path), limits=[str(one) for one in limits], port=dal, **known)
            died = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", program], check=False, timeout=60)
            assert died.returncode == -signal.SIGKILL
            pod = site.pod(TALKS, dal)
            await grown(pod)
            [seen] = await site.launcher.observe()
            assert (seen.name, seen.kind, seen.life) == (CLIENT_NAME, Kind.CLIENT, Life.RUNNING)
            porter = psutil.Process(int(seen.ref.handle))
            family = [porter, *porter.children(recursive=True)]
            with kept(family):
                spaces = {network_of(one.pid) for one in family}
                assert len(spaces) == 2
                await site.launcher.stop(seen.ref)
                await until(lambda: gone(*family))
                inside = spaces - {network_of(os.getpid())}
                assert not inside & set(networks())


async def gone(*processes: psutil.Process) -> bool:
    """Also one that nobody has asked about yet."""
    return not any(lives(one) for one in processes)


def lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextlib.contextmanager
def kept(family: list[psutil.Process]) -> Iterator[None]:
    """Their networks stay, so that the kernel gives the number of none to another."""
    with contextlib.ExitStack() as stack:
        for one in family:
            stack.callback(os.close, os.open(f"/proc/{one.pid}/ns/net", os.O_RDONLY))
        yield


def network_of(pid: int) -> str:
    return str(Path(f"/proc/{pid}/ns/net").readlink())


def networks() -> Iterator[str]:
    for process in psutil.process_iter():
        with contextlib.suppress(OSError):
            yield network_of(process.pid)


async def test_a_workload_does_not_outlive_its_porter(jailed: ConfinedSite) -> None:
    with listening(b".") as dal:
        checkpoint = await launched(jailed.launcher, pod := talks(jailed.pod(TALKS, dal), dal))
        await grown(pod, 1)
        porter = psutil.Process(int(checkpoint.ref.handle))
        [workload] = porter.children()
        porter.kill()
        await until(lambda: gone(workload))


async def test_a_workload_is_asked_to_end_and_may_still_speak_while_it_does(jailed: ConfinedSite) -> None:
    program = """
import pathlib, signal, socket, sys
def last_word(*_):
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5) as one:
        pathlib.Path("word").write_text(one.recv(9).decode())
    sys.exit(0)
signal.signal(signal.SIGTERM, last_word)
pathlib.Path("ready").touch()
signal.pause()
"""
    with listening(b"farewell") as dal:
        pod = talks(jailed.pod(program, dal), dal)
        launcher = replace(jailed.launcher, grace=20.0)
        checkpoint = await launched(launcher, pod)

        async def ready() -> bool:
            return (pod.kit / "ready").exists()

        await until(ready)
        await launcher.stop(checkpoint.ref)
    assert (pod.kit / "word").read_text() == "farewell"


async def test_servers_are_not_jailed_for_they_are_reached_from_outside(jailed: ConfinedSite) -> None:
    program = "import os, json; print(json.dumps(os.readlink('/proc/self/ns/net')))"
    pod = replace(jailed.pod(program), kind=Kind.SERVER)
    assert await jailed.said(pod) == network_of(os.getpid())


RIGHTLESS = """
import ctypes, os, sys
libc = ctypes.CDLL(None)
for right in range(64):
    if right != 31:  # to speak of user 0 in another namespace; nobody else needs it for himself
        libc.prctl(24, right, 0, 0, 0)
program = (
    "import pathlib; from fedpact.contracts.pact import Limit;"
    "from fedpact.gateway_agent.adapters.confinement import Confinement;"
    "print(*Confinement.found(pathlib.Path('/nowhere'), [Limit.NETWORK]).limits)"
)
os.execv(sys.executable, [sys.executable, "-c", program])
"""


async def test_an_agent_needs_none_of_roots_rights_for_the_jail(jailed: ConfinedSite) -> None:
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", RIGHTLESS], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout.split(), done.stderr) == (["network"], "")

"""What the Docker launcher adds to what every launcher promises, on a real engine."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from agent_values import CLIENT_NAME, launched, until
from engine import engine, inspected, labelled
from image_registry import registry_with
from launcher_rigs import PYTHON_IMAGE, DockerRig, containers_of, docker_lacks, docker_rig, short
from servers import free_port

from fedpact.contracts.pact import Resources
from fedpact.contracts.workloads import Cause, Phase
from fedpact.gateway_agent.adapters.docker import DockerLauncher
from fedpact.gateway_agent.adapters.sockets import LocalSockets
from fedpact.gateway_agent.app.ports import Life, Ref, Stage
from fedpact.gateway_agent.domain import marks
from fedpact.gateway_agent.domain.containers import Yard
from fedpact.gateway_agent.domain.errors import ImageMissingError, LaunchError
from fedpact.gateway_agent.domain.pods import Pod
from fedpact.gateway_agent.domain.troubles import Trouble

pytestmark = [
    pytest.mark.containers,
    pytest.mark.timeout(90),  # containers start and end by the dozen
]


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[DockerRig]:
    if lacking := docker_lacks():
        pytest.skip(lacking)
    async with docker_rig(tmp_path) as rig:
        yield rig


async def said_by(rig: DockerRig, pod: Pod) -> str:
    """The console of a workload that ends by itself."""
    await launched(rig.launcher, pod)

    async def ended() -> bool:
        return [one.life for one in await rig.launcher.observe()] == [Life.EXITED]

    await until(ended)
    await rig.launcher.stop(Ref(name=pod.name))
    return pod.log.read_text()


LOOK = """
import json, os, pathlib
def refused(path):
    try:
        pathlib.Path(path).write_text("x")
    except OSError as error:
        return error.strerror
    return "written"
status = dict(line.split(":", 1) for line in pathlib.Path("/proc/self/status").read_text().splitlines())
print(json.dumps({
    "user": [os.getuid(), os.getgid()], "folder": os.getcwd(), "capabilities": status["CapEff"].strip(),
    "privileges": status["NoNewPrivs"].strip(), "root": refused("/etc/mine"), "kit": refused("mine"),
    "tmp": refused("/tmp/mine"), "transfer": refused("transfer/mine"), "rules": refused("local/mine"), "key": refused("startup/client.key"),
    "read": pathlib.Path("startup/client.key").read_text(), "env": os.environ.get("APH_DAL_TOKEN"),
}))
"""


async def test_a_workload_has_no_right_that_it_does_not_need(rig: DockerRig) -> None:
    pod = replace(rig.running(LOOK), env={"PATH": "/usr/bin:/bin", "APH_DAL_TOKEN": "s3cret"})
    for part, content in (("startup/client.key", "a key"), ("local/resources.json", "{}")):
        (pod.kit / part).parent.mkdir()
        (pod.kit / part).write_text(content)
    seen = json.loads(await said_by(rig, pod))
    assert seen["user"] == [3333, 3333]
    assert int(seen["capabilities"], 16) == 0
    assert seen["privileges"] == "1"
    assert (seen["folder"], seen["read"], seen["env"]) == (str(pod.kit), "a key", "s3cret")
    assert seen["root"] == "Read-only file system"
    assert {seen[place] for place in ("kit", "tmp", "transfer")} == {"written"}
    assert {seen[place] for place in ("rules", "key")} == {"Permission denied"}


async def test_no_secret_is_in_a_process_list(rig: DockerRig) -> None:
    pod = replace(rig.pod("gateway-1-1"), env={"APH_DAL_TOKEN": "s3cret"})
    await launched(rig.launcher, pod)
    (found,) = containers_of(rig.yard, pod)
    assert "s3cret" not in str(found.top())


async def test_what_needs_more_memory_than_reserved_is_told_so(rig: DockerRig) -> None:
    program = "held = [bytes(range(256)) * 4096 for _ in range(200)]"
    pod = replace(rig.running(program), resources=Resources(cpu=1, memory=40))
    await launched(rig.launcher, pod)

    async def ended() -> bool:
        return [one.life for one in await rig.launcher.observe()] == [Life.EXITED]

    await until(ended)
    (seen,) = await rig.launcher.observe()
    assert seen.out_of_memory
    assert seen.exit_code == -9
    text = "it needed more than the 40 MB that the spec reserves; reserve more"
    assert seen.trouble == Trouble(phase=Phase.FAILED, cause=Cause.RESOURCES, message=text)


async def test_the_engine_holds_a_container_to_what_the_spec_says(rig: DockerRig) -> None:
    pod = replace(rig.pod("gateway-1-1"), resources=Resources(cpu=0.5, memory=64))
    await launched(rig.launcher, pod)
    (found,) = containers_of(rig.yard, pod)
    host = found.attrs["HostConfig"]
    assert (host["NanoCpus"], host["Memory"], host["PidsLimit"]) == (500_000_000, 64_000_000, 4096)


async def test_each_activation_has_a_network_that_goes_with_its_last_participant(rig: DockerRig) -> None:
    for participant in ("gateway-1-1", "gateway-1-2"):
        await launched(rig.launcher, rig.pod(participant))
    mine = {"label": f"{marks.AGENT}={rig.yard.agent}"}
    assert len(engine().networks.list(filters=mine)) == 1
    await rig.launcher.stop(Ref(name=CLIENT_NAME))
    assert len(engine().networks.list(filters=mine)) == 1
    await rig.launcher.stop(Ref(name=CLIENT_NAME.sibling("gateway-1-2")))
    assert engine().networks.list(filters=mine) == []


async def test_nothing_is_left_of_a_stopped_workload(rig: DockerRig) -> None:
    checkpoint = await launched(rig.launcher, rig.pod("gateway-1-1"))
    await rig.launcher.stop(checkpoint.ref)
    assert labelled(f"{marks.AGENT}={rig.yard.agent}") == []


async def test_volumes_without_their_container_are_observed_and_removed(rig: DockerRig) -> None:
    checkpoint = await launched(rig.launcher, rig.pod("gateway-1-1"))
    engine().containers.get(checkpoint.ref.handle).remove(force=True)
    assert short(await rig.launcher.observe()) == [("gateway-1-1", Life.EXITED, None)]
    await rig.launcher.stop(checkpoint.ref)
    assert await rig.launcher.observe() == []


async def test_another_agents_containers_are_not_ours(rig: DockerRig) -> None:
    await launched(rig.launcher, rig.pod("gateway-1-1"))
    other = await DockerLauncher.connected(Yard(agent="somebody-else"))
    try:
        assert await other.observe() == []
        await other.stop(Ref(name=CLIENT_NAME))
    finally:
        await other.close()
    assert short(await rig.launcher.observe()) == [("gateway-1-1", Life.RUNNING, None)]


async def test_the_console_is_written_also_by_an_agent_that_comes_later(rig: DockerRig) -> None:
    pod = rig.running("import signal; print('registered'); signal.pause()")
    await launched(rig.launcher, pod)

    async def written() -> bool:
        return pod.log.exists() and pod.log.read_text() == "registered\n"

    await until(written)
    assert pod.log.stat().st_mode & 0o077 == 0
    pod.log.unlink()
    await (await rig.restarted()).observe()
    await until(written)


async def test_what_ended_while_no_agent_watched_still_leaves_its_console(rig: DockerRig) -> None:
    pod = rig.running("print('it ends at once')")
    away = await rig.restarted()
    await launched(away, pod)
    await away.close()
    (found,) = containers_of(rig.yard, pod)
    found.wait()
    pod.log.unlink(missing_ok=True)
    assert [one.life for one in await rig.launcher.observe()] == [Life.EXITED]
    assert pod.log.read_text() == "it ends at once\n"


async def test_a_server_is_reached_from_outside_once_it_listens(rig: DockerRig) -> None:
    assert rig.yard.relayed
    port, sockets = free_port(), LocalSockets(drops=1.0)
    deaf = replace(rig.running("import signal; signal.pause()", "server"), port=port)
    await launched(rig.launcher, deaf)
    assert await LocalSockets().listening("127.0.0.1", port)  # it is the engine that accepts
    assert not await sockets.listening("127.0.0.1", port)
    await rig.launcher.stop(Ref(name=deaf.name))
    listens = f"import signal, socket; listener = socket.create_server(('', {port})); signal.pause()"
    await launched(rig.launcher, replace(rig.running(listens, "server"), port=port))
    await until(lambda: sockets.listening("127.0.0.1", port))


async def test_an_image_that_is_not_pinned_is_refused(rig: DockerRig) -> None:
    with pytest.raises(ImageMissingError, match="pins no image"):
        await launched(rig.launcher, replace(rig.pod("gateway-1-1"), image=PYTHON_IMAGE))
    assert await rig.launcher.observe() == []


async def test_a_missing_image_is_fetched_by_digest_with_the_registrys_password(rig: DockerRig, tmp_path: Path) -> None:
    async with registry_with("tiny/model", user="site", password="pass") as registry:
        pod = replace(rig.pod("gateway-1-1"), image=registry.reference)
        with pytest.raises(ImageMissingError, match="the container engine refuses"):
            await launched(rig.launcher, pod)
        logins = tmp_path / "config.json"
        logins.write_text(json.dumps({"auths": {registry.host: {"auth": registry.login}}}))
        launcher = await DockerLauncher.connected(rig.yard, credentials=logins, grace=1)
        try:
            launch = launcher.launch(pod)
            assert (await anext(launch)).stage is Stage.RESERVED
            await launch.aclose()
            assert inspected(registry.reference)["RepoDigests"] == [registry.reference]
        finally:
            await launcher.stop(Ref(name=pod.name))
            await launcher.close()
            engine().images.remove(registry.reference, force=True)


async def test_without_an_engine_the_launcher_says_so(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="does not answer"):
        await DockerLauncher.connected(Yard(agent="test"), url=f"unix://{tmp_path}/none.sock")

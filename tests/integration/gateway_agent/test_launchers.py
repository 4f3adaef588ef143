"""What every launcher promises, and what the process launcher adds to it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import agent_values
import psutil
import pytest
from agent_values import CLIENT_NAME, SERVER_NAME, launched, until, waiting_pod
from launcher_rigs import RIG_PARAMS, RIGS, ProcessRig, Rig, process_rig, short

from fedpact.gateway_agent.adapters.processes import ProcessLauncher
from fedpact.gateway_agent.adapters.scripted import ScriptedLauncher, World
from fedpact.gateway_agent.adapters.trees import MARK
from fedpact.gateway_agent.app.ports import Life, Ref, Stage
from fedpact.gateway_agent.domain.errors import AlreadyThereError, LaunchError
from fedpact.gateway_agent.domain.pods import Kind, PodName

pytestmark = pytest.mark.timeout(150)  # an API server takes its time to start on a busy machine, and a pod to end


@pytest.fixture(params=RIG_PARAMS)
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    opened, lacks = RIGS[request.param]
    if lacking := lacks():
        pytest.skip(lacking)
    async with opened(tmp_path) as rig:
        yield rig


@pytest.fixture
async def real(tmp_path: Path) -> AsyncIterator[ProcessRig]:
    async with process_rig(tmp_path) as rig:
        yield rig


async def test_a_launch_says_what_exists_after_each_step(rig: Rig) -> None:
    said = [checkpoint async for checkpoint in rig.launcher.launch(rig.pod("gateway-1-1"))]
    assert [checkpoint.stage for checkpoint in said] == [Stage.RESERVED, Stage.RUNNING]
    assert {checkpoint.ref.name for checkpoint in said} == {CLIENT_NAME}


async def test_what_runs_is_observed_by_name_and_kind(rig: Rig) -> None:
    for participant in ("server", "gateway-1-1"):
        await launched(rig.launcher, rig.pod(participant))
    seen = await rig.launcher.observe()
    assert short(seen) == [("gateway-1-1", Life.RUNNING, None), ("server", Life.RUNNING, None)]
    assert [one.kind for one in seen] == [Kind.CLIENT, Kind.SERVER]


async def test_two_workloads_of_one_name_are_refused(rig: Rig) -> None:
    await launched(rig.launcher, rig.pod("gateway-1-1"))
    with pytest.raises(AlreadyThereError, match="stop it first"):
        await launched(rig.launcher, rig.pod("gateway-1-1"))
    assert short(await rig.launcher.observe()) == [("gateway-1-1", Life.RUNNING, None)]


async def test_a_stopped_workload_is_gone_and_may_be_launched_again(rig: Rig) -> None:
    for _ in range(2):
        checkpoint = await launched(rig.launcher, rig.pod("gateway-1-1"))
        await rig.launcher.stop(checkpoint.ref)
        assert await rig.launcher.observe() == []


async def test_stopping_what_is_not_there_is_fine(rig: Rig) -> None:
    await rig.launcher.stop(Ref(name=CLIENT_NAME))
    assert await rig.launcher.observe() == []


async def test_an_exit_is_observed_with_its_code_until_it_is_stopped(rig: Rig) -> None:
    pod = rig.pod("gateway-1-1")
    checkpoint = await launched(rig.launcher, pod)
    await rig.end(pod, 3)

    async def ended() -> bool:
        return short(await rig.launcher.observe()) == [("gateway-1-1", Life.EXITED, 3)]

    await until(ended)
    assert short(await (await rig.restarted()).observe()) == [("gateway-1-1", Life.EXITED, 3)]
    await rig.launcher.stop(checkpoint.ref)
    assert await rig.launcher.observe() == []


async def test_a_failed_launch_leaves_what_its_last_checkpoint_stops(rig: Rig) -> None:
    launch = rig.launcher.launch(rig.impossible())
    checkpoint = await anext(launch)
    with pytest.raises(LaunchError):
        await anext(launch)
    assert [one.life for one in await rig.launcher.observe()] == [Life.EXITED]
    await rig.launcher.stop(checkpoint.ref)
    assert await rig.launcher.observe() == []


async def test_an_abandoned_launch_is_observed_and_stopped(rig: Rig) -> None:
    launch = rig.launcher.launch(rig.pod("gateway-1-1"))
    checkpoint = await anext(launch)
    await launch.aclose()
    assert short(await (await rig.restarted()).observe()) == [("gateway-1-1", Life.EXITED, None)]
    await rig.launcher.stop(checkpoint.ref)
    assert await rig.launcher.observe() == []


async def test_the_next_agent_finds_and_stops_what_the_last_one_launched(rig: Rig) -> None:
    checkpoint = await launched(rig.launcher, rig.pod("gateway-1-1"))
    successor = await rig.restarted()
    seen = await successor.observe()
    assert short(seen) == [("gateway-1-1", Life.RUNNING, None)]
    assert seen[0].ref == checkpoint.ref
    await successor.stop(seen[0].ref)
    assert await successor.observe() == []

    async def known() -> bool:  # to the last one, who did not stop it, in its own time
        return await rig.launcher.observe() == []

    await until(known)


async def test_exactly_the_limits_are_claimed_that_are_enforced(rig: Rig) -> None:
    assert rig.launcher.limits_enforced == rig.limits


def living(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def written(path: Path) -> str:
    async def there() -> bool:
        return path.exists() and path.read_text().endswith("\n")  # noqa: ASYNC240

    await until(there)
    return path.read_text()  # noqa: ASYNC240


FAMILY = """
import pathlib, signal, subprocess, sys
wait = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.pause()"
job = subprocess.Popen([sys.executable, "-c", wait], start_new_session=True, cwd="/")
pathlib.Path("job").write_text(f"{job.pid}\\n")
signal.pause()
"""


async def test_stop_reaches_a_job_that_has_a_session_of_its_own(real: ProcessRig) -> None:
    pod = waiting_pod(real.root, program=FAMILY)
    launcher = ProcessLauncher(real.root / "state", grace=0.2)
    checkpoint = await launched(launcher, pod)
    job = int(await written(pod.kit / "job"))
    await launcher.stop(checkpoint.ref)
    assert not living(job)
    assert not living(int(checkpoint.ref.handle))


async def test_stop_reaches_a_job_whose_parent_was_killed(real: ProcessRig) -> None:
    pod = waiting_pod(real.root, program=FAMILY)
    launcher = ProcessLauncher(real.root / "state", grace=0.2)
    checkpoint = await launched(launcher, pod)
    job = int(await written(pod.kit / "job"))
    os.kill(int(checkpoint.ref.handle), signal.SIGKILL)

    async def ended() -> bool:
        return short(await launcher.observe()) == [("gateway-1-1", Life.EXITED, -signal.SIGKILL)]

    await until(ended)
    assert living(job)
    await launcher.stop(checkpoint.ref)
    assert not living(job)


async def test_the_workload_sees_its_pods_environment_and_its_mark_alone(real: ProcessRig) -> None:
    program = "import json, os, sys; print(json.dumps([dict(os.environ), os.getcwd(), sys.stdin.read()]), flush=True)"
    pod = waiting_pod(real.root, program=program)
    await launched(real.launcher, pod)
    env, folder, given = json.loads(await written(pod.log))
    env.pop("LC_CTYPE", None)  # Python sets it for itself
    assert env == {**pod.env, MARK: f"{real.root / 'state'}:{pod.name}"}
    assert (folder, given) == (str(pod.kit), "")
    assert pod.log.stat().st_mode & 0o077 == 0


async def test_a_process_that_merely_got_the_number_is_not_adopted(real: ProcessRig) -> None:
    await launched(real.launcher, real.pod("gateway-1-1"))
    path = real.root / "state" / f"{CLIENT_NAME}.json"
    record = json.loads(path.read_text())
    await real.launcher.stop(Ref(name=CLIENT_NAME))
    path.write_text(json.dumps({**record, "pid": os.getpid()}))
    assert short(await (await real.restarted()).observe()) == [("gateway-1-1", Life.EXITED, None)]


async def test_a_workload_without_its_record_is_still_ours(real: ProcessRig) -> None:
    checkpoint = await launched(real.launcher, real.pod("server"))
    (real.root / "state" / f"{SERVER_NAME}.json").unlink()
    seen = await (await real.restarted()).observe()
    assert [(one.name, one.kind, one.life) for one in seen] == [(SERVER_NAME, Kind.SERVER, Life.RUNNING)]
    await real.launcher.stop(seen[0].ref)
    assert not living(int(checkpoint.ref.handle))


async def test_another_agents_workloads_are_not_ours(real: ProcessRig, tmp_path: Path) -> None:
    other = ProcessLauncher(tmp_path / "other")
    await launched(real.launcher, real.pod("gateway-1-1"))
    assert await other.observe() == []
    await other.stop(Ref(name=CLIENT_NAME))
    assert short(await real.launcher.observe()) == [("gateway-1-1", Life.RUNNING, None)]


DISGUISED = """
import ctypes, os, pathlib, signal
fields = pathlib.Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()
begin, end = int(fields[45]), int(fields[48])  # arguments and environment, see proc(5)
ctypes.memset(begin, 0, end - begin)
os.chdir("/")
pathlib.Path({flag!r}).write_text("done\\n")
signal.pause()
"""


async def test_a_workload_that_hides_its_name_and_environment_is_still_found_and_ended(real: ProcessRig) -> None:
    flag = real.root / "flag"
    checkpoint = await launched(real.launcher, waiting_pod(real.root, program=DISGUISED.format(flag=str(flag))))
    await written(flag)
    process = psutil.Process(int(checkpoint.ref.handle))
    assert MARK not in process.environ()
    successor = await real.restarted()
    assert short(await successor.observe()) == [("gateway-1-1", Life.RUNNING, None)]
    await successor.stop(checkpoint.ref)
    assert not living(process.pid)


async def test_a_launch_that_was_stopped_half_way_starts_nothing(real: ProcessRig) -> None:
    launch = real.launcher.launch(real.pod("gateway-1-1"))
    checkpoint = await anext(launch)
    await real.launcher.stop(checkpoint.ref)
    with pytest.raises(LaunchError, match="was stopped while"):
        await anext(launch)
    assert await real.launcher.observe() == []


CRASHING_AGENT = """
import asyncio, os, signal, sys
from pathlib import Path
sys.path.insert(0, {support!r})
from agent_values import waiting_pod
from fedpact.gateway_agent.adapters import processes

class Crashing(processes.ProcessLauncher):
    __slots__ = ()
    def _start(self, pod):
        child = super()._start(pod)
        os.kill(os.getpid(), signal.SIGKILL)
        return child

async def main():
    root = Path({root!r})
    async for _ in Crashing(root / "state").launch(waiting_pod(root)):
        pass

asyncio.run(main())
"""


async def test_a_crash_between_starting_and_writing_it_down_leaves_no_orphan(real: ProcessRig) -> None:
    support = str(Path(agent_values.__file__).parent)
    program = CRASHING_AGENT.format(support=support, root=str(real.root))
    died = subprocess.run([sys.executable, "-c", program], check=False, timeout=20)  # noqa: ASYNC221
    assert died.returncode == -signal.SIGKILL
    assert json.loads((real.root / "state" / f"{CLIENT_NAME}.json").read_text())["pid"] == 0
    seen = await real.launcher.observe()
    assert short(seen) == [("gateway-1-1", Life.RUNNING, None)]
    await real.launcher.stop(seen[0].ref)
    assert not living(int(seen[0].ref.handle))


async def test_a_scripted_launch_hangs_until_it_is_let_go(tmp_path: Path) -> None:
    world = World()
    world.hangs["gateway-1-1", Stage.RUNNING] = gate = asyncio.Event()
    launch = ScriptedLauncher(world).launch(waiting_pod(tmp_path))
    await anext(launch)
    step = asyncio.ensure_future(anext(launch))
    await asyncio.sleep(0)
    assert not step.done()
    gate.set()
    assert (await step).stage is Stage.RUNNING


def test_a_name_with_a_generation_of_many_digits_stays_one_file(tmp_path: Path) -> None:
    name = PodName(spec_id="a" * 40, generation=10**9, participant="b" * 48)
    assert len(f"{name}.json") < 255

"""
Workloads as child processes of this machine.

A workload is in a session of its own and survives the agent: after a crash the next agent finds it by its record
and its mark, and what it is held to by its name. What is not enforced is not claimed: where the machine has no means
(`confinement.py`) a workload can use more than its pod says.
"""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from weakref import WeakValueDictionary

import psutil

from fedpact.contracts.ids import SERVER
from fedpact.gateway_agent.adapters import cgroups, files, trees
from fedpact.gateway_agent.adapters.confinement import UNCONFINED, Confinement
from fedpact.gateway_agent.adapters.records import Record, Records
from fedpact.gateway_agent.app.ports import Checkpoint, Life, Observed, Ref, Stage
from fedpact.gateway_agent.domain.errors import AgentError, AlreadyThereError, LaunchError
from fedpact.gateway_agent.domain.pods import Kind, Pod, PodName
from fedpact.gateway_agent.domain.troubles import out_of_memory

BEGINNING = 20.0
"""Seconds in which a workload is not yet held to its share of the cores."""
Marks = Mapping[str, psutil.Process]


@dataclass(frozen=True, slots=True)
class ProcessLauncher:
    """Launches on this machine; `state` is a folder of its own, and tells its workloads from another agent's."""

    state: Path
    grace: float = trees.GRACE
    confinement: Confinement = UNCONFINED
    beginning: float = BEGINNING
    _children: dict[PodName, subprocess.Popen[bytes]] = field(default_factory=dict, init=False)
    _settled: set[str] = field(default_factory=set, init=False)
    _locks: WeakValueDictionary[PodName, asyncio.Lock] = field(default_factory=WeakValueDictionary, init=False)

    @property
    def limits_enforced(self) -> tuple[str, ...]:
        return self.confinement.limits

    async def launch(self, pod: Pod) -> AsyncIterator[Checkpoint]:
        async with self._lock(pod.name):
            record = await asyncio.to_thread(self._reserve, pod)
        yield Checkpoint(ref=_ref(record), stage=Stage.RESERVED)
        async with self._lock(pod.name):
            record = await asyncio.to_thread(self._spawn, pod, record)
        yield Checkpoint(ref=_ref(record), stage=Stage.RUNNING)

    async def observe(self) -> Sequence[Observed]:
        marks = await asyncio.to_thread(trees.marks)
        found: dict[PodName, Observed] = {}
        for record in await asyncio.to_thread(lambda: list(self._records.all())):
            lock = self._lock(record.pod)
            if lock.locked():  # in the middle of its start or its end
                found[record.pod] = _observed(record, Life.RUNNING)
                continue
            async with lock:
                current = await asyncio.to_thread(self._assess, record.pod, marks)
            if current:
                found[record.pod] = current
        found.update(self._strays(marks, found))
        return [found[name] for name in sorted(found, key=str)]

    async def stop(self, ref: Ref) -> None:
        async with self._lock(ref.name):
            await asyncio.to_thread(self._stop, ref.name)

    @property
    def _records(self) -> Records:
        return Records(self.state)

    def _lock(self, name: PodName) -> asyncio.Lock:
        """Held while a workload is started, judged or ended; kept only as long as somebody holds or awaits it."""
        return self._locks.setdefault(name, asyncio.Lock())

    def _mark(self, name: PodName) -> str:
        return f"{self.state}:{name}"

    def _trace(self, name: PodName, record: Record | None) -> trees.Trace:
        if record is None:
            return trees.Trace(mark=self._mark(name))
        return trees.Trace(mark=self._mark(name), kit=record.kit, pid=record.pid, created=record.created)

    def _reserve(self, pod: Pod) -> Record:
        if self._records.get(pod.name):
            raise AlreadyThereError(str(pod.name))
        groups = self.confinement.groups(pod.name)
        record = Record(name=str(pod.name), kind=pod.kind, kit=pod.kit, cpu=pod.resources.cpu, groups=groups)
        return self._records.put(record)

    def _spawn(self, pod: Pod, record: Record) -> Record:
        if self._records.get(pod.name) is None:
            raise LaunchError(f"`{pod.name}` was stopped while it was being launched")
        child = self._start(pod)
        self._children[pod.name] = child
        created = psutil.Process(child.pid).create_time()
        return self._records.put(record.model_copy(update={"pid": child.pid, "created": created}))

    def _start(self, pod: Pod) -> subprocess.Popen[bytes]:
        files.folder(pod.log.parent)
        try:
            log = os.open(pod.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, files.PRIVATE)
            try:
                return self.confinement.start(pod, {**pod.env, trees.MARK: self._mark(pod.name)}, log)
            finally:
                os.close(log)
        except OSError as error:
            raise LaunchError(f"`{pod.command[0]}` cannot be started: {error.strerror}") from error

    def _assess(self, name: PodName, marks: Marks) -> Observed | None:
        """What became of a launch, written down where it is news."""
        record = self._records.get(name)
        if record is None:
            return None
        if record.ended:
            return _observed(record, Life.EXITED)
        if wanting := cgroups.killed_for_memory(record.groups):
            return self._killed(record, wanting)
        if name in self._children:
            code = self._children[name].poll()
            return self._ended(record, code) if code is not None else self._running(record)
        if not record.pid and self._mark(name) in marks:
            record = self._adopt(record, marks[self._mark(name)])
        if trees.is_alive(self._trace(name, record)):
            return self._running(record)
        return self._ended(record, None)

    def _running(self, record: Record) -> Observed:
        """While it begins it may have all the cores it can get; how long that lasts is counted across agents."""
        if record.name not in self._settled and time.time() - record.created > self.beginning:
            self.confinement.settle(record.pod, record.cpu)
            self._settled.add(record.name)
        return _observed(record, Life.RUNNING)

    def _adopt(self, record: Record, process: psutil.Process) -> Record:
        try:
            news = {"pid": process.pid, "created": process.create_time()}
        except psutil.NoSuchProcess:
            return record
        return self._records.put(record.model_copy(update=news))

    def _ended(self, record: Record, code: int | None) -> Observed:
        self._children.pop(record.pod, None)
        self._settled.discard(record.name)
        ended = self._records.put(record.model_copy(update={"ended": True, "exit_code": code}))
        return _observed(ended, Life.EXITED)

    def _killed(self, record: Record, megabytes: int) -> Observed:
        """The kernel ended a process of it, so it cannot do its work any more; what is left of it is stopped later."""
        killed = {"ended": True, "exit_code": -signal.SIGKILL, "memory": megabytes}
        return _observed(self._records.put(record.model_copy(update=killed)), Life.EXITED)

    def _stop(self, name: PodName) -> None:
        record = self._records.get(name)
        groups = record.groups if record else self.confinement.groups(name)
        if not trees.end(self._trace(name, record), self.grace, lambda: cgroups.pids(groups)):
            raise LaunchError(f"a process of `{name}` does not end; end it by hand")
        child = self._children.pop(name, None)
        if child:
            child.wait()
        self._settled.discard(str(name))
        if not cgroups.remove(groups):
            raise LaunchError(f"something is left in the control group of `{name}`; end it by hand")
        self._records.remove(name)

    def _strays(self, marks: Marks, known: Mapping[PodName, Observed]) -> dict[PodName, Observed]:
        """What carries our mark without a record: somebody lost the state folder, not the process."""
        strays = {}
        for mark, process in marks.items():
            owner, _, text = mark.rpartition(":")
            try:
                name = PodName.parse(text)
            except AgentError:
                continue
            if owner == str(self.state) and name not in known and process.is_running():
                kind = Kind.SERVER if name.participant == SERVER else Kind.CLIENT
                strays[name] = Observed(ref=Ref(name=name, handle=str(process.pid)), kind=kind, life=Life.RUNNING)
        return strays


def _ref(record: Record) -> Ref:
    return Ref(name=record.pod, handle=str(record.pid) if record.pid else "")


def _observed(record: Record, life: Life) -> Observed:
    return Observed(
        ref=_ref(record),
        kind=record.kind,
        life=life,
        exit_code=record.exit_code,
        out_of_memory=bool(record.memory),
        trouble=out_of_memory(record.memory) if record.memory else None,
    )

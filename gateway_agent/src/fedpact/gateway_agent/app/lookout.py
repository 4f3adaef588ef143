"""
The launcher as several reconcilers share it.

Looking at every process of a machine costs tens of milliseconds, so those who ask at the same time share one look.
After an own launch or stop nobody is answered with an older one.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fedpact.gateway_agent.app.ports import Launcher, Life, Observed, Ref
from fedpact.gateway_agent.domain.errors import LaunchError
from fedpact.gateway_agent.domain.pods import Pod, PodName
from fedpact.gateway_agent.domain.steps import Seen
from fedpact.gateway_agent.domain.workload import Workload

View = Mapping[PodName, Observed]


@dataclass(slots=True)
class Lookout:
    """`ticks` is a clock that never goes back; a look no older than `tolerance` seconds is good enough."""

    launcher: Launcher
    ticks: Callable[[], float]
    tolerance: float = 0.5
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _began: float = float("-inf")
    _changed: float = float("-inf")
    _view: View = field(default_factory=dict)

    async def see(self) -> View:
        """Every workload of ours."""
        asked = self.ticks() - self.tolerance
        async with self._lock:
            if self._began <= max(asked, self._changed):
                began = self.ticks()
                self._view = {one.name: one for one in await self.launcher.observe()}
                self._began = began
            return self._view

    async def launch(self, pod: Pod) -> None:
        """Starts `pod`; whatever goes wrong on the way, nothing of it stays."""
        ref = Ref(name=pod.name)
        try:
            async for checkpoint in self.launcher.launch(pod):
                ref = checkpoint.ref
        except LaunchError:
            await self.stop(ref.name)
            raise
        finally:
            self._changed = self.ticks()

    async def stop(self, name: PodName) -> None:
        """Ends a workload and everything it started."""
        try:
            await self.launcher.stop(Ref(name=name))
        finally:
            self._changed = self.ticks()


def key_of(name: PodName) -> str:
    """The key of the participant that a workload is of."""
    return f"{name.spec_id}/{name.participant}"


def seen_of(view: View, name: PodName) -> Seen | None:
    """The process of one participant."""
    found = view.get(name)
    if found is None:
        return None
    return Seen(
        runs=found.life is Life.RUNNING,
        exit_code=found.exit_code,
        out_of_memory=found.out_of_memory,
        trouble=found.trouble,
    )


def strays_of(view: View, key: str, said: Workload | None) -> tuple[PodName, ...]:
    """Workloads under `key` that nothing that was said vouches for."""
    known = said.name if said and not said.over else None
    return tuple(name for name in view if key_of(name) == key and name != known)

"""
Workloads as containers of a Docker engine.

Everything of a workload carries its labels, so the next agent finds what the last one left, whole or half: a container
that was created and not started, or volumes without a container, are observed as exited. The engine outlives the agent
and so do the containers; only their consoles have to be followed anew.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from aiodocker import Docker, DockerError
from aiodocker.containers import DockerContainer

from fedpact.gateway_agent.adapters import cargo
from fedpact.gateway_agent.adapters.docker_engine import Engine, refusals
from fedpact.gateway_agent.adapters.docker_state import ENDED, left_over, observed, short_id
from fedpact.gateway_agent.adapters.followers import Console, Followers
from fedpact.gateway_agent.adapters.registries import Registries
from fedpact.gateway_agent.app.ports import Checkpoint, Observed, Ref, Stage
from fedpact.gateway_agent.domain import containers, marks
from fedpact.gateway_agent.domain.containers import LOG, SEALED, Yard
from fedpact.gateway_agent.domain.errors import ImageMissingError, LaunchError
from fedpact.gateway_agent.domain.pods import Pod, PodName

GRACE = 10
"""Seconds between asking a container to end and killing it."""
EVERYTHING = "the site's containers"


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerLauncher:
    """Containers of the agent that `yard` names; get one by `connected`, and close it."""

    docker: Docker
    yard: Yard
    limits_enforced: tuple[str, ...] = ()
    registries: Registries = field(default_factory=Registries)
    grace: int = GRACE
    _consoles: Followers = field(default_factory=lambda: Followers((DockerError, OSError)), init=False)
    _networks: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    """Held so that nobody takes a network away from a container that is about to join it."""

    @classmethod
    async def connected(
        cls, yard: Yard, *, url: str | None = None, credentials: Path | None = None, grace: int = GRACE
    ) -> Self:
        """A launcher on the engine at `url`; `credentials` is a file as `docker login` writes it."""
        try:
            docker = Docker(url)
        except (AssertionError, ValueError) as error:
            raise LaunchError("no container engine was found; name the socket of one") from error
        try:
            with refusals("its own description"):
                limits = (*containers.enforced(await docker.system.info()), *yard.limits)
        except LaunchError:
            await docker.close()
            raise
        registries = Registries(credentials)
        return cls(docker=docker, yard=yard, limits_enforced=limits, registries=registries, grace=grace)

    async def close(self) -> None:
        """Let go of the engine. What runs goes on."""
        await self._consoles.close()
        await self.docker.close()

    async def launch(self, pod: Pod) -> AsyncIterator[Checkpoint]:
        await self._have_image(pod.image)
        with refusals(str(pod.name)):
            container = await self._create(pod)
        ref = Ref(name=pod.name, handle=short_id(container.id))
        yield Checkpoint(ref=ref, stage=Stage.RESERVED)
        with refusals(str(pod.name)):
            await self._start(pod, container)
        yield Checkpoint(ref=ref, stage=Stage.RUNNING)

    async def observe(self) -> Sequence[Observed]:
        mine = {marks.AGENT: self.yard.agent}
        with refusals(EVERYTHING):
            there = await self._engine.containers(mine)
            told = [one for one in await asyncio.gather(*map(self._engine.told, there)) if one]
            volumes = await self._engine.volumes(mine)
        found = {name: left_over(name) for one in volumes if (name := marks.name_in(one["Labels"]))}
        found |= {one.name: one for one in map(observed, told) if one}
        for one in told:
            await self._listen(one)
        return [found[name] for name in sorted(found, key=str)]

    async def stop(self, ref: Ref) -> None:
        mine = marks.labels(self.yard.agent, ref.name)
        with refusals(str(ref.name)):
            for container in await self._engine.containers(mine):
                await self._engine.end(container, self.grace)
                await self._consoles.forget(container.id)
            for volume in await self._engine.volumes(mine):
                await self._engine.remove_volume(volume["Name"])
            await self._leave_network(ref.name)

    @property
    def _engine(self) -> Engine:
        return Engine(self.docker)

    async def _have_image(self, image: str) -> None:
        if not containers.is_pinned(image):
            raise ImageMissingError(f"`{image}` pins no image; name one as `registry/name@sha256:...`")
        with refusals(image):
            if await self._engine.has_image(image):
                return
        login = await asyncio.to_thread(self.registries.login, containers.registry_of(image))
        await self._engine.pull(image, login)

    async def _create(self, pod: Pod) -> DockerContainer:
        document, name = containers.container(pod, self.yard), marks.object_name(self.yard.agent, pod.name)
        async with self._networks:
            await self._engine.have_network(containers.network(self.yard, pod.name))
            for neighbour, alias in self.yard.neighbours.items():
                await self._engine.bring(marks.activation_name(self.yard.agent, pod.name), neighbour, alias)
            return await self._engine.create(name, document, taken=str(pod.name))

    async def _start(self, pod: Pod, container: DockerContainer) -> None:
        archives = await asyncio.to_thread(_packed, pod, self.yard.group)
        for folder, archive in archives.items():
            await container.put_archive(str(folder), archive)
        for network in self.yard.networks:
            await self._engine.join_network(network, container)
        await container.start()
        self._consoles.follow(container.id, _console(container), pod.log)

    async def _leave_network(self, name: PodName) -> None:
        async with self._networks:
            if not await self._engine.containers(marks.activation(self.yard.agent, name)):
                network = marks.activation_name(self.yard.agent, name)
                await self._engine.remove_network(network, guests=self.yard.neighbours)

    async def _listen(self, told: Mapping[str, Any]) -> None:
        """Also to what an earlier agent started, and to what has ended: that is when its console is wanted."""
        container, log = self.docker.containers.container(told["Id"]), Path(told["Config"]["Labels"][LOG])
        if told["State"]["Running"]:
            self._consoles.follow(container.id, _console(container), log)
        elif told["State"]["Status"] in ENDED:
            await self._consoles.read_out(container.id, _console(container), log)


def _console(container: DockerContainer) -> Console:
    return lambda: container.log(stdout=True, stderr=True, follow=True)


def _packed(pod: Pod, group: int) -> dict[Path, bytes]:
    return {pod.kit / part: cargo.packed(cargo.contents(pod.kit / part), group) for part in SEALED}

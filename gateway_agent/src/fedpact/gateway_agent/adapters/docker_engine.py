"""
The few things that are asked of a Docker engine, with its refusals as errors of ours.

What is to be removed may be gone already: engines are also cleaned by people.
"""

import json
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from aiodocker import Docker, DockerError
from aiodocker.containers import DockerContainer
from aiodocker.networks import DockerNetwork
from aiodocker.volumes import DockerVolume

from fedpact.gateway_agent.domain.containers import Json
from fedpact.gateway_agent.domain.errors import AlreadyThereError, ImageMissingError, LaunchError
from fedpact.gateway_agent.domain.marks import selector

ALREADY, FORBIDDEN, NOT_FOUND, CONFLICT, FAILED, NO_ENGINE = 304, 403, 404, 409, 500, 900


@contextmanager
def refusals(what: str, error: type[LaunchError] = LaunchError) -> Iterator[None]:
    """Turns what the engine answers about `what` into `error`."""
    try:
        yield
    except TimeoutError as late:
        raise error(f"the container engine did not answer in time about `{what}`") from late
    except DockerError as refused:
        if refused.status == NO_ENGINE:
            raise error("the container engine does not answer; see whether it runs") from refused
        raise error(f"the container engine refuses `{what}`: {_one_line(refused.message)}") from refused


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine, spoken to in our words. Closing is up to whoever opened `docker`."""

    docker: Docker

    async def has_image(self, reference: str) -> bool:
        try:
            await self.docker.images.inspect(reference)
        except DockerError as error:
            if error.status != NOT_FOUND:
                raise
            return False
        return True

    async def pull(self, reference: str, login: str | None) -> None:
        """Fetch an image that is not here."""
        if reference.startswith("sha256:"):
            raise ImageMissingError(f"the image `{reference}` is not on this engine, and its id names no registry")
        with refusals(reference, ImageMissingError):
            await self.docker.images.pull(reference, auth=login)

    async def create(self, name: str, document: Json, taken: str) -> DockerContainer:
        """A container that is not started. Raises `AlreadyThereError` for `taken` when there is one of its name."""
        try:
            return await self.docker.containers.create(document, name=name)
        except DockerError as error:
            if error.status == CONFLICT:
                raise AlreadyThereError(taken) from error
            raise

    async def containers(self, labels: Mapping[str, str]) -> list[DockerContainer]:
        """All that carry these labels, whatever became of them."""
        return await self.docker.containers.list(all="true", filters=_filter(labels))

    async def told(self, container: DockerContainer) -> Mapping[str, Any] | None:
        """All the engine says of it; nothing when it went meanwhile."""
        try:
            return await container.show()
        except DockerError as error:
            if error.status != NOT_FOUND:
                raise
            return None

    async def end(self, container: DockerContainer, grace: int) -> None:
        """Ask it to end, kill it after `grace` seconds, and remove it."""
        await _gone(container.stop(t=grace))
        await _gone(container.delete(force=True, v=True))

    async def volumes(self, labels: Mapping[str, str]) -> list[Mapping[str, Any]]:
        found = await self.docker.volumes.list(filters={"label": list(selector(labels))})
        return found["Volumes"] or []

    async def remove_volume(self, name: str) -> None:
        await _gone(DockerVolume(self.docker, name).delete(force=True))

    async def have_network(self, wanted: Json) -> None:
        """A network of that name, made when there is none."""
        try:
            await self.docker.networks.create(wanted)
        except DockerError as error:
            if error.status != CONFLICT:
                raise

    async def join_network(self, name: str, container: DockerContainer) -> None:
        await DockerNetwork(self.docker, name).connect({"Container": container.id})

    async def bring(self, network: str, container: str, alias: str) -> None:
        """Have `container` in `network`, known there as `alias`; fine where it is there already."""
        endpoint = {"Container": container, "EndpointConfig": {"Aliases": [alias]}}
        try:
            await DockerNetwork(self.docker, network).connect(endpoint)
        except DockerError as error:
            if error.status != FORBIDDEN or "already exists" not in error.message:
                raise

    async def remove_network(self, name: str, guests: Iterable[str] = ()) -> None:
        """Remove it, once `guests` have left: an engine keeps a network that somebody is in."""
        network = DockerNetwork(self.docker, name)
        for guest in guests:
            try:
                await network.disconnect({"Container": guest, "Force": True})
            except DockerError as error:
                if error.status not in (NOT_FOUND, FORBIDDEN, FAILED):
                    raise
        await _gone(network.delete())


async def _gone(removal: Awaitable[object]) -> None:
    try:
        await removal
    except DockerError as error:
        if error.status not in (NOT_FOUND, ALREADY):
            raise


def _filter(labels: Mapping[str, str]) -> str:
    return json.dumps({"label": list(selector(labels))})


def _one_line(text: str) -> str:
    """An engine's refusal may have the output of its own runtime below the first line."""
    return " ".join(text.strip().splitlines()[:1])

"""One custodian of a local run: its data access layer on a port of this machine, its token, its mapping."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Self

from fedpact.chassis.clock import Clock
from fedpact.contracts.dal import OpenActivation
from fedpact.dal_service import main as dal
from fedpact.dal_service.settings import Settings
from fedpact.gateway_agent.adapters.dal_admin import DalAdmin
from fedpact.gateway_agent.adapters.gateway_key import DalTokens, gateway_key
from fedpact.gateway_agent.domain.admission import activation_of
from fedpact.gateway_agent.domain.pods import DataAccess, PodName
from fedpact.model_tools.pact import LIFETIME, Part

KEY = "gateway.key"


@dataclass(slots=True, kw_only=True)
class Custodian:
    """`folder` is its own, `data` what it offers: a file, or a folder. Used as `async with`."""

    part: Part
    data: Path
    folder: Path
    clock: Clock
    _serving: asyncio.Task[None] | None = None
    _closing: asyncio.Event = field(default_factory=asyncio.Event)
    _port: asyncio.Future[int] | None = None

    async def __aenter__(self) -> Self:
        self.folder.mkdir(mode=0o700)
        gateway_key(self.folder / KEY)
        self._port = asyncio.get_running_loop().create_future()
        self._serving = asyncio.create_task(self._serve(self._port))
        await asyncio.wait([self._port])
        if self._port.cancelled():
            await self._serving
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        if self._serving:
            await self._serving

    async def opened(self, name: PodName, access: OpenActivation) -> DataAccess:
        """The door to the data for the participant `name`, as far as `access` goes."""
        assert self._port is not None
        admin = DalAdmin(self._settings().admin_socket)
        await admin.map(self.part.dataset, f"{self.data}/" if self.data.is_dir() else str(self.data))
        told = await admin.open(activation_of(name), access)
        tokens = DalTokens(
            gateway=self.part.gateway,
            key=gateway_key(self.folder / KEY),
            lifetime=LIFETIME + timedelta(hours=1),
            now=self.clock.now,
        )
        token = tokens.mint(activation_of(name), [self.part.dataset])
        return DataAccess(url=f"http://127.0.0.1:{self._port.result()}", token=token, datasets=told.addresses)

    async def _serve(self, port: asyncio.Future[int]) -> None:
        try:
            async with dal.compose(self._settings(), self.clock).serving() as listening:
                port.set_result(listening)
                await self._closing.wait()
        finally:
            port.cancel()

    def _settings(self) -> Settings:
        return Settings(
            gateway=self.part.gateway,
            sources_files_folder=(self.data.parent,),
            state_folder=self.folder,
            admin_socket=self.folder / "admin",
            agent_keys=self.folder / f"{KEY}.pub",
            host="127.0.0.1",
            port=0,
        )

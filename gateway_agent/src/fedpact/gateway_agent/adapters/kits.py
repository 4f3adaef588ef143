"""
Startup kits on disk: the pure contents of `domain.kits`, the participant's own key, its certificate.

Only the kit's root is written by FLARE; `startup` and `local` hold what it may do, so they are written by us alone.
"""

import asyncio
import json
import shutil
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from fedpact.gateway_agent.adapters import files
from fedpact.gateway_agent.adapters.authority import key_file
from fedpact.gateway_agent.app.ports import Identity
from fedpact.gateway_agent.domain import kits
from fedpact.gateway_agent.domain.errors import KitError
from fedpact.gateway_agent.domain.kits import Files, Joint, Terms
from fedpact.gateway_agent.domain.pods import Place, PodName, activation_folder, place_of


@dataclass(frozen=True, slots=True)
class FileKits:
    """Kits under the agent's own folder."""

    root: Path

    async def server(self, name: PodName, joint: Joint, terms: Terms, identity: Identity) -> Path:
        contents = kits.server_files(joint, terms, store=self._place(name).kit / "store")
        return await asyncio.to_thread(self._build_site, name, contents, identity)

    async def admin(self, name: PodName, joint: Joint, identity: Identity) -> Path:
        return await asyncio.to_thread(self._build, name, kits.admin_files(joint), identity)

    async def client(self, name: PodName, joint: Joint, terms: Terms, identity: Identity) -> Path:
        contents = kits.client_files(joint, terms, site=name.participant)
        return await asyncio.to_thread(self._build_site, name, contents, identity)

    async def wipe(self, name: PodName) -> None:
        folder = activation_folder(self.root, name)
        await asyncio.to_thread(_remove, self._place(name).root)
        await asyncio.to_thread(_remove_empty, folder, folder.parent)

    async def wipe_activation(self, name: PodName) -> None:
        folder = activation_folder(self.root, name)
        await asyncio.to_thread(_remove, folder)
        await asyncio.to_thread(_remove_empty, folder.parent)

    def _place(self, name: PodName) -> Place:
        return place_of(self.root, name)

    def _build_site(self, name: PodName, contents: Files, identity: Identity) -> Path:
        """The kit of one in whom jobs run."""
        kit = self._build(name, contents, identity)
        files.write(kit / kits.PROGRAM, _job_processes())
        return kit

    def _build(self, name: PodName, contents: Files, identity: Identity) -> Path:
        place, key = self._place(name), key_file(self.root, name)
        if not key.exists():
            raise KitError(f"`{name}` has no key; request its certificate first")
        for path, content in contents.items():
            files.write(place.kit / path, json.dumps(content, indent=1))
        files.write(key.with_suffix(".crt"), identity.certificate)
        files.write(place.kit / "startup" / "rootCA.pem", identity.root_ca)
        files.folder(place.kit / "transfer")
        files.folder(place.scratch)
        return place.kit


def _job_processes() -> str:
    """The module's text: the agent itself never loads FLARE."""
    return resources.files("fedpact.gateway_agent.adapters").joinpath("job_processes.py").read_text()


def _remove(path: Path) -> None:
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        return


def _remove_empty(*folders: Path) -> None:
    """Removes `folders`, innermost first, up to the first that still holds something."""
    for one in folders:
        try:
            one.rmdir()
        except OSError:
            return

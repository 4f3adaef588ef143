"""
Whom this site believes, in a folder of files that its operator writes; read again whenever one of them changes.

    policy-service.pub.pem          the policy service's key, pinned
    owners/<organization>/*.pem     the keys that an organization's owners sign policies with
    veto.json                       what is not run here, whatever the policies say

A file that cannot be read is not skipped: without it the site could run what its operator forbade.
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from fedpact.chassis.errors import UnavailableError
from fedpact.contracts.envelope import Strict
from fedpact.decision import keys
from fedpact.decision.errors import KeyFormatError
from fedpact.decision.grants import Trust, Veto
from fedpact.decision.keys import PublicKey
from fedpact.gateway_agent.domain.errors import VetoUnreadableError

log = logging.getLogger(__name__)
SERVICE = "policy-service.pub.pem"
OWNERS = "owners"
VETO = "veto.json"
Stamp = tuple[tuple[str, int, int], ...]


class VetoFile(Strict):
    """What is not run here. Models are `<id>` or `<id>@<version>`."""

    users: frozenset[str] = frozenset()
    organizations: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    digests: frozenset[str] = frozenset()
    datasets: frozenset[str] = frozenset()
    policies: frozenset[str] = frozenset()
    specs: frozenset[str] = frozenset()

    def veto(self) -> Veto:
        return Veto(**self.model_dump())


@dataclass(slots=True)
class TrustFolder:
    """The trust of `gateway`, in `folder`."""

    gateway: str
    folder: Path
    allow_unsigned: bool = False
    _known: tuple[Stamp, Trust] | None = field(default=None, init=False)

    async def trust(self) -> Trust:
        return await asyncio.to_thread(self._trust)

    async def veto(self) -> Veto:
        return await asyncio.to_thread(self._veto)

    def _trust(self) -> Trust:
        stamp = self._stamp()
        if self._known is None or self._known[0] != stamp:
            self._known = (stamp, self._read())
        return self._known[1]

    def _files(self) -> list[Path]:
        own = [path for path in (self.folder / SERVICE, self.folder / VETO) if path.exists()]
        return [*own, *sorted((self.folder / OWNERS).glob("*/*.pem"))]

    def _stamp(self) -> Stamp:
        return tuple((str(path), found.st_mtime_ns, found.st_size) for path in self._files() for found in [path.stat()])

    def _read(self) -> Trust:
        try:
            return Trust(
                gateway=self.gateway,
                policy_service=_keys([self.folder / SERVICE]) if (self.folder / SERVICE).exists() else {},
                owners=self._owners(),
                datasets=frozenset(),
                veto=self._veto(),
                allow_unsigned=self.allow_unsigned,
            )
        except OSError as error:
            raise UnavailableError(f"the trust folder cannot be read: {error.strerror}") from error

    def _owners(self) -> Mapping[str, Mapping[str, PublicKey]]:
        found: dict[str, list[Path]] = {}
        for path in self._files():
            if path.parent.parent == self.folder / OWNERS:
                found.setdefault(path.parent.name, []).append(path)
        return {organization: _keys(paths) for organization, paths in found.items()}

    def _veto(self) -> Veto:
        try:
            return _vetoed(self.folder / VETO)
        except VetoUnreadableError as error:
            log.warning("nothing is run here", extra={"reason": error.reason})
            raise


def _vetoed(path: Path) -> Veto:
    try:
        return VetoFile.model_validate(json.loads(path.read_text())).veto() if path.exists() else Veto()
    except ValidationError as error:
        raise VetoUnreadableError(_first_problem(error)) from error
    except (OSError, ValueError) as error:
        raise VetoUnreadableError("it is not JSON" if isinstance(error, ValueError) else "no access") from error


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    member = ".".join(str(part) for part in first["loc"])
    return f"`{member}`: {first['msg'].lower()}" if member else first["msg"].lower()


def _keys(paths: list[Path]) -> Mapping[str, PublicKey]:
    return keys.by_id(_key(path) for path in paths)


def _key(path: Path) -> PublicKey:
    try:
        return keys.public_from_pem(path.read_bytes())
    except KeyFormatError as error:
        raise UnavailableError(f"`{path}`: {error.reason}") from error

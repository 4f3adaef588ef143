"""
Whom this site believes, in a folder of files that its operator writes; read again whenever one of them changes.

    policy-service.pub.pem          the policy service's key, pinned
    owners/<organization>/*.pem     the keys that an organization's owners sign policies with
    veto.json                       what is not run here, whatever the policies say

A veto that cannot be read stops everything: without it the site could run what its operator forbade. A key that cannot
be read vouches for nothing, and who needs it is told which file is to be mended; the keys of others hold.
"""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from fedpact.chassis.errors import UnavailableError
from fedpact.contracts.envelope import Strict
from fedpact.contracts.mistakes import first_misfit
from fedpact.decision import keys
from fedpact.decision.errors import KeyFormatError
from fedpact.decision.grants import POLICY_SERVICE, Trust, Veto
from fedpact.decision.keys import PublicKey
from fedpact.gateway_agent.domain.errors import VetoUnreadableError

log = logging.getLogger(__name__)
SERVICE = "policy-service.pub.pem"
OWNERS = "owners"
VETO = "veto.json"
MENDED = "this gateway's operator has to mend what cannot be read as a key:"
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

    async def problem(self) -> str | None:
        """What of it cannot be read, for readiness; `None` when all can."""
        try:
            unread = (await self.trust()).unread
        except (VetoUnreadableError, UnavailableError) as error:
            return str(error)
        return "; ".join(unread[whose] for whose in sorted(unread)) or None

    def _trust(self) -> Trust:
        try:
            stamp = self._stamp()
            if self._known is None or self._known[0] != stamp:
                self._known = (stamp, self._read())
            return self._known[1]
        except OSError as error:
            raise UnavailableError(f"the trust folder cannot be read: {error.strerror}") from error

    def _stamp(self) -> Stamp:
        own = [path for path in (self.folder / VETO,) if path.exists()]
        files = ((path, path.stat()) for path in (*own, *self._key_files()))
        return tuple((str(path), found.st_mtime_ns, found.st_size) for path, found in files)

    def _key_files(self) -> list[Path]:
        own = [path for path in (self.folder / SERVICE,) if path.exists()]
        return [*own, *sorted((self.folder / OWNERS).glob("*/*.pem"))]

    def _read(self) -> Trust:
        veto, found = self._veto(), [_key(path) for path in self._key_files()]
        believed, unread = _believed(found), _unread(found)
        for text in unread.values():
            log.warning("a key is not believed", extra={"reason": text})
        return Trust(
            gateway=self.gateway,
            policy_service=believed.pop(POLICY_SERVICE, {}),
            owners=believed,
            datasets=frozenset(),
            unread=unread,
            veto=veto,
            allow_unsigned=self.allow_unsigned,
        )

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
    first = first_misfit(error)
    return f"`{first.path}`: {first.text}" if first.path else first.text


@dataclass(frozen=True, slots=True)
class _KeyFile:
    """A file of `whose` keys: a key, or what is wrong with it."""

    whose: str
    name: str
    key: PublicKey | None = None
    wrong: str = ""


def _key(path: Path) -> _KeyFile:
    whose = POLICY_SERVICE if path.name == SERVICE else path.parent.name
    name = path.name if whose == POLICY_SERVICE else f"{OWNERS}/{whose}/{path.name}"
    try:
        return _KeyFile(whose, name, key=keys.public_from_pem(path.read_bytes()))
    except KeyFormatError as error:
        return _KeyFile(whose, name, wrong=error.reason)
    except OSError as error:
        return _KeyFile(whose, name, wrong=(error.strerror or "no access").lower())


def _believed(found: Sequence[_KeyFile]) -> dict[str, Mapping[str, PublicKey]]:
    whose = sorted({one.whose for one in found})
    return {one: keys.by_id(file.key for file in found if file.whose == one and file.key) for one in whose}


def _unread(found: Sequence[_KeyFile]) -> Mapping[str, str]:
    told: dict[str, list[str]] = {}
    for one in found:
        if one.wrong:
            told.setdefault(one.whose, []).append(f"`{one.name}` ({one.wrong})")
    return {whose: f"{MENDED} {', '.join(files)}" for whose, files in told.items()}

"""The credentials for the bus in a file, and beside it the key that will follow, as `.<name>.next`."""

from dataclasses import dataclass
from pathlib import Path

from fedpact.decision import nats_jwt
from fedpact.decision.nkeys import Kind, NKey
from fedpact.gateway_agent.adapters import files


@dataclass(frozen=True, slots=True)
class CredentialsFile:
    path: Path

    def current(self) -> tuple[str, NKey]:
        return nats_jwt.parts(self.path.read_text())

    def following(self) -> NKey:
        if not self._next.exists():
            files.write(self._next, NKey.generate(Kind.USER).seed)
        return NKey.from_seed(self._next.read_text())

    def use(self, jwt: str, key: NKey) -> None:
        files.write(self.path, nats_jwt.credentials(jwt, key.seed))
        self._next.unlink(missing_ok=True)

    @property
    def _next(self) -> Path:
        return self.path.with_name(f".{self.path.name}.next")

"""Where an embedded federation keeps its things, below one folder."""

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Layout:
    """`root` holds everything but the sockets, whose paths have to be short."""

    root: Path

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def ports(self) -> Path:
        return self.root / "ports.json"

    @property
    def running(self) -> Path:
        """Who supervises, while it does."""
        return self.root / "running.json"

    @property
    def lock(self) -> Path:
        """Held, and naming its holder, as long as somebody runs or starts the federation."""
        return self.root / "up.lock"

    @property
    def nats_config(self) -> Path:
        return self.root / "nats" / "nats.conf"

    @property
    def bus_tls(self) -> Path:
        """`server.pem`, `server.key` and `ca.pem`, where the bus speaks TLS."""
        return self.root / "nats" / "tls"

    @property
    def bus_ca(self) -> Path | None:
        """Whose certificate the bus shows, where it shows one."""
        path = self.bus_tls / "ca.pem"
        return path if path.exists() else None

    @property
    def jetstream(self) -> Path:
        """What the streams hold."""
        return self.root / "nats" / "jetstream"

    @property
    def mongo(self) -> Path:
        return self.root / "mongo"

    @property
    def databases(self) -> Path:
        return self.mongo / "data"

    @property
    def hub(self) -> Path:
        """What hub services keep beside their databases."""
        return self.root / "hub"

    def site(self, gateway: str) -> Path:
        """All that belongs to one custodian, or to the orchestrator."""
        return self.root / "sites" / gateway

    def data(self, gateway: str) -> Path:
        """The allowed root of a gateway's datasets."""
        return self.site(gateway) / "data"

    def inbox(self, gateway: str) -> Path:
        """What lies here can be proposed as a dataset through the portal."""
        return self.data(gateway) / "inbox"

    @property
    def sockets(self) -> Path:
        """A short path of this user's own: a socket's has at most 107 bytes."""
        mark = hashlib.sha256(str(self.root).encode()).hexdigest()[:10]
        return Path(tempfile.gettempdir()) / f"fedpact-{os.getuid()}-{mark}"

    def agent_socket(self, gateway: str) -> Path:
        """Where a custodian registers datasets."""
        return self.sockets / f"agent-{gateway}.sock"

    def make(self) -> None:
        """Create the folders below `root`, closed to others."""
        for folder in (self.root, self.secrets, self.logs, self.mongo, self.hub, self.nats_config.parent):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def make_sockets(self) -> None:
        """Create the sockets' folder, for whoever removes it again with `remove_sockets`."""
        self.sockets.mkdir(exist_ok=True, mode=0o700)
        made = self.sockets.lstat()
        if made.st_uid != os.getuid() or made.st_mode & 0o077:
            raise PermissionError(f"{self.sockets} is not closed to others: remove it")

    def remove_sockets(self) -> None:
        """Leave nothing outside of `root`; what was killed may have left its socket."""
        shutil.rmtree(self.sockets, ignore_errors=True)


def write_secret(path: Path, text: str) -> None:
    """Write a file only its owner can read, in one step."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f".{path.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    part.replace(path)

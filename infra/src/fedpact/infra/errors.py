"""
What can go wrong with a federation on one machine, one tree.

    MachineError
    ├── AlreadyRunningError   one federation at a time a folder
    ├── NotRunningError       none runs there
    ├── FolderError           the folder cannot be used
    ├── PortTakenError        somebody else listens there
    ├── OutOfStepError        streams and databases are of different moments
    ├── NoModelsError         there are no model packages
    ├── NotStartedError       a program did not become ready
    ├── NotStoppedError       it was told to stop and goes on
    ├── AuthorityError        the certificate authority is not there, or was asked for something else
    └── ReservedNameError     the name of a gateway or system is one of the hub's own

Every text says what to do next.
"""

from pathlib import Path
from typing import ClassVar

from fedpact.client.errors import FedpactError


class MachineError(FedpactError):
    """A federation on this machine cannot be started, found or stopped."""

    slug: ClassVar[str] = "machine"


class AlreadyRunningError(MachineError):
    """One federation at a time a folder."""

    slug: ClassVar[str] = "already_running"

    def __init__(self, folder: Path, url: str) -> None:
        where = f" at {url}" if url else " and is being started"
        super().__init__(
            f"a federation runs already in `{folder}`{where}: use it, stop it with `fedpact down --folder {folder}`,"
            " or start another with `--folder`"
        )


class NotRunningError(MachineError):
    """None runs there."""

    slug: ClassVar[str] = "not_running"

    def __init__(self, folder: Path) -> None:
        super().__init__(f"nothing runs in `{folder}`: start it with `fedpact up --folder {folder}`")


class FolderError(MachineError):
    """The folder cannot be used."""

    slug: ClassVar[str] = "folder"

    def __init__(self, folder: Path, error: OSError) -> None:
        cause = (error.strerror or str(error)).lower()
        super().__init__(
            f"`{folder}` cannot be used ({cause}): name a folder that you may write with `--folder`, or give yourself"
            " the right to"
        )


class PortTakenError(MachineError):
    """Somebody else listens there."""

    slug: ClassVar[str] = "port_taken"

    def __init__(self, port: int, holder: str) -> None:
        super().__init__(
            f"port {port} is taken by {holder}: end that, or give the portal another port with `--port`"
            " (without it a free one is chosen)"
        )


class OutOfStepError(MachineError):
    """Streams and databases are of different moments: one would miss news of the other, and nobody would notice."""

    slug: ClassVar[str] = "out_of_step"

    def __init__(self, streams: Path, databases: Path, told: str) -> None:
        super().__init__(
            f"{told}: together they would lose news. Restore `{streams}` and `{databases}` from the same backup, or"
            f" remove both (`rm -r {streams} {databases}`) to begin with an empty hub; gateways keep their data and"
            " everybody their keys"
        )


class NoModelsError(MachineError):
    """There are no model packages."""

    slug: ClassVar[str] = "no_models"


class NotStartedError(MachineError):
    """A program did not become ready."""

    slug: ClassVar[str] = "not_started"

    def __init__(self, cause: str, logs: Path) -> None:
        super().__init__(f"not everything became ready ({cause}): read why in `{logs}`, then `fedpact up` again")


class NotStoppedError(MachineError):
    """It was told to stop and goes on."""

    slug: ClassVar[str] = "not_stopped"

    def __init__(self, pid: int, seconds: float, logs: Path) -> None:
        super().__init__(
            f"process {pid} was told to stop and goes on after {seconds:.0f} s: see `{logs}`, then `kill -9 {pid}` and"
            " `fedpact down` again"
        )


class NotFilledError(MachineError):
    """The hub does not come to know what gateways and people told it."""

    slug: ClassVar[str] = "not_filled"

    def __init__(self, seconds: float, logs: Path) -> None:
        super().__init__(f"the hub did not hear of all within {seconds:.0f} s: see `{logs}`, then `fedpact fill` again")


class ReservedNameError(MachineError):
    """The name of a gateway or system is one of the hub's own."""

    slug: ClassVar[str] = "reserved_name"

    def __init__(self, name: str) -> None:
        super().__init__(f"`{name}` is a name of the hub's own, or taken: choose another id for the gateway or system")


class AuthorityError(MachineError):
    """The certificate authority is not there, or was asked for something it does not do."""

    slug: ClassVar[str] = "authority"

"""
What the process launcher has launched, one JSON file a workload, written before and after each step.

Written before the spawn, so that no process can exist that is not written down; a record without a process id is
looked up by its mark. A record goes only when nothing of the workload is left.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from fedpact.gateway_agent.adapters import files
from fedpact.gateway_agent.domain.pods import Kind, PodName


class Record(BaseModel):
    """One launch. `pid` is 0 until the process exists."""

    model_config = ConfigDict(frozen=True)

    name: str
    kind: Kind
    kit: Path
    pid: int = 0
    created: float = 0.0
    """When the process began, to tell it from a later one of the same number."""
    cpu: float = 1.0
    """Its share of the cores."""
    groups: tuple[Path, ...] = ()
    """The control groups it is held by."""
    ended: bool = False
    exit_code: int | None = None
    memory: int = 0
    """The megabytes that were not enough for it, when that is why it ended."""

    @property
    def pod(self) -> PodName:
        return PodName.parse(self.name)


@dataclass(frozen=True, slots=True)
class Records:
    """The records in `folder`."""

    folder: Path

    def get(self, name: PodName) -> Record | None:
        try:
            return Record.model_validate_json(self._path(name).read_bytes())
        except FileNotFoundError:
            return None

    def put(self, record: Record) -> Record:
        files.write(self._path(record.pod), record.model_dump_json())
        return record

    def remove(self, name: PodName) -> None:
        self._path(name).unlink(missing_ok=True)

    def all(self) -> Iterator[Record]:
        for path in sorted(self.folder.glob("*.json")):
            try:
                yield Record.model_validate_json(path.read_bytes())
            except FileNotFoundError:
                continue

    def _path(self, name: PodName) -> Path:
        return self.folder / f"{name}.json"

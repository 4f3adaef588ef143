"""
What the agent's core needs beyond FLARE and processes: the DAL, trust, models, rendering, a place for results.

`ports.py` is about workloads, this is about what surrounds them. Whatever does not answer raises the chassis'
`UnavailableError` and is tried again; a refusal is a `DomainError` with a reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fedpact.contracts.dal import ActivationAccess, MappedDataset, OpenActivation
from fedpact.contracts.envelope import Message
from fedpact.contracts.ids import DatasetId
from fedpact.contracts.pact import PinnedModel
from fedpact.contracts.policies import Bounds
from fedpact.contracts.specs import Payload
from fedpact.decision.grants import Trust, Veto
from fedpact.gateway_agent.domain.pods import Place, PodName
from fedpact.gateway_agent.domain.runs import Outcome


class DataDoor(Protocol):
    """The DAL of this gateway, over its admin socket."""

    async def datasets(self) -> Sequence[MappedDataset]:
        """The gateway's own mapping."""
        ...

    async def map(self, dataset: DatasetId, path: str) -> MappedDataset:
        """Serve what lies at `path` as `dataset`, after a look at its shape."""
        ...

    async def unmap(self, dataset: DatasetId) -> None: ...

    async def open(self, activation: str, access: OpenActivation) -> ActivationAccess:
        """Let an activation in; saying it again replaces what was said."""
        ...

    async def revoke(self, activation: str) -> None:
        """End an activation's access. Idempotent."""
        ...


class TrustStore(Protocol):
    """Whom and what this site believes. Read anew whenever its files change."""

    async def trust(self) -> Trust:
        """As of now, without datasets and revisions, which are kept elsewhere."""
        ...

    async def veto(self) -> Veto:
        """What is not run here; to know it takes nothing else of the trust. Raises `VetoUnreadableError`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalModel:
    """A model package at this site whose content was compared with its digest."""

    folder: Path
    code: Path
    """What a workload imports."""
    components: tuple[str, ...]
    image: str = ""
    """What containers of it are made from, pinned by digest; where workloads are processes there is none."""


class Models(Protocol):
    """Model packages at this site."""

    async def find(self, model: PinnedModel) -> LocalModel:
        """The package, its digest computed anew. Raises `ModelMissingError`."""
        ...


class Tokens(Protocol):
    """Keys to this gateway's data."""

    def mint(self, activation: str, datasets: Sequence[DatasetId]) -> str:
        """A DAL token that lives as long as an activation may at the longest."""
        ...


class Journal(Protocol):
    """What workloads write to their consoles, read where they run; nothing of it leaves the site."""

    async def begin(self, log: Path) -> None:
        """Forget what an earlier process of the same participant wrote."""
        ...

    async def registered(self, log: Path) -> bool:
        """Whether a client says that it is registered with its server."""
        ...

    async def port_taken(self, log: Path) -> bool:
        """Whether it says that another holds one of its ports."""
        ...

    async def keep(self, log: Path, name: PodName) -> None:
        """Put a failed participant's log aside for the people of this site, before it is wiped."""
        ...


class Renderers(Protocol):
    """A secure runtime per activation: a process without network and keys."""

    async def start(self, server: PodName, model: LocalModel) -> None:
        """Has one running for the activation."""
        ...

    async def render(
        self, server: PodName, job: str, payload: Payload, *, sites: Mapping[str, str], bounds: Sequence[Bounds]
    ) -> Mapping[str, str]:
        """The files of a job. Raises `RenderRefusedError` with a text for the sender of the payload."""
        ...

    async def end(self, server: PodName) -> None:
        """Ends the activation's; ending nothing is fine."""
        ...


class Parcels(Protocol):
    """Results on their way: fetched into the agent's own folder, then stored, then forgotten."""

    async def job(self, server: PodName, job: str) -> Path | None:
        """The absolute folder of a job that was rendered before."""
        ...

    async def write_job(self, server: PodName, job: str, files: Mapping[str, str]) -> Path:
        """The absolute folder of a rendered job."""
        ...

    def inbox(self, job: str) -> Path:
        """Where the results of a job are to be downloaded to."""
        ...

    async def seal(self, job: str, folder: Path, outcome: Outcome) -> None:
        """The results are all in `folder`."""
        ...

    async def sealed(self, job: str) -> Outcome | None:
        """How the job ended, if its results lie here whole."""
        ...

    async def since(self, job: str) -> float:
        """Seconds since they were sealed."""
        ...

    async def store(self, spec_id: str, job: str) -> None:
        """Hand every file to the jobs service. Raises `UnavailableError`, or `ResultsRefusedError` for good."""
        ...

    async def forget(self, job: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One line of a job's metrics."""

    number: int
    metrics: Mapping[str, float]


class Gauges(Protocol):
    """Metrics a running job writes round by round."""

    async def rounds(self, server: Place, engine_job: str, after: int) -> tuple[Sequence[Round], int]:
        """What was written after the byte `after`, and where to go on."""
        ...

    async def rest(self, results: Path, after: int) -> tuple[Sequence[Round], int]:
        """The same of a job that has ended, in what FLARE handed out of it: it removes the run before it says so."""
        ...


class Telemetry(Protocol):
    """Saying without keeping."""

    async def tell(self, message: Message) -> None: ...

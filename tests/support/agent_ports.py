"""The ports of an agent over what outlives it. Each effect may be the last thing the agent does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agent_directives import KEY_OF_ALL
from agent_site import ROOT, Site

from fedpact.chassis.errors import UnavailableError
from fedpact.chassis.sqlite import SqliteDocuments
from fedpact.contracts.dal import ActivationAccess, MappedDataset, OpenActivation
from fedpact.contracts.envelope import Message
from fedpact.contracts.pact import PinnedModel
from fedpact.contracts.registry import DatasetShape
from fedpact.decision.grants import Trust, Veto
from fedpact.gateway_agent.adapters import certificates
from fedpact.gateway_agent.adapters.scripted import ScriptedLauncher
from fedpact.gateway_agent.app.doors import LocalModel, Round
from fedpact.gateway_agent.app.ports import Identity, Subject
from fedpact.gateway_agent.domain.errors import (
    ModelMissingError,
    RenderRefusedError,
    ResultsRefusedError,
    VetoUnreadableError,
)
from fedpact.gateway_agent.domain.kits import Joint, Terms
from fedpact.gateway_agent.domain.pods import PodName, place_of
from fedpact.gateway_agent.domain.runs import Outcome


@dataclass
class Launch:
    """The scripted launcher, which may also be killed between its checkpoints."""

    site: Site
    inner: ScriptedLauncher
    limits_enforced: tuple[str, ...] = ()

    async def launch(self, pod):
        async for checkpoint in self.inner.launch(pod):
            self.site.fuse.step()
            alive = [n for n in self.site.world.pods if n.participant == pod.name.participant]
            self.site.most_alive = max(self.site.most_alive, len(alive))
            yield checkpoint

    async def observe(self):
        return await self.inner.observe()

    async def stop(self, ref):
        self.site.fuse.step()
        await self.inner.stop(ref)
        self.site.fuse.step()


@dataclass
class Ports:
    """Every other port, over the site."""

    site: Site

    async def request(self, name: PodName) -> str:
        if name not in self.site.keys_made:
            self.site.fuse.step()
            self.site.keys_made[name] = certificates.request_pem(name.participant, KEY_OF_ALL)
            self.site.secrets.append(str(name))
            self.site.fuse.step()
        return self.site.keys_made[name]

    async def server(self, name: PodName, joint: Joint, terms: Terms, identity: Identity) -> Path:
        return await self._kit(name)

    async def admin(self, name: PodName, joint: Joint, identity: Identity) -> Path:
        return await self._kit(name)

    async def client(self, name: PodName, joint: Joint, terms: Terms, identity: Identity) -> Path:
        return await self._kit(name)

    async def _kit(self, name: PodName) -> Path:
        await self.site.effect(lambda: self.site.kits.add(name))
        return place_of(ROOT, name).kit

    async def wipe(self, name: PodName) -> None:
        def gone() -> None:
            self.site.kits.discard(name)
            self.site.keys_made.pop(name, None)
            self.site.registered.discard(name)

        await self.site.effect(gone)

    async def wipe_activation(self, name: PodName) -> None:
        def gone() -> None:
            same = lambda one: (one.spec_id, one.generation) == (name.spec_id, name.generation)  # noqa: E731
            self.site.kits = {one for one in self.site.kits if not same(one)}
            self.site.keys_made = {one: key for one, key in self.site.keys_made.items() if not same(one)}
            self.site.roots.pop(name, None)
            self.site.sealed.discard(name)
            self.site.rendered.clear()

        await self.site.effect(gone)

    async def create(self, server: PodName) -> str:
        self.site.roots.setdefault(server, f"root of {server}")
        return self.site.roots[server]

    async def sign(self, server: PodName, subject: Subject, request: str) -> str:
        return f"{subject.name} signed by {self.site.roots[server]}"

    async def seal(self, server: PodName) -> None:
        await self.site.effect(lambda: self.site.sealed.add(server))

    def free_port(self) -> int:
        return 4711

    async def listening(self, host: str, port: int) -> bool:
        return port in self.site.listening

    async def datasets(self) -> Sequence[MappedDataset]:
        self._dal()
        return [MappedDataset(dataset=one, path="/data", address=f"{one}/data.csv") for one in sorted(self.site.mapped)]

    async def map(self, dataset: str, path: str) -> MappedDataset:
        self._dal()
        self.site.mapped.add(dataset)
        return MappedDataset(dataset=dataset, path=path, address=f"{dataset}/x", shape=DatasetShape(rows=3))

    async def unmap(self, dataset: str) -> None:
        self._dal()
        self.site.mapped.discard(dataset)

    async def open(self, activation: str, access: OpenActivation) -> ActivationAccess:
        self._dal()
        await self.site.effect(lambda: self.site.open.__setitem__(activation, access))
        return ActivationAccess(
            activation=activation,
            datasets=access.datasets,
            addresses={one: f"{one}/data.csv" for one in access.datasets},
            valid_until=access.valid_until,
            requester=access.requester,
            model=access.model,
        )

    async def revoke(self, activation: str) -> None:
        self._dal()
        await self.site.effect(lambda: self.site.open.pop(activation, None))

    def _dal(self) -> None:
        if not self.site.dal_up:
            raise UnavailableError("the DAL is away")

    async def find(self, model: PinnedModel) -> LocalModel:
        if not self.site.model_there:
            raise ModelMissingError(f"model `{model.id}` is not here")
        return LocalModel(folder=Path("/models"), code=Path("/models/src"), components=("pkg.",))

    def mint(self, activation: str, datasets: Sequence[str]) -> str:
        return f"token of {activation}"

    async def begin(self, log: Path) -> None:
        return

    async def registered(self, log: Path) -> bool:
        return any(place_of(ROOT, name).log == log for name in self.site.registered)

    async def port_taken(self, log: Path) -> bool:
        return any(place_of(ROOT, name).log == log for name in self.site.taken)

    async def keep(self, log: Path, name: PodName) -> None:
        return

    async def start(self, server: PodName, model: LocalModel) -> None:
        return

    async def render(self, server, job, payload, *, sites, bounds) -> Mapping[str, str]:
        if payload.get("bad"):
            raise RenderRefusedError("`bad` is set", path="bad")
        side = '{"components": []}'
        meta = '{"name": "job", "resource_spec": {}, "min_clients": 1, "deploy_map": {"app": ["@ALL"]}}'
        files = {f"app/config/config_fed_{one}.json": side for one in ("server", "client")}
        return {"meta.json": meta, **files}

    async def end(self, server: PodName) -> None:
        return

    async def job(self, server: PodName, job: str) -> Path | None:
        return self.site.rendered.get(job)

    async def write_job(self, server: PodName, job: str, files: Mapping[str, str]) -> Path:
        await self.site.effect(lambda: self.site.rendered.__setitem__(job, Path("/jobs") / job))
        return self.site.rendered[job]

    def inbox(self, job: str) -> Path:
        return self.site.path / "inbox" / job

    async def seal_results(self, job: str, folder: Path, outcome: Outcome) -> None:
        self.site.sealed_at[job] = self.site.clock.now()
        await self.site.effect(lambda: self.site.parcels.__setitem__(job, outcome))

    async def rounds(self, server_kit: Path, engine_job: str, after: int) -> tuple[Sequence[Round], int]:
        return self.site.rounds[after:], len(self.site.rounds)

    async def rest(self, results: Path, after: int) -> tuple[Sequence[Round], int]:
        written = [*self.site.rounds, *self.site.last_rounds]
        return written[after:], len(written)

    async def tell(self, message: Message) -> None:
        self.site.told.append(message)


@dataclass
class Parcels:
    ports: Ports

    def __getattr__(self, name: str) -> object:
        return getattr(self.ports, name)

    async def seal(self, job: str, folder: Path, outcome: Outcome) -> None:
        await self.ports.seal_results(job, folder, outcome)

    async def sealed(self, job: str) -> Outcome | None:
        return self.ports.site.parcels.get(job)

    async def since(self, job: str) -> float:
        return (self.ports.site.clock.now() - self.ports.site.sealed_at[job]).total_seconds()

    async def store(self, spec_id: str, job: str) -> None:
        site = self.ports.site
        if site.refusal:
            raise ResultsRefusedError(site.refusal)
        if not site.jobs_up:
            raise UnavailableError("the jobs service is away")
        await site.effect(lambda: site.stored.append(job))

    async def forget(self, job: str) -> None:
        self.ports.site.parcels.pop(job, None)


@dataclass
class TrustStore:
    site: Site

    async def trust(self) -> Trust:
        if not self.site.trust_readable:
            raise UnavailableError("the trust folder cannot be read")
        return replace(self.site.trust, veto=await self.veto())

    async def veto(self) -> Veto:
        if not self.site.veto_readable:
            raise VetoUnreadableError("it is not JSON")
        return self.site.trust.veto


@dataclass
class Documents:
    """A real store, with a chance to die on either side of each save."""

    site: Site
    inner: SqliteDocuments

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    async def save(self, *args: object, **more: object) -> bool:
        self.site.fuse.step()
        saved = await self.inner.save(*args, **more)
        self.site.fuse.step()
        return saved

"""What each step does to an activation's FLARE server; each may be done twice, and be broken off anywhere."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from fedpact.chassis.clock import Clock
from fedpact.contracts.directives import ServerDirective
from fedpact.contracts.workloads import Cause, Phase
from fedpact.gateway_agent.app.activations import Activation, Activations, Launched
from fedpact.gateway_agent.app.doors import Journal, Models, Renderers
from fedpact.gateway_agent.app.home import Home
from fedpact.gateway_agent.app.lookout import Lookout
from fedpact.gateway_agent.app.ports import Authority, Federation, Identity, Keys, Kits, Roads, Sockets, Subject
from fedpact.gateway_agent.domain.errors import AgentError, LaunchError, SiteRefusedError, UnreachableError
from fedpact.gateway_agent.domain.kits import ADMIN_ROLE, ADMIN_USER, Joint, Terms
from fedpact.gateway_agent.domain.pods import ADMIN, PodName, project_of, server_pod
from fedpact.gateway_agent.domain.steps import Fail
from fedpact.gateway_agent.domain.voice import Voice
from fedpact.gateway_agent.domain.watchdog import (
    Complete,
    JobLost,
    Notice,
    NotReady,
    Patience,
    Sight,
    SiteLost,
    Verdict,
    look,
)
from fedpact.gateway_agent.domain.workload import Said

LOOPBACK = "127.0.0.1"
LISTEN_SECONDS = 60.0
STARTS = "the FLARE server starts"
HURRY, CALM = 0.15, 2.0
"""Seconds between looks at an activation before and after all its sites are connected."""


@dataclass(slots=True, kw_only=True)
class ServerWork:
    """
    The hands of `Servers`.

    `host` is the name that all servers are reached by; empty where the launcher puts each at a place of its own, which
    `host_of` tells. `roads` is how gateways come to them. A server has `listen_seconds` to begin to listen.
    """

    home: Home
    host: str
    host_of: Callable[[PodName], str]
    roads: Roads
    activations: Activations
    lookout: Lookout
    keys: Keys
    kits: Kits
    authority: Authority
    sockets: Sockets
    inner: Sockets
    """For what listens on this machine alone: a firewall's ports are not spent on it."""
    federation: Federation
    renderers: Renderers
    models: Models
    journal: Journal
    clock: Clock
    patience: Patience
    listen_seconds: float = LISTEN_SECONDS

    async def launch(self, voice: Voice, wanted: ServerDirective) -> Sequence[Said]:
        """Make the CA, the kits and the process; what takes longest starts first."""
        try:
            await self._start(voice.name, wanted)
        except (SiteRefusedError, LaunchError) as refusal:
            return await self.fail(voice, Fail(cause=refusal.cause, reason=refusal.reason))
        except AgentError as error:
            return await self.fail(voice, Fail(cause=Cause.RESOURCES, reason=error.reason))
        return [voice.moved(Phase.STARTING, STARTS)]

    def say_ready(self, voice: Voice) -> Sequence[Said]:
        """The server listens: whoever was certified may come."""
        launched = self.activations.of(voice.name).launched
        assert launched is not None, "only a server launched here is seen to listen for the first time"
        listens = voice.listens(self.roads.outside(launched.joint), launched.root_ca, launched.certificates)
        return [listens, voice.moved(Phase.READY, "the FLARE server listens")]

    async def look(self, voice: Voice, wanted: ServerDirective, *, connected: bool) -> tuple[Sequence[Said], float]:
        """What is to be said after a look at the activation from outside, and when to look again."""
        activation = self.activations.of(voice.name)
        before = activation.notice or Notice(began=self.clock.now(), complete=connected)
        try:
            if activation.notice is None:
                await self.renderers.start(voice.name, await self.models.find(wanted.model))
            async with activation.speaking(self.federation, self.home.folder) as session:
                state = await session.system()
        except UnreachableError:
            return await self._unreachable(voice, activation), HURRY
        except SiteRefusedError as refusal:
            return await self.fail(voice, Fail(cause=refusal.cause, reason=refusal.reason)), CALM
        activation.unheard_since = None
        sight = Sight(
            now=self.clock.now(),
            expected=frozenset(wanted.requests),
            heard=state.sites,
            jobs=dict(activation.statuses),
            running=state.running,
        )
        activation.notice, verdicts = look(before, sight, self.patience)
        facts = [fact for verdict in verdicts for fact in await self._judge(voice, activation, verdict)]
        return facts, CALM if activation.notice.complete else HURRY

    async def fail(self, voice: Voice, step: Fail) -> Sequence[Said]:
        """Leave nothing of it but its log."""
        await self.journal.keep(self.home.log(voice.name), voice.name)
        await self.remove(voice.name)
        return [voice.failed(step.cause, step.reason)]

    async def remove(self, name: PodName) -> None:
        """End the activation's server, session, secure runtime and authority, and wipe all of their files."""
        await self.roads.close(project_of(name.spec_id, name.generation))
        await self.activations.of(name).hang_up()
        await asyncio.gather(self.renderers.end(name), self.lookout.stop(name))
        await self.kits.wipe_activation(name)
        self.activations.forget(name)

    async def _start(self, name: PodName, wanted: ServerDirective) -> None:
        activation = self.activations.of(name)
        tries = activation.launched.launches if activation.launched else 0
        model = await self.models.find(wanted.model)
        if name in await self.lookout.see():
            await self.lookout.stop(name)
        await self.journal.begin(self.home.log(name))
        joint = self.roads.named(self._joint(name))
        root, request = await asyncio.gather(self.authority.create(name), self.keys.request(name))
        hosts = tuple(host for host in (joint.host, joint.name, LOOPBACK) if host)
        mine = Subject(name=joint.identity, organization=self.home.organization, hosts=hosts)
        signed = await self.authority.sign(name, mine, request)
        terms = Terms(components=model.components, internal_port=self.inner.free_port())
        await self.kits.server(name, joint, terms, Identity(certificate=signed, root_ca=root))
        member = self.home.member(name, wanted.resources)
        await self.lookout.launch(server_pod(member, self.home.runtime_with(model), port=joint.port))
        await asyncio.gather(self.roads.open(joint), self.federation.warm())
        certificates = await self._certificates(name, joint, root, wanted)
        activation.launched = Launched(
            joint=joint, root_ca=root, certificates=certificates, at=self.lookout.ticks(), launches=tries + 1
        )

    def _joint(self, name: PodName) -> Joint:
        host, port = self.host or self.host_of(name), self.sockets.free_port()
        return Joint(project=project_of(name.spec_id, name.generation), host=host, port=port)

    async def _certificates(self, name: PodName, joint: Joint, root: str, wanted: ServerDirective) -> dict[str, str]:
        """One for each participant that is expected, in its expected name; then the root key is gone."""
        agent = Subject(name=ADMIN_USER, organization=self.home.organization, role=ADMIN_ROLE)
        admin = name.sibling(ADMIN)
        signed = await self.authority.sign(name, agent, await self.keys.request(admin))
        await self.kits.admin(admin, joint, Identity(certificate=signed, root_ca=root))
        certificates = {
            participant: await self.authority.sign(name, self._subject(participant, wanted.organizations), request)
            for participant, request in wanted.requests.items()
        }
        await self.authority.seal(name)
        return certificates

    def _subject(self, participant: str, organizations: Mapping[str, str]) -> Subject:
        return Subject(name=participant, organization=organizations.get(participant, participant))

    async def _unreachable(self, voice: Voice, activation: Activation) -> Sequence[Said]:
        since = activation.unheard_since = activation.unheard_since or self.lookout.ticks()
        if timedelta(seconds=self.lookout.ticks() - since) <= self.patience.silence:
            return []
        return await self.fail(voice, Fail(cause=Cause.LOST, reason="the FLARE server does not answer any more"))

    async def _judge(self, voice: Voice, activation: Activation, verdict: Verdict) -> Sequence[Said]:
        match verdict:
            case Complete():
                return [voice.connected(verdict.sites)]
            case NotReady():
                missing = ", ".join(f"`{site}`" for site in verdict.missing)
                return await self.fail(voice, Fail(cause=Cause.NOT_READY, reason=f"not connected in time: {missing}"))
            case SiteLost():
                reason = f"`{verdict.site}` is not connected to the FLARE server any more"
                return await self.fail(voice, Fail(cause=Cause.LOST, reason=reason))
            case JobLost():
                activation.lost.add(verdict.job)
        return []

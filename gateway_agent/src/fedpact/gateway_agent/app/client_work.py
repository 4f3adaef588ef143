"""
What each step does to a FLARE client. Every one may be done twice, and be broken off anywhere.

What is in memory here (`opened`, `declined`, `launches`) only saves work: an agent that lost it does a step again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from fedpact.chassis.guard import failure_of
from fedpact.contracts.directives import ParticipantDirective
from fedpact.contracts.pact import Endpoint
from fedpact.contracts.policies import Dsse
from fedpact.contracts.workloads import Cause, Phase
from fedpact.decision.grants import read_grant
from fedpact.gateway_agent.app.admission import Admission
from fedpact.gateway_agent.app.doors import DataDoor, Journal, Models, Tokens
from fedpact.gateway_agent.app.home import Home
from fedpact.gateway_agent.app.lookout import Lookout
from fedpact.gateway_agent.app.ports import Identity, Keys, Kits, Sockets
from fedpact.gateway_agent.domain.admission import access_of, activation_of, certificate_fits
from fedpact.gateway_agent.domain.errors import AgentError, LaunchError, SiteRefusedError
from fedpact.gateway_agent.domain.kits import Joint, Terms
from fedpact.gateway_agent.domain.pods import DataAccess, PodName, client_pod
from fedpact.gateway_agent.domain.steps import Fail, Permit, Renew
from fedpact.gateway_agent.domain.voice import Voice
from fedpact.gateway_agent.domain.workload import Said

STARTS = "the FLARE client starts"


@dataclass(slots=True, kw_only=True)
class ClientWork:
    """The hands of `Clients`. `data_url` is where workloads find the DAL."""

    home: Home
    admission: Admission
    lookout: Lookout
    keys: Keys
    kits: Kits
    sockets: Sockets
    data: DataDoor
    models: Models
    tokens: Tokens
    journal: Journal
    data_url: str
    proxy: str = field(default="", repr=False)
    """The HTTP proxy that leads outside, if one does."""
    via: tuple[str, int] | None = None
    """Where workloads find the hub's entrance, where that is not where the hub says."""
    opened: dict[str, Dsse] = field(default_factory=dict)
    declined: dict[str, Dsse] = field(default_factory=dict)
    launches: dict[str, int] = field(default_factory=dict)

    async def prepare(self, voice: Voice, wanted: ParticipantDirective) -> Sequence[Said]:
        """Decide on the grant; the answer to a yes is a certificate request for a key that stays here."""
        try:
            await self.admission.admit(voice.key, wanted)
        except SiteRefusedError as refusal:
            return [voice.refused(refusal.cause, refusal.reason)]
        return [voice.accepted(await self.keys.request(voice.name))]

    async def renew(self, voice: Voice, wanted: ParticipantDirective, step: Renew) -> Sequence[Said]:
        """What is not accepted leaves the accepted grant in force until it lapses; one that lapsed ends."""
        failure = await failure_of(self._renew(voice, wanted))
        if failure and step.objection:
            return await self.fail(voice, Fail(cause=step.objection.cause, reason=step.objection.reason))
        if failure:
            raise failure
        return []

    async def tell(self, voice: Voice) -> Sequence[Said]:
        """Have the DAL know what is permitted now."""
        try:
            await self._open(voice)
        except SiteRefusedError as refusal:
            return await self.fail(voice, Fail(cause=refusal.cause, reason=refusal.reason))
        return []

    async def launch(self, voice: Voice, wanted: ParticipantDirective) -> Sequence[Said]:
        """Build the kit and start the process, or say why that is not possible here."""
        try:
            await self._start(voice, wanted)
        except (SiteRefusedError, LaunchError) as refusal:
            return await self.fail(voice, Fail(cause=refusal.cause, reason=refusal.reason))
        except AgentError as error:
            return await self.fail(voice, Fail(cause=Cause.RESOURCES, reason=error.reason))
        return [voice.moved(Phase.STARTING, STARTS)]

    async def fail(self, voice: Voice, step: Fail) -> Sequence[Said]:
        """Leave nothing of it but its log, for the people of this site."""
        await self.journal.keep(self.home.log(voice.name), voice.name)
        await self.clear(voice)
        return [voice.failed(step.cause, step.reason)]

    async def clear(self, voice: Voice) -> None:
        """Leave nothing of it: no process, no key, no token that is worth anything, no claim on capacity."""
        await self.remove(voice.name)
        for memory in (self.opened, self.declined):
            memory.pop(voice.key, None)
        self.launches.pop(voice.key, None)
        await self.admission.drop(voice.key)

    async def remove(self, name: PodName) -> None:
        """The process ends even when the DAL does not answer; the kit goes only when the token is worthless."""
        failure = await failure_of(self.data.revoke(activation_of(name)))
        await self.lookout.stop(name)
        if failure:
            raise failure
        await self.kits.wipe(name)

    async def _renew(self, voice: Voice, wanted: ParticipantDirective) -> None:
        try:
            await self.admission.admit(voice.key, wanted)
        except SiteRefusedError:
            if wanted.grant is not None:
                self.declined[voice.key] = wanted.grant

    async def _start(self, voice: Voice, wanted: ParticipantDirective) -> None:
        name = voice.name
        identity, joint = await self._connection(name, wanted)
        grant = read_grant((await self._permit(voice.key)).grant)
        model = await self.models.find(grant.model)
        if name in await self.lookout.see():
            await self.lookout.stop(name)
        await self.journal.begin(self.home.log(name))
        terms = Terms(components=model.components, internal_port=self.sockets.free_port())
        access, _ = await asyncio.gather(self._open(voice), self.kits.client(name, joint, terms, identity))
        self.launches[voice.key] = self.launches.get(voice.key, 0) + 1
        member, runtime = self.home.member(name, grant.resources), self.home.runtime_with(model)
        await self.lookout.launch(client_pod(member, runtime, access, server=joint.dialed))

    async def _connection(self, name: PodName, wanted: ParticipantDirective) -> tuple[Identity, Joint]:
        endpoint, certificate = wanted.endpoint, wanted.certificate
        if endpoint is None or certificate is None:
            raise SiteRefusedError(Cause.SIGNATURE, "the directive brings no endpoint and certificate to start with")
        if not certificate_fits(certificate, await self.keys.request(name), name.participant):
            text = f"the certificate is not for this site's key in the name of `{name.participant}`"
            raise SiteRefusedError(Cause.SIGNATURE, text)
        return Identity(certificate=certificate, root_ca=endpoint.root_ca), self._joint(endpoint)

    def _joint(self, endpoint: Endpoint) -> Joint:
        if self.via and not endpoint.server_name:
            text = "workloads of this site reach FLARE servers through an entrance alone, and the hub has none"
            raise SiteRefusedError(Cause.RESOURCES, text)
        host, port = self.via or (endpoint.host, endpoint.port)
        proxy = "" if self.via else self.proxy
        return Joint(project=endpoint.project, host=host, port=port, name=endpoint.server_name, proxy=proxy)

    async def _open(self, voice: Voice) -> DataAccess:
        permit, activation = await self._permit(voice.key), activation_of(voice.name)
        grant = read_grant(permit.grant)
        access = await self.data.open(activation, access_of(grant))
        self.opened[voice.key] = permit.grant
        token = self.tokens.mint(activation, grant.datasets)
        return DataAccess(url=self.data_url, token=token, datasets=access.addresses)

    async def _permit(self, key: str) -> Permit:
        permit = await self.admission.permit(key)
        if permit is None:
            raise SiteRefusedError(Cause.LOST, "this site has lost what it had accepted; activate the spec again")
        return permit

"""
Datasets that stewards propose through the hub.

A proposal is remembered when it is heard and looked at by the reconciler, so that a DAL that does not answer holds up
nothing else. The answer is kept and said once; a crash before that only means looking again.
"""

from dataclasses import dataclass
from typing import Protocol

from fedpact.chassis.aggregates import Aggregates, Cause
from fedpact.chassis.clock import Clock
from fedpact.contracts.directives import ProposalDirective, Wanted
from fedpact.contracts.workloads import ProposalAnswered
from fedpact.gateway_agent.app.handlers import PROPOSALS, Call
from fedpact.gateway_agent.app.kinds import ProposalHeard
from fedpact.gateway_agent.app.offers import Offers
from fedpact.gateway_agent.domain import inbox
from fedpact.gateway_agent.domain.errors import AgentError, DataDoorError, ProposalRefusedError
from fedpact.gateway_agent.domain.inbox import Found

CLOSED = (
    "this gateway takes no proposals: register the dataset on its own machine, or have its operator set "
    "FEDPACT_AGENT_INBOX"
)


class Inbox(Protocol):
    """The folder whose entries may be proposed."""

    async def look(self, name: str) -> Found:
        """What lies there under that name; links are not followed."""
        ...

    def path(self, entry: str) -> str:
        """Where the entry lies on this machine. Nobody outside it is told."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposals:
    """Without an `inbox` every proposal is refused. `call` has the reconciler look."""

    gateway: str
    inbox: Inbox | None
    offers: Offers
    heard: Aggregates[ProposalHeard]
    answers: Aggregates[ProposalAnswered]
    call: Call
    clock: Clock

    async def hear(self, directive: ProposalDirective, cause: Cause) -> None:
        """Remember it; what follows is the reconciler's."""
        if directive.gateway != self.gateway:
            return
        heard = ProposalHeard(directive=directive, at=cause.now)
        await self.heard.change(heard.key, lambda _: [heard], cause)
        self.call((PROPOSALS, heard.key))

    async def known(self) -> list[str]:
        """Those that wait for an answer."""
        return [one.key for one in await self.heard.every() if one.directive.wanted is Wanted.PREPARED]

    async def reconcile(self, key: str) -> float | None:
        """Answer a proposal that is open and was not answered."""
        heard = await self.heard.find(key)
        if heard is None or heard.directive.wanted is Wanted.STOPPED or await self.answers.find(key) is not None:
            return None
        answer = await self._answer(heard.directive)
        await self.answers.change(key, lambda before: [] if before else [answer], Cause(now=self.clock.now()))
        return None

    async def _answer(self, wanted: ProposalDirective) -> ProposalAnswered:
        try:
            dataset = await self._registered(wanted)
        except AgentError as error:
            return self._said(wanted, reason=error.reason)
        return self._said(wanted, dataset=dataset)

    async def _registered(self, wanted: ProposalDirective) -> str:
        """The dataset it became. Raises an `AgentError` whose text may be told to the hub."""
        if self.inbox is None:
            raise ProposalRefusedError(CLOSED)
        entry, dataset = inbox.entry_of(wanted), self.offers.id_of(wanted.name)
        path = self.inbox.path(entry)
        inbox.check(entry, await self.inbox.look(entry.removesuffix("/")))
        inbox.check_free(wanted.name, path, await self.offers.place(dataset))
        try:
            return (await self.offers.register(wanted.name, path, wanted.description)).dataset
        except DataDoorError as error:  # its text names the path
            text = (
                f"this gateway's DAL does not serve `{entry}`: `fedpact datasets register` on the gateway's machine "
                "tells why (its inbox has to lie below an allowed root, and be readable)"
            )
            raise ProposalRefusedError(text) from error

    def _said(self, wanted: ProposalDirective, *, dataset: str | None = None, reason: str = "") -> ProposalAnswered:
        return ProposalAnswered(
            gateway=self.gateway,
            proposal=wanted.proposal,
            accepted=dataset is not None,
            dataset=dataset,
            reason=reason,
        )

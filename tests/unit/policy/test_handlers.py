from collections.abc import Awaitable, Callable, Sequence

import pytest
from policy_values import (
    BONES,
    HEARTS,
    LIFETIME,
    LOGREG,
    LUNGS,
    MINUTE,
    Memory,
    at_most,
    created,
    document,
    ended,
    owner,
    placed,
    publishing,
    rule,
    sealed,
    withdrawing,
)

from fedpact.chassis.aggregates import Aggregates, Cause, Step
from fedpact.chassis.errors import NotFoundError
from fedpact.contracts.envelope import Fact
from fedpact.contracts.policies import (
    CommandAccepted,
    DatasetScope,
    GrantsEnded,
    GrantsIssued,
    GrantsRenewed,
    PolicyPublished,
    SpecDecided,
)
from fedpact.contracts.registry import DatasetRegistered, DatasetUnregistered
from fedpact.policy.domain.errors import PolicyError
from fedpact.policy.domain.model import Policy


class Interrupted:
    """Policies where something happens right after the first load, something else after the second, and so on."""

    def __init__(self, policies: Aggregates[Policy], *meanwhile: Callable[[], Awaitable[None]]) -> None:
        self._policies, self._meanwhile = policies, list(meanwhile)

    async def where(self, index: str, value: str) -> Sequence[Policy]:
        found = await self._policies.where(index, value)
        if self._meanwhile:
            await self._meanwhile.pop(0)()
        return found

    async def find(self, key: str) -> Policy | None:
        return await self._policies.find(key)

    async def get(self, key: str) -> Policy:
        return await self._policies.get(key)

    async def every(self) -> Sequence[Policy]:
        return await self._policies.every()

    async def change(self, key: str, step: Step[Policy], cause: Cause) -> Sequence[Fact]:
        return await self._policies.change(key, step, cause)


def registered(dataset: str = HEARTS) -> DatasetRegistered:
    name, gateway, organization = dataset.split("_")
    return DatasetRegistered(dataset=dataset, name=name, description="", gateway=gateway, organization=organization)


async def test_a_published_policy_approves_the_specs_that_waited_for_it() -> None:
    memory = Memory()
    await memory.create(created(HEARTS))
    await memory.create(created(LUNGS, spec="s-2"))
    await memory.publish(document())
    await memory.settle()
    verdicts = [(fact.spec_id, fact.allowed) for fact in await memory.told_of(SpecDecided)]
    assert verdicts == [("s-1", False), ("s-2", False), ("s-1", True)]


async def test_a_withdrawn_policy_ends_what_stood_on_it() -> None:
    memory = Memory()
    await memory.publish(document())
    await memory.create(created())
    await memory.place(placed(created()))
    await memory.withdraw("p1")
    await memory.settle()
    assert [fact.allowed for fact in await memory.told_of(SpecDecided)] == [True, False]
    await memory.pass_(LIFETIME)
    assert await memory.told_of(GrantsRenewed) == []


async def test_a_revision_that_drops_a_dataset_touches_the_specs_on_it() -> None:
    memory = Memory()
    await memory.publish(document(datasets=(DatasetScope(id=HEARTS), DatasetScope(id=BONES))))
    await memory.create(created(HEARTS))
    await memory.settle()
    await memory.publish(document(revision=2, dataset=BONES))
    await memory.settle()
    assert not (await memory.case()).decided.allowed


async def test_a_policy_told_twice_is_decided_upon_once() -> None:
    memory = Memory()
    await memory.create(created())
    await memory.publish(document())
    news = await memory.relay()
    await memory.come_back(news)
    await memory.come_back(news)
    assert len(await memory.told_of(SpecDecided)) == 2


async def test_a_policy_saved_between_load_and_save_of_a_case_is_not_overlooked() -> None:
    memory = Memory()
    await memory.publish(document())
    await memory.settle()

    async def withdrawn_and_handled() -> None:
        await memory.withdraw("p1")
        await memory.settle()

    handlers = memory.reading(Interrupted(memory.policies, withdrawn_and_handled))
    pact = created()
    await handlers.spec_created(pact, memory.heard(pact))
    assert not (await memory.case()).decided.allowed


async def test_grants_given_on_a_policy_that_ended_meanwhile_are_dropped_at_once() -> None:
    memory = Memory()
    await memory.publish(document())
    await memory.create(created())
    await memory.settle()

    async def withdrawn_and_handled() -> None:
        await memory.withdraw("p1")
        await memory.settle()

    handlers = memory.reading(Interrupted(memory.policies, withdrawn_and_handled))
    fact = placed(created())
    await handlers.activation_placed(fact, memory.heard(fact))
    case = await memory.case()
    assert not case.decided.allowed
    assert case.live is None


async def test_a_redelivery_after_a_crash_heals_a_case_saved_on_old_policies() -> None:
    memory = Memory()
    await memory.publish(document())
    await memory.settle()

    async def crash() -> None:
        raise ConnectionError

    async def withdrawn() -> None:
        await memory.withdraw("p1")
        await memory.settle()

    fact = created()
    cause = memory.heard(fact)
    with pytest.raises(ConnectionError):
        await memory.reading(Interrupted(memory.policies, withdrawn, crash)).spec_created(fact, cause)
    assert (await memory.case()).decided.allowed
    await memory.handlers.spec_created(fact, cause)
    assert not (await memory.case()).decided.allowed


async def test_policies_that_keep_changing_while_a_case_is_saved_are_followed_to_the_last() -> None:
    memory = Memory()

    async def published() -> None:
        await memory.publish(document())
        await memory.settle()

    async def withdrawn() -> None:
        await memory.withdraw("p1")
        await memory.settle()

    pact = created()
    await memory.reading(Interrupted(memory.policies, published, withdrawn)).spec_created(pact, memory.heard(pact))
    assert not (await memory.case()).decided.allowed


async def test_an_object_no_longer_set_aside_is_told_to_the_gateway_at_once() -> None:
    memory = Memory()
    await memory.publish(document())
    await memory.publish(document("aside", objects=("images/",)))
    await memory.create(created())
    await memory.place(placed(created()))
    await memory.settle()
    await memory.publish(document("aside", revision=2, dataset=BONES, objects=("images/",)))
    await memory.settle()
    (renewed,) = await memory.told_of(GrantsRenewed)
    assert isinstance(renewed, GrantsRenewed)
    assert renewed.revisions == {"p1": 1}


async def test_live_grants_are_renewed_when_their_timer_is_due_until_the_end() -> None:
    memory = Memory()
    await memory.publish(document())
    await memory.create(created())
    await memory.place(placed(created()))
    await memory.settle()
    for _ in range(3):
        await memory.pass_(LIFETIME / 2)
    assert len(await memory.told_of(GrantsRenewed)) == 3
    await memory.end(ended())
    await memory.pass_(LIFETIME)
    assert len(await memory.told_of(GrantsRenewed)) == 3
    assert len(await memory.told_of(GrantsEnded)) == 1


async def test_a_window_that_opens_and_closes_is_noticed_without_a_message() -> None:
    memory = Memory()
    start = memory.now
    await memory.publish(document(not_before=start + 5 * MINUTE, not_after=start + 8 * MINUTE))
    await memory.create(created())
    for minutes, allowed in ((4, False), (1, True), (2, True), (1, False)):
        await memory.pass_(minutes * MINUTE)
        assert (await memory.case()).decided.allowed is allowed
    assert (await memory.case()).due is None


async def test_the_window_of_a_running_activation_ends_its_renewal() -> None:
    memory = Memory()
    await memory.publish(document(not_after=memory.now + 7 * MINUTE))
    await memory.create(created())
    await memory.place(placed(created()))
    await memory.pass_(6 * MINUTE)
    assert await memory.told_of(GrantsRenewed) == []
    await memory.pass_(MINUTE)
    assert [fact.allowed for fact in await memory.told_of(SpecDecided)] == [True, False]


async def test_a_placement_of_a_spec_never_announced_is_an_error_not_a_grant() -> None:
    memory = Memory()
    await memory.publish(document())
    fact = placed(created())
    with pytest.raises(NotFoundError):
        await memory.handlers.activation_placed(fact, memory.heard(fact))
    assert await memory.told_of(GrantsIssued) == []


async def test_an_owner_publishes_what_the_registry_knows() -> None:
    memory = Memory()
    order = publishing(sealed(document(rules=(rule(bounds=at_most(3)),))))
    with pytest.raises(PolicyError):
        await memory.handlers.publish(order, memory.ordered(order.command))
    for fact in (registered(), registered(LUNGS)):
        await memory.handlers.dataset_changed(fact, memory.heard(fact))
    await memory.models.keep(LOGREG, memory.heard(LOGREG))
    await memory.handlers.publish(order, memory.ordered(order.command))
    assert [type(fact) for _, fact in await memory.relay()] == [PolicyPublished, CommandAccepted]


async def test_an_unregistered_dataset_gets_no_new_policy_until_it_is_back() -> None:
    memory = Memory()
    await memory.models.keep(LOGREG, memory.heard(LOGREG))
    order = publishing(sealed(document()))
    gone = DatasetUnregistered(dataset=HEARTS)
    for fact in (registered(), gone):
        await memory.handlers.dataset_changed(fact, memory.heard(fact))
    with pytest.raises(PolicyError):
        await memory.handlers.publish(order, memory.ordered(order.command))
    back = registered()
    await memory.handlers.dataset_changed(back, memory.heard(back))
    await memory.handlers.publish(order, memory.ordered(order.command))
    assert (await memory.policies.get("p1")).document == document()


async def test_withdrawing_twice_is_accepted_twice_and_told_once() -> None:
    memory = Memory()
    await memory.publish(document())
    await memory.relay()
    order = withdrawing(actor=owner())
    for _ in range(2):
        await memory.handlers.withdraw(order, memory.ordered(order.command))
    kinds = [fact.type for _, fact in await memory.relay()]
    assert kinds == ["policy.policy.withdrawn", "policy.command.accepted", "policy.command.accepted"]

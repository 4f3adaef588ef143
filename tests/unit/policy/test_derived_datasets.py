"""A derived dataset is granted while every root's policies allow it, and no longer."""

from policy_values import BONES, HEARTS, LUNGS, MINUTE, Memory, accepted_by, created, document, placed

from fedpact.contracts.policies import GrantsIssued, SpecDecided
from fedpact.contracts.specs import SpecCreated

MIX = "mix_gw-1_clinic"


def mixed() -> SpecCreated:
    return created(MIX).model_copy(update={"roots": {MIX: (HEARTS, LUNGS)}})


async def verdicts(memory: Memory) -> list[bool]:
    return [fact.allowed for fact in await memory.told_of(SpecDecided) if isinstance(fact, SpecDecided)]


async def test_the_verdict_follows_the_policies_of_every_root() -> None:
    memory = Memory()
    await memory.create(mixed())
    for edit in (
        memory.publish(document("p1", dataset=HEARTS)),
        memory.publish(document("p3", dataset=BONES)),
        memory.publish(document("p2", dataset=LUNGS)),
        memory.withdraw("p2", "lab"),
    ):
        await edit
        await memory.settle()
    assert [allowed for allowed in await verdicts(memory) if allowed] == [True]
    assert (await verdicts(memory))[-1] is False


async def test_its_gateway_gets_the_policies_of_every_root_to_decide_by() -> None:
    memory = Memory()
    await memory.publish(document("p1", dataset=HEARTS))
    await memory.publish(document("p2", dataset=LUNGS, not_after=memory.now + 3 * MINUTE))
    await memory.create(mixed())
    await memory.place(placed(mixed()))
    (issued,) = await memory.told_of(GrantsIssued)
    assert isinstance(issued, GrantsIssued)
    assert issued.valid_until == memory.now + 3 * MINUTE
    assert set(issued.grants) == {"gw-1"}
    roots = {MIX: (HEARTS, LUNGS)}
    grant = accepted_by("gw-1", issued.grants["gw-1"], memory.now, MIX, roots=roots)
    assert (grant.datasets, grant.rules) == ((MIX,), {HEARTS: "p1#0", LUNGS: "p2#0"})

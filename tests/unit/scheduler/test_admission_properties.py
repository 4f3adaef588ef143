"""What holds in every state the ledger can reach, whatever arrives."""

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from scheduler_values import NOON, RULES, announced, ended, released, requested, sent_back

from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.memory import MemoryDocuments
from fedpact.contracts.envelope import Envelope, Fact
from fedpact.contracts.scheduling import GangPlaced
from fedpact.contracts.specs import ActivationRequested
from fedpact.scheduler.app.kinds import LEDGER
from fedpact.scheduler.domain.admission import News, claimant, decide, in_line
from fedpact.scheduler.domain.amounts import covers
from fedpact.scheduler.domain.ledger import evolve, lacks_of, needs_of
from fedpact.scheduler.domain.model import Ledger, free, needs, totals, used

GATEWAYS = ("gw-1", "gw-2", "gw-3")
CPU = st.sampled_from([0.5, 1, 1.5, 2, 3, 4, 5])


def done(work: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that never waits."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("memory does not wait")


@dataclass
class Log:
    """A ledger in a store, and every message it was told, with its place in its stream."""

    stored: Stored[Ledger] = field(default_factory=lambda: Stored(MemoryDocuments(), LEDGER))
    entries: list[tuple[News, Cause]] = field(default_factory=list)

    def tell(self, message: News, cause: Cause) -> Sequence[Fact]:
        self.entries.append((message, cause))

        def step(ledger: Ledger | None) -> Sequence[Fact]:
            return decide(ledger, message, RULES)

        return done(self.stored.change("ledger", step, cause))

    @property
    def ledger(self) -> Ledger:
        return done(self.stored.find("ledger")) or Ledger()

    @property
    def published(self) -> list[str]:
        found = done(self.stored.documents.load("ledger"))
        return [entry["body"] for entry in found.outbox] if found else []


class Scheduling(RuleBasedStateMachine):
    """Gangs come, are sent back, end, are fenced and released; sites grow; messages come again."""

    def __init__(self) -> None:
        super().__init__()
        self.log, self.now, self.sequence = Log(), NOON, 0
        self.alive: dict[str, ActivationRequested] = {}
        self.fenced: dict[tuple[str, int, str], int] = {}
        """Spec, generation and participant -> the newest attempt that nobody knows the end of."""
        self.totals = dict.fromkeys(GATEWAYS, 4.0)

    @initialize()
    def sites_speak(self) -> None:
        for site, cpu in (("hub", 3.0), *self.totals.items()):
            self.told(announced(site, cpu))

    @rule(
        gateways=st.sets(st.sampled_from(GATEWAYS), min_size=1),
        cpu=CPU,
        clients=st.integers(1, 2),
        whose=st.sampled_from(["uni", "lab"]),
    )
    def a_gang_comes(self, gateways: set[str], cpu: float, clients: int, whose: str) -> None:
        spec = f"s{len(self.log.entries)}"
        self.request(requested(spec, *sorted(gateways), at=self.sequence, cpu=cpu, clients=clients, organization=whose))

    @precondition(lambda self: self.alive)
    @rule(data=st.data())
    def a_gang_is_sent_back(self, data: st.DataObject) -> None:
        known = self.alive[data.draw(st.sampled_from(sorted(self.alive)))]
        names = self.fence(known, data)
        self.told(sent_back(known.spec_id, *names, generation=known.generation, attempt=known.attempt))
        self.request(known.model_copy(update={"attempt": known.attempt + 1}))

    @precondition(lambda self: self.alive)
    @rule(data=st.data())
    def an_activation_ends(self, data: st.DataObject) -> None:
        known = self.alive.pop(data.draw(st.sampled_from(sorted(self.alive))))
        names = self.fence(known, data)
        self.told(ended(known.spec_id, *names, generation=known.generation))
        if data.draw(st.booleans()):
            again = known.model_copy(update={"generation": known.generation + 1, "attempt": 1, "since": self.now})
            self.request(again)

    @precondition(lambda self: self.fenced)
    @rule(data=st.data())
    def a_fenced_participant_is_gone(self, data: st.DataObject) -> None:
        spec, generation, name = data.draw(st.sampled_from(sorted(self.fenced)))
        attempt = self.fenced.pop((spec, generation, name))
        self.told(released(spec, name, generation=generation, attempt=attempt if self.goes_on(spec, generation) else 0))

    @rule(site=st.sampled_from(GATEWAYS), more=st.sampled_from([0.5, 1.0]))
    def a_site_grows(self, site: str, more: float) -> None:
        self.totals[site] += more
        self.told(announced(site, self.totals[site]))

    @precondition(lambda self: self.log.entries)
    @rule(data=st.data())
    def an_old_message_comes_again(self, data: st.DataObject) -> None:
        message, cause = data.draw(st.sampled_from(self.log.entries))
        before = self.log.ledger
        assert self.log.tell(message, cause) == ()
        assert self.log.ledger == before

    def fence(self, known: ActivationRequested, data: st.DataObject) -> list[str]:
        """Some of those who were placed are not known to be gone, nor is anybody of whom that was not known before."""
        lease = self.log.ledger.lease(known.spec_id, known.generation)
        if lease and lease.attempt == known.attempt:
            before = self.fenced_of(known.spec_id, known.generation)
            for name in before | data.draw(st.sets(st.sampled_from(sorted(lease.shares)))):
                self.fenced[known.spec_id, known.generation, name] = known.attempt
        return sorted(self.fenced_of(known.spec_id, known.generation))

    def goes_on(self, spec_id: str, generation: int) -> bool:
        return spec_id in self.alive and self.alive[spec_id].generation == generation

    def fenced_of(self, spec_id: str, generation: int) -> set[str]:
        return {name for spec, its, name in self.fenced if (spec, its) == (spec_id, generation)}

    def request(self, message: ActivationRequested) -> None:
        self.alive[message.spec_id] = message
        self.told(message)

    def told(self, message: News) -> None:
        self.sequence += 1
        self.now += timedelta(milliseconds=100)
        envelope = Envelope(source="tests", type=message.type, subject=message.key, time=self.now)
        self.changed(
            message, Cause(now=self.now, envelope=envelope, stream=message.stream, stream_sequence=self.sequence)
        )

    def changed(self, message: News, cause: Cause) -> None:
        """Fold fact by fact: a placement is whole, fits, and takes nothing that the claimant needs."""
        ledger = self.log.ledger
        for fact in self.log.tell(message, cause):
            holder = claimant(ledger, RULES)
            before = free(ledger)
            if isinstance(fact, GangPlaced):
                assert fact.leases.keys() == needs_of(ledger, ledger.line[fact.spec_id]).keys()
                assert covers(before, lacks_of(ledger, ledger.line[fact.spec_id]))
            ledger = evolve(ledger, fact)
            if isinstance(fact, GangPlaced) and holder and holder.spec_id != fact.spec_id:
                assert ledger.line[holder.spec_id].bypasses == holder.bypasses
        assert ledger == self.log.ledger

    @invariant()
    def nothing_is_given_twice(self) -> None:
        ledger = self.log.ledger
        assert covers(totals(ledger.sites), used(ledger))

    @invariant()
    def a_living_gang_holds_all_or_what_a_lost_attempt_left(self) -> None:
        ledger = self.log.ledger
        for spec, known in self.alive.items():
            lease = ledger.lease(spec, known.generation)
            held = lease.shares if lease else {}
            if lease and lease.attempt == known.attempt:
                assert len(held) == len(known.sites) * known.content.clients_per_gateway + 1
                assert spec not in ledger.line
            else:
                assert held.keys() == self.fenced_of(spec, known.generation)

    @invariant()
    def exactly_the_fenced_hold_shares_of_what_ended(self) -> None:
        held = {
            (lease.spec_id, lease.generation, name)
            for lease in self.log.ledger.leases.values()
            for name in lease.shares
            if not self.goes_on(lease.spec_id, lease.generation)
        }
        assert held == {one for one in self.fenced if not self.goes_on(one[0], one[1])}

    @invariant()
    def nobody_waits_for_what_can_never_be(self) -> None:
        ledger = self.log.ledger
        assert all(covers(totals(ledger.sites), needs_of(ledger, gang)) for gang in ledger.line.values())

    @invariant()
    def nobody_waits_in_an_idle_system(self) -> None:
        ledger = self.log.ledger
        assert ledger.leases or not ledger.line

    @invariant()
    def only_the_claim_keeps_free_capacity_from_who_fits(self) -> None:
        ledger = self.log.ledger
        holder = claimant(ledger, RULES)
        if holder is None:
            assert not [gang for gang in in_line(ledger) if covers(free(ledger), lacks_of(ledger, gang))]
        else:
            assert not covers(free(ledger), lacks_of(ledger, holder))

    @invariant()
    def what_is_left_of_the_ended_is_known_as_such(self) -> None:
        for lease in self.log.ledger.leases.values():
            assert lease.over != self.goes_on(lease.spec_id, lease.generation)

    @invariant()
    def what_is_claimed_is_there_when_every_activation_has_ended(self) -> None:
        ledger = self.log.ledger
        left = {key: lease for key, lease in ledger.leases.items() if lease.over}
        if holder := claimant(ledger, RULES):
            assert covers(free(replace(ledger, leases=left)), needs_of(ledger, holder))

    @invariant()
    def everybody_in_line_was_told(self) -> None:
        assert all(gang.told for gang in self.log.ledger.line.values())

    def teardown(self) -> None:
        again = Log()
        for message, cause in self.log.entries:
            again.tell(message, cause)
        assert again.published == self.log.published


TestScheduling = Scheduling.TestCase
TestScheduling.settings = settings(max_examples=60, stateful_step_count=30)


def test_an_adversary_who_refills_every_site_cannot_starve_a_gang() -> None:
    """Small gangs replace each other for ever; the big one that needs all sites starts after a bounded while."""
    log, sequence = Log(), 0

    def tell(message: News) -> None:
        nonlocal sequence
        sequence += 1
        envelope = Envelope(source="tests", type=message.type, subject=message.key, time=NOON)
        log.tell(message, Cause(now=NOON, envelope=envelope, stream=message.stream, stream_sequence=sequence))

    for site in ("hub", *GATEWAYS):
        tell(announced(site, 40 if site == "hub" else 2))
    small = [requested(f"small-{n}", gateway, at=n) for n, gateway in enumerate(GATEWAYS * 2)]
    for message in small:
        tell(message)
    tell(requested("big", *GATEWAYS, at=10, cpu=2))
    rounds = 0
    while log.ledger.lease("big", 1) is None:
        running = next(lease for lease in log.ledger.leases.values())
        tell(ended(running.spec_id))
        tell(requested(f"later-{rounds}", GATEWAYS[rounds % 3], at=20 + rounds))
        rounds += 1
        assert rounds <= RULES.bypasses + len(small) + RULES.bypasses * len(GATEWAYS)
    assert needs(log.ledger.leases["big/1"].shares)["gw-1"].cpu == 2000

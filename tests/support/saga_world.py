"""
The whole saga in one process: spec_lifecycle, policy, scheduler and jobs as they are, with scripted sites and users.

A seed decides everything: which consumer, relay, timer or site takes the next step, who crashes, what is delivered
twice, what people ask for, how much time goes by.
"""

import random
from datetime import UTC, datetime

from saga_bus import Process, Streams, finish
from saga_services import ADA, Services
from saga_sites import Ground, Site

from fedpact.chassis.aggregates import entry
from fedpact.chassis.clock import FakeClock
from fedpact.contracts.envelope import TOKEN_HEADER, Command, Envelope, Fact, command_envelope
from fedpact.contracts.jobs import CancelJob, SubmitJob
from fedpact.contracts.pact import Demand, ModelRef, Resources, SpecContent
from fedpact.contracts.policies import (
    POLICY_TYPE,
    Beneficiaries,
    DatasetScope,
    PolicyDocument,
    PublishPolicy,
    Rule,
    WithdrawPolicy,
)
from fedpact.contracts.registry import (
    DatasetRegistered,
    DatasetUnregistered,
    GatewayAnnounced,
    ModelChanged,
    VersionRecord,
)
from fedpact.contracts.specs import Activate, CreateSpec, Deactivate
from fedpact.decision import dsse

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
DATASETS_OF = {"s-1": ("a_gw-1_clinic", "b_gw-2_hospital"), "s-2": ("a_gw-1_clinic",), "s-3": ("b_gw-2_hospital",)}
OWNERS = {"p-clinic": ("a_gw-1_clinic", "clinic"), "p-hospital": ("b_gw-2_hospital", "hospital")}
STILL = 3
"""Rounds without a change after which nothing is under way: a look that began earlier may see nothing new."""
MODEL = VersionRecord(version="1.0.0", digest="sha256:" + "a" * 64)


class World:
    """Everything there is. `chaos` is one step of a schedule; `calm` lets all that was begun come to its end."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.chaotic = True
        self.clock = FakeClock(NOON)
        self.streams = Streams(self.clock, lambda: self._chance(0.1))
        self.ground = Ground(self._chance)
        self.story: list[str] = []
        self.asked = 0
        self.revision = dict.fromkeys(OWNERS, 0)
        self.one_shots_only = seed % 3 == 0
        self.pace = self.random.choice((0.005, 0.01, 0.03))
        """How often something happens between steps."""
        self.datasets_go = seed % 5 == 0
        services = Services(self.clock, self.streams)
        self.specs, self.cases, self.jobs = services.specs, services.cases, services.jobs
        self.ledger, self.assessments = services.ledger, services.assessments
        self.processes = services.processes
        self.sites = {name: Site(name, self.clock, self.streams, self.ground) for name in ("gw-1", "gw-2", "hub-1")}
        self.processes += [site.process for site in self.sites.values()]
        self._open()

    def run(self, steps: int) -> None:
        """So many steps of chaos."""
        for _ in range(steps):
            self.chaos()

    def chaos(self) -> None:
        """Somebody does something."""
        dice = self.random.random()
        if dice < self.pace:
            self._something_happens()
        else:
            self._somebody_goes_on()

    def drain(self) -> None:
        """Until no message is under way and nobody has anything to do at this moment."""
        for process in self.processes:
            process.stalled = ""
        still = 0
        for _ in range(400):
            before = self._shape()
            for process in self.processes:
                self._exhaust(process)
            still = still + 1 if self._shape() == before else 0
            if still == STILL:
                return
        raise AssertionError("messages breed messages without end")

    def calm(self) -> None:
        """Everybody is back and willing, and time goes by until nothing is on its way up or down."""
        self.chaotic = False
        for site in self.sites.values():
            site.process.online = True
            site.totals = Resources(cpu=4, memory=40_000)
            self._speak(site)
        self._let_time_pass(20)

    def dismiss(self) -> None:
        """Everybody asks for the end of everything."""
        self.drain()
        for job in finish(self.jobs.every()):
            if not job.status.final:
                self.order(CancelJob(job_id=job.id))
        for spec in DATASETS_OF:
            self.order(Deactivate(spec_id=spec))
        self._let_time_pass(4)

    def _let_time_pass(self, rounds: int) -> None:
        for _ in range(rounds):
            self.drain()
            for site in self.sites.values():
                finish(site.count())
            self.drain()
            self.clock.pass_(31)
        self.drain()

    def order(self, command: Command, user: str = "") -> None:
        """Somebody publishes a command."""
        self.asked += 1
        user = user or ADA.user
        envelope = command_envelope(command, sender="portal", time=self.clock.now(), message=f"cmd-{self.asked}")
        message = entry(command, envelope)
        message["headers"][TOKEN_HEADER] = user
        self._tell(f"{user}: {command!r}")
        finish(self.streams.publish(message))

    def announce(self, fact: Fact) -> None:
        """The registry says something."""
        self.asked += 1
        envelope = Envelope(
            id=f"reg-{self.asked}",
            source="fedpact/registry/any",
            type=fact.type,
            subject=fact.key,
            time=self.clock.now(),
            sequence=self.asked,
        )
        finish(self.streams.publish(entry(fact, envelope)))

    def publish_policy(self, policy: str, *, allows: bool) -> None:
        dataset, organization = OWNERS[policy]
        self.revision[policy] += 1
        document = PolicyDocument(
            id=policy,
            revision=self.revision[policy],
            name=policy,
            organization=organization,
            datasets=(DatasetScope(id=dataset),),
            beneficiaries=Beneficiaries(users=("ada",) if allows else ("nobody",)),
            rules=(Rule(model="logreg"),),
        )
        sealed = dsse.unsigned(document.model_dump_json().encode(), POLICY_TYPE)
        self.order(PublishPolicy(policy=policy, document=sealed), user=organization)

    def _open(self) -> None:
        """A federation at work: everything is registered, sites have spoken, policies are in force."""
        self.announce(ModelChanged(model="logreg", name="logreg", publisher="lab", versions=(MODEL,)))
        for dataset, organization in OWNERS.values():
            gateway = dataset.split("_")[1]
            self.announce(
                DatasetRegistered(
                    dataset=dataset, name=dataset, description="", gateway=gateway, organization=organization
                )
            )
        for site in self.sites.values():
            self._speak(site)
        self.drain()
        for policy in OWNERS:
            self.publish_policy(policy, allows=True)
        for spec in DATASETS_OF:
            self._create(spec)

    def _speak(self, site: Site) -> None:
        """A site says what it allots, and the registry passes it on."""
        spoken = finish(site.speak())
        said = {name: getattr(spoken, name) for name in ("gateway", "role", "totals", "version")}
        self.announce(GatewayAnnounced(organization="any", **said))

    def _create(self, spec: str) -> None:
        demand = Demand(clients=Resources(cpu=3, memory=100), server=Resources(cpu=2, memory=100))
        model = ModelRef(id="logreg", version="1.0.0")
        self.order(
            CreateSpec(spec_id=spec, content=SpecContent(datasets=DATASETS_OF[spec], model=model, resources=demand))
        )

    def _something_happens(self) -> None:
        match self.random.choice(("wish", "wish", "time", "trouble")):
            case "wish":
                self._somebody_wants()
            case "time":
                seconds = self.random.choice((0.3, 0.3, 1, 1, 2, 2, 5, 5, 20, 70, 200))
                self._tell(f"{seconds} s go by")
                self.clock.pass_(seconds)
            case "trouble":
                self._something_breaks()

    def _somebody_goes_on(self) -> None:
        process = self.random.choice(self.processes)
        choices = process.choices()
        if choices:
            name = self.random.choice(choices)
            for _ in range(self.random.choice((1, 10, 60))):
                if process.able(name):
                    process.go_on(name, loses_ack=self._chance(0.02))

    def _somebody_wants(self) -> None:
        spec = self.random.choice(sorted(DATASETS_OF))
        wish = self.random.choice(("activate", "activate", "deactivate", "job", "job", "job", "cancel", "policy"))
        match wish:
            case "activate" if not self.one_shots_only:
                self.order(Activate(spec_id=spec))
            case "deactivate" if not self.one_shots_only or self._chance(0.3):
                self.order(Deactivate(spec_id=spec))
            case "job":
                self._submit(spec)
            case "cancel" if self.asked:
                self.order(CancelJob(job_id=f"j-{self.random.randint(1, self.asked)}"))
            case "policy" if self._chance(0.4):
                self._change_policy()

    def _submit(self, spec: str) -> None:
        activate = self.one_shots_only or self._chance(0.6)
        deactivate = self.one_shots_only or self._chance(0.5)
        job = f"j-{self.asked + 1}"
        self.order(SubmitJob(job_id=job, spec_id=spec, payload={"rounds": 1}, activate=activate, deactivate=deactivate))

    def _change_policy(self) -> None:
        policy = self.random.choice(sorted(OWNERS))
        if self._chance(0.2):
            self.order(WithdrawPolicy(policy=policy), user=OWNERS[policy][1])
        elif self.datasets_go and self._chance(0.2):
            self.announce(DatasetUnregistered(dataset=OWNERS[policy][0]))
        else:
            self.publish_policy(policy, allows=self._chance(0.7))

    def _something_breaks(self) -> None:
        site = self.sites[self.random.choice(sorted(self.sites))]
        broken = self.random.choice(
            ("service", "line", "line", "lag", "lag", "lag", "power", "store", "totals", "count")
        )
        self._tell(f"{broken} of {site.name}")
        match broken:
            case "service":
                self.random.choice(self.processes).crash()
            case "lag":
                process = self.random.choice(self.processes)
                process.stalled = self.random.choice(["", *process.desk.durables])
            case "line":
                site.process.online = not site.process.online or self._chance(0.8)
            case "power" if self._chance(0.3):
                site.lose_power()
            case "store" if self._chance(0.3):
                site.lose_store()
                self._speak(site)
            case "totals" if self._chance(0.3):
                site.totals = Resources(cpu=self.random.choice((1, 4, 8)), memory=40_000)
                self._speak(site)
            case "count":
                finish(site.count())

    def _exhaust(self, process: Process) -> None:
        """Everything it can do now; its own loops once."""
        for name in sorted(process.loops):
            self._through(process, name)
        while True:
            durables = [name for name in process.choices() if name not in process.loops]
            if not durables:
                return
            self._through(process, self.random.choice(durables))

    def _through(self, process: Process, name: str) -> None:
        if process.able(name):
            process.go_on(name)
        while name in process.running and process.able(name):
            process.go_on(name)

    def _shape(self) -> tuple[object, ...]:
        lengths = {stream: log[-1].sequence for stream, log in self.streams.logs.items()}
        acked = [d.acked for p in self.processes for d in p.desk.durables.values()]
        return lengths, acked, dict(self.ground.pods)

    def _chance(self, probability: float) -> bool:
        return self.chaotic and self.random.random() < probability

    def _tell(self, text: str) -> None:
        self.story.append(f"{(self.clock.now() - NOON).total_seconds():8.1f} {text}")

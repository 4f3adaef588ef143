"""Whoever comes first, the admin or the site: in the end what a known site last said is registered."""

import asyncio
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.memory import MemoryDocuments
from fedpact.chassis.rounds import AT_ONCE, ROUNDS, Rounds
from fedpact.contracts.envelope import Accepted, Actor, Envelope, Order
from fedpact.contracts.identity import Role
from fedpact.contracts.pact import Resources
from fedpact.contracts.registry import AddModelVersion, CommandAccepted, RegisterGateway, RegisterModel, VersionRecord
from fedpact.contracts.workloads import DatasetOffered, DatasetTakenBack, GatewaySpoke
from fedpact.registry.adapters import bootstrap_file
from fedpact.registry.adapters.bootstrap_file import BootstrapFileError
from fedpact.registry.app import bootstrap
from fedpact.registry.app.belief import Belief
from fedpact.registry.app.bootstrap import Bootstrap
from fedpact.registry.app.handlers import Handlers
from fedpact.registry.app.kinds import DATASETS, GATEWAYS, MODELS, SITES
from fedpact.registry.domain import gateways
from fedpact.registry.domain.errors import UnknownOrganizationError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADMIN = Actor(user="root", organization="federation", roles=(Role.ADMIN,))
A, B, C = "a_gw-1_clinic", "b_gw-1_clinic", "c_gw-1_clinic"
REGISTER = RegisterGateway(gateway="gw-1", organization="clinic")


class Hesitant(MemoryDocuments):
    """Lets others go first, as often as chance wants."""

    def __init__(self, chance):
        super().__init__()
        self._chance = chance
        self.interruptions = []
        """What happens before the next loads, one each."""

    async def load(self, key):
        await self._hesitate()
        if self.interruptions:
            await self.interruptions.pop()
        return await super().load(key)

    async def save(self, document, *, expected, added, at):
        await self._hesitate()
        return await super().save(document, expected=expected, added=added, at=at)

    async def _hesitate(self):
        for _ in range(self._chance.randrange(4)):
            await asyncio.sleep(0)


class Founded:
    """Every organization but one is there."""

    async def known(self, organization):
        return organization != "nobody"


class Place:
    def __init__(self, seed=0):
        chance = Random(seed)
        self.gateways, self.sites, self.datasets, self.models = (
            Stored(Hesitant(chance), kind) for kind in (GATEWAYS, SITES, DATASETS, MODELS)
        )
        self.rounds = Stored(MemoryDocuments(), ROUNDS)
        self.belief = Belief(
            gateways=self.gateways, sites=self.sites, datasets=self.datasets, rounds=Rounds(self.rounds)
        )
        self.handlers = Handlers(
            gateways=self.gateways,
            sites=self.sites,
            models=self.models,
            belief=self.belief,
            organizations=Founded(),
        )
        self._said = {}

    def cause(self, fact, accepted: Accepted | None = None):
        sequence = self._said[fact.key] = self._said.get(fact.key, 0) + 1
        source = "fedpact/gw-1/datasets"
        envelope = Envelope(source=source, type=fact.type, subject=fact.key, time=NOW, sequence=sequence, route="gw-1")
        return Cause(now=NOW, envelope=envelope, accepted=accepted)

    async def register(self, command=REGISTER):
        accepted = CommandAccepted(command=command.type, about=command.key, command_id="c")
        order = Order(command=command, actor=ADMIN, now=NOW)
        await self.handlers.register_gateway(order, self.cause(command, accepted))

    async def say(self, *facts, cause=None):
        for fact in facts:
            handle = self.handlers.gateway_spoke if isinstance(fact, GatewaySpoke) else self.handlers.dataset_spoken_of
            await handle(fact, cause or self.cause(fact))

    async def registered(self):
        return {d.id: d.registered.description for d in await self.datasets.every() if d.registered}

    async def announced(self):
        known = await self.gateways.find("gw-1")
        return known.announced.version if known and known.announced else None

    async def published(self):
        stored = (self.gateways, self.datasets, self.sites)
        return [e["headers"]["ce-type"] for s in stored for d in await s.documents.every() for e in d.outbox]


def spoke(version="1"):
    return GatewaySpoke(gateway="gw-1", totals=Resources(), version=version)


def offer(dataset, *roots, text=""):
    return DatasetOffered(gateway="gw-1", dataset=dataset, name=dataset[0], description=text, derived_from=roots)


def back(dataset):
    return DatasetTakenBack(gateway="gw-1", dataset=dataset)


async def test_what_a_site_says_before_it_is_known_is_kept_and_not_published():
    place = Place()
    await place.say(spoke(), offer(A), offer(B, A))
    assert await place.published() == []
    await place.register()
    assert await place.registered() == {A: "", B: ""}
    assert await place.announced() == "1"


async def test_what_a_known_site_says_is_registered_at_once():
    place = Place()
    await place.register()
    await place.say(spoke(), offer(A), offer(A, text="new"))
    assert await place.registered() == {A: "new"}
    await place.say(back(A))
    assert await place.registered() == {}


async def test_what_a_site_repeats_is_published_once():
    place = Place()
    await place.register()
    await place.say(spoke(), offer(A))
    before = await place.published()
    await place.say(spoke(), offer(A), spoke(), offer(A))
    assert await place.published() == before


async def test_a_derived_dataset_waits_for_its_root():
    place = Place()
    await place.register()
    await place.say(offer(C, B), offer(B, A))
    assert await place.registered() == {}
    await place.say(offer(A))
    assert await place.registered() == {A: "", B: "", C: ""}


async def test_a_foreign_dataset_is_ignored_with_its_reason_and_the_others_go_on(caplog):
    place = Place()
    await place.say(offer("a_gw-1_lab"), offer("a_gw-2_clinic"), offer(B))
    await place.register()
    assert await place.registered() == {B: ""}
    said = [record.reason for record in caplog.records if record.levelname == "WARNING"]
    assert ["another gateway" in said[0], "another organization" in said[1], len(said)] == [True, True, 2]


async def test_a_site_in_the_wrong_role_is_not_announced_but_its_datasets_are():
    place = Place()
    await place.register()
    await place.say(spoke().model_copy(update={"role": "orchestrator"}), offer(A))
    assert await place.announced() is None
    assert await place.registered() == {A: ""}


async def test_a_crash_between_hearing_and_believing_loses_nothing():
    place = Place()
    await place.register()
    said, cause = offer(A), place.cause(offer(A))
    await place.sites.change("gw-1", lambda _: [said], cause)
    await place.say(said, cause=cause)
    assert await place.registered() == {A: ""}


async def test_a_crash_between_registering_and_believing_loses_nothing():
    place = Place()
    await place.say(spoke(), offer(A))
    order = Order(command=REGISTER, actor=ADMIN, now=NOW)
    cause = place.cause(REGISTER, CommandAccepted(command=REGISTER.type, about="gw-1", command_id="c"))
    await place.gateways.change("gw-1", lambda known: gateways.register(known, order, organization_known=True), cause)
    await place.handlers.register_gateway(order, cause)
    assert await place.registered() == {A: ""}


async def test_what_a_site_says_while_its_older_words_are_being_believed_wins():
    place = Place()
    await place.say(spoke("old"), offer(A, text="old"))
    place.datasets.documents.interruptions.append(place.say(offer(A, text="new")))
    await place.register()
    assert await place.registered() == {A: "new"}


async def test_what_a_site_announces_while_its_older_words_are_being_believed_wins():
    place = Place()
    await place.say(spoke("old"))
    place.gateways.documents.interruptions += [place.say(spoke("new"))]
    await place.register()
    assert await place.announced() == "new"


says = st.one_of(
    st.builds(spoke, st.sampled_from("123")),
    st.builds(offer, st.just(A), text=st.sampled_from("xy")),
    st.builds(offer, st.just(B), st.just(A), text=st.sampled_from("xy")),
    st.builds(back, st.sampled_from([A, B])),
)


def last_words(said):
    """The version a site last announced and the datasets it still offers."""
    version, offers = None, {}
    for fact in said:
        match fact:
            case GatewaySpoke():
                version = fact.version
            case DatasetOffered():
                offers[fact.dataset] = fact.description
            case DatasetTakenBack():
                offers.pop(fact.dataset, None)
    return version, offers


@example([offer(A, text="x"), spoke("1"), offer(B, A, text="x")], 9794)
@given(st.lists(says, max_size=10), st.integers(0, 10_000))
def test_however_admin_and_site_interleave_the_last_word_is_registered(said, seed):
    async def both():
        place = Place(seed)
        await asyncio.gather(place.register(), place.say(*said))
        return await place.announced(), await place.registered()

    announced, registered = asyncio.run(both())
    version, offers = last_words(said)
    assert announced == version
    if A in offers:
        assert registered == offers
    else:
        assert registered.keys() <= offers.keys()


async def test_bootstrap_registers_gateways_once_and_believes_them():
    place = Place()
    await place.say(offer(A))
    for _ in range(2):
        await bootstrap.apply(Bootstrap(gateways=(REGISTER,)), place.gateways, place.belief, NOW)
    assert await place.registered() == {A: ""}
    assert (await place.published()).count("registry.gateway.registered") == 1


async def test_a_gateway_of_nobody_is_refused_and_its_id_stays_free():
    place = Place()
    with pytest.raises(UnknownOrganizationError) as refused:
        await place.register(RegisterGateway(gateway="gw-1", organization="nobody"))
    assert (refused.value.path, refused.value.slug) == ("organization", "unknown_organization")
    await place.register()
    assert (await place.gateways.get("gw-1")).organization == "clinic"


async def test_bootstrap_leaves_a_known_gateway_as_it_is():
    place = Place()
    await place.register()
    other = RegisterGateway(gateway="gw-1", organization="lab")
    await bootstrap.apply(Bootstrap(gateways=(other,)), place.gateways, place.belief, NOW)
    assert (await place.gateways.get("gw-1")).organization == "clinic"


def test_a_faulty_bootstrap_file_is_refused_with_the_place(tmp_path):
    file = tmp_path / "bootstrap.json"
    file.write_text('{"gateways": [{"gateway": "GW", "organization": "clinic"}]}')
    with pytest.raises(BootstrapFileError, match=r"gateways\.0\.gateway"):
        bootstrap_file.read(file)
    assert bootstrap_file.read(None) == Bootstrap()


async def test_a_model_and_its_versions_are_kept():
    place = Place()
    maker = Actor(user="mia", organization="maker", roles=(Role.MODEL_MANAGER,))
    record = VersionRecord(version="1.0.0", digest="sha256:" + "a" * 64, payload_schema={"a.b": {"$x": 1}})
    registered = Order(command=RegisterModel(model="logreg", name="L"), actor=maker, now=NOW)
    await place.handlers.register_model(registered, Cause(now=NOW))
    added = Order(command=AddModelVersion(model="logreg", record=record), actor=maker, now=NOW)
    await place.handlers.add_model_version(added, Cause(now=NOW))
    assert (await place.models.get("logreg")).versions == (record,)


async def test_more_datasets_than_a_handler_has_time_for_are_believed_by_the_timer_roots_first():
    place = Place()
    names = [f"d{number}_gw-1_clinic" for number in range(AT_ONCE + 5)]
    await place.say(spoke(), *(offer(name, A) for name in names), offer(A))
    await place.register()
    assert await place.announced() == "1"
    assert await place.registered() == {}
    while due := await place.rounds.documents.due(NOW, 1):
        await place.belief.go_on(due[0], Cause(now=NOW))
    assert set(await place.registered()) == {A, *names}

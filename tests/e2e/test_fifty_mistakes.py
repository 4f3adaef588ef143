"""
Fifty mistakes that people make, each answered with the cause and with what to do.

One embedded federation for all of them. A row says what is done, words that name the cause, and words that name the
way out; both are looked for in what the person reads.
"""

from collections.abc import Iterator

import pytest
from federation_world import federation_in
from mistake_world import Mistake, World, asleep, settle
from mistakes_of_keeping import OF_KEEPING
from mistakes_of_use import OF_USE
from servers import missing

from fedpact.client.clock import Clock
from fedpact.client.oauth import Issuer
from fedpact.infra.holding import running

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(bool(missing("nats-server", "secantusd-py")), reason="the embedded servers are not installed"),
]
MISTAKES = (*OF_USE, *OF_KEEPING)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("mistakes")
    with federation_in(folder / "federation") as layout:
        said = running(layout)
        assert said is not None
        world = World(layout, folder, said.url)
        issuer = Issuer.at(said.identity, {}, Clock(), None)
        for who in ("root", "ada", "mia", "lakeside-owner", "lakeside-steward", "hillcrest-owner"):
            world.done("login", "--user", who, "--as", who)
            world.tokens[who] = issuer.by_name(who).access_token
        world.done("login", "--user", "ada")
        settle(world)
        with asleep(layout):
            yield world


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.done.replace(" ", "-"))
def test_the_answer_names_the_cause_and_the_way_out(mistake: Mistake, world: World) -> None:
    answer = " ".join(mistake.do(world).split())
    assert mistake.cause in answer, answer
    assert mistake.way_out in answer, answer
    assert "Traceback" not in answer


def test_there_are_at_least_fifty() -> None:
    assert len({mistake.done for mistake in MISTAKES}) == len(MISTAKES) >= 50

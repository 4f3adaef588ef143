"""The agent renews its credentials for the bus: in time, with a key of its own, and whatever gets lost on the way."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fedpact.chassis.clock import FakeClock
from fedpact.chassis.errors import UnavailableError
from fedpact.contracts.access import AskRenewal, Credentials
from fedpact.contracts.envelope import Denied
from fedpact.decision import enrolment, nats_jwt
from fedpact.decision.nkeys import Kind, NKey
from fedpact.gateway_agent.adapters.bus_credentials import CredentialsFile
from fedpact.gateway_agent.app.renewal import Renewal
from fedpact.gateway_agent.domain.errors import RenewalRefusedError

START = datetime(2026, 5, 4, tzinfo=UTC)
LIFE = timedelta(days=90)
ACCOUNT, SIGNER = NKey.generate(Kind.ACCOUNT).public, NKey.generate(Kind.ACCOUNT)


class Hub:
    """Gives credentials to whatever key is asked for, as often as it is asked."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock, self.asked, self.lost = clock, list[AskRenewal](), 0
        self.denied = ""

    async def ask(self, context: str, verb: str, question: str) -> bytes:
        assert (context, verb) == ("identity", "renew_gateway")
        asked = AskRenewal.model_validate_json(question)
        self.asked.append(asked)
        if self.lost:
            self.lost -= 1
            raise UnavailableError("`identity` does not answer")
        if self.denied:
            return Denied(slug="not_enrolled", reason=self.denied).model_dump_json().encode()
        return (
            Credentials(jwt=self.jwt(asked.member_key), expires_at=self.clock.now() + LIFE).model_dump_json().encode()
        )

    def jwt(self, key: str) -> str:
        now = self.clock.now()
        return nats_jwt.user(SIGNER, "gateway-1", key, account=ACCOUNT, now=now, expires=now + LIFE)


class Agent:
    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock(START)
        self.hub, self.file, self.reconnects = Hub(self.clock), CredentialsFile(folder / "bus.creds"), 0
        self.first = NKey.generate(Kind.USER)
        self.file.use(self.hub.jwt(self.first.public), self.first)
        self.renewal = Renewal(
            gateway="gateway-1", files=self.file, ask=self.hub.ask, reconnect=self._reconnect, clock=self.clock
        )

    async def _reconnect(self) -> None:
        self.reconnects += 1

    @property
    def key(self) -> str:
        return self.file.current()[1].public


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    return Agent(tmp_path)


async def test_nothing_happens_before_half_of_the_time_is_over(agent: Agent) -> None:
    agent.clock.pass_(LIFE.total_seconds() / 2 - 1)
    await agent.renewal.if_due()
    assert (agent.hub.asked, agent.key, agent.reconnects) == ([], agent.first.public, 0)


async def test_the_next_key_is_in_use_once_the_hub_gave_credentials_for_it(agent: Agent) -> None:
    agent.clock.pass_(LIFE.total_seconds() / 2)
    await agent.renewal.if_due()
    (asked,) = agent.hub.asked
    assert asked.used_key == agent.first.public
    assert agent.key == asked.member_key != agent.first.public
    for key, signature in ((asked.used_key, asked.signature), (asked.member_key, asked.proof)):
        assert enrolment.is_renewal(key, "gateway-1", asked.member_key, signature)
    assert agent.reconnects == 1
    await agent.renewal.if_due()
    assert len(agent.hub.asked) == 1


async def test_a_lost_answer_is_asked_for_again_with_the_same_key(agent: Agent) -> None:
    agent.hub.lost = 1
    with pytest.raises(UnavailableError):
        await agent.renewal.now()
    assert agent.key == agent.first.public
    await agent.renewal.now()
    assert len({asked.member_key for asked in agent.hub.asked}) == 1
    assert agent.key == agent.hub.asked[0].member_key


async def test_a_refusal_says_why_and_changes_nothing(agent: Agent) -> None:
    agent.hub.denied = "ask the admin for an invitation"
    with pytest.raises(RenewalRefusedError, match="ask the admin"):
        await agent.renewal.now()
    assert (agent.key, agent.reconnects) == (agent.first.public, 0)


async def test_every_renewal_makes_another_key_that_nobody_else_can_read(agent: Agent) -> None:
    keys = {agent.key}
    for _ in range(3):
        await agent.renewal.now()
        keys.add(agent.key)
    assert len(keys) == 4
    assert [path.stat().st_mode & 0o777 for path in agent.file.path.parent.iterdir()] == [0o600]

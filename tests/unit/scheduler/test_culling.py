"""Idle activations: who is told, when it is looked, and what an operator may say."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pydantic import ValidationError

from fedpact.chassis.aggregates import Cause, Stored
from fedpact.chassis.clock import FakeClock
from fedpact.chassis.memory import MemoryDocuments
from fedpact.contracts.scheduling import ActivationIdled
from fedpact.contracts.specs import ActivationCompleted, ActivationStopping, EndOutcome, JobClosed, JobOpened
from fedpact.scheduler.app.kinds import CULLINGS, IDLENESS, SWEEPS
from fedpact.scheduler.app.sweeps import THE_SWEEP, Sweeps
from fedpact.scheduler.domain.culling import Culling, Sign, next_sweep
from fedpact.scheduler.settings import EnvironmentCulling, Settings

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTES = st.integers(0, 5 * 366 * 24 * 60).map(lambda minutes: NOON + timedelta(minutes=minutes))
HOURLY = Culling(schedule="0 * * * *", threshold=2 * HOUR)


class Federation:
    """The scheduler's sweeps, and time that goes by in steps of an hour."""

    def __init__(self, culling: Culling = HOURLY) -> None:
        self.clock = FakeClock(NOON)
        self.documents = [MemoryDocuments() for _ in range(3)]
        self.sweeps = self.restarted(culling)

    def restarted(self, culling: Culling) -> Sweeps:
        idleness, cullings, sweeps = self.documents
        return Sweeps(
            idleness=Stored(idleness, IDLENESS),
            cullings=Stored(cullings, CULLINGS),
            sweeps=Stored(sweeps, SWEEPS),
            culling=culling,
            clock=self.clock,
        )

    async def hear(self, *facts: Sign) -> None:
        for fact in facts:
            await self.sweeps.seen(fact, Cause(now=self.clock.now()))

    async def pass_(self, hours: float) -> None:
        until = self.clock.now() + hours * HOUR
        while self.clock.now() < until:
            self.clock.pass_(HOUR.total_seconds())
            await self.look()

    async def look(self) -> None:
        now = self.clock.now()
        for key in await self.documents[2].due(now, 10):
            await self.sweeps.tick(key, Cause(now=now))

    async def told(self) -> list[ActivationIdled]:
        return [
            ActivationIdled.model_validate_json(entry["body"])
            for document in await self.documents[1].every()
            for entry in document.outbox
        ]


@pytest.fixture
async def federation() -> Federation:
    found = Federation()
    await found.sweeps.prepare()
    return found


def ready(generation: int = 1, at: datetime = NOON, spec: str = "s-1") -> ActivationCompleted:
    return ActivationCompleted(spec_id=spec, generation=generation, at=at)


def opened(job: str = "j-1") -> JobOpened:
    return JobOpened(spec_id="s-1", job_id=job, generation=1)


def closed(job: str = "j-1", at: datetime = NOON) -> JobClosed:
    return JobClosed(spec_id="s-1", job_id=job, at=at)


def stopping() -> ActivationStopping:
    return ActivationStopping(
        spec_id="s-1", generation=1, outcome=EndOutcome.SHUTDOWN, cause="deactivated", deadline=NOON
    )


async def test_an_activation_that_idles_for_the_threshold_is_told_once(federation: Federation) -> None:
    await federation.hear(ready())
    await federation.pass_(1)
    assert await federation.told() == []
    await federation.pass_(10)
    assert await federation.told() == [ActivationIdled(spec_id="s-1", generation=1, since=NOON)]


@pytest.mark.parametrize(
    "news",
    [
        [],
        [opened()],
        [ready(), opened()],
        [ready(), opened("j-1"), opened("j-2"), closed("j-1")],
        [ready(), opened(), ready()],
        [ready(), stopping()],
        [ready(), opened(), stopping(), closed()],
    ],
)
async def test_what_is_pending_busy_or_on_its_way_down_is_never_told(federation: Federation, news: list[Sign]) -> None:
    await federation.hear(*news)
    await federation.pass_(100)
    assert await federation.told() == []


async def test_the_rest_counts_from_the_end_of_the_last_job(federation: Federation) -> None:
    await federation.hear(ready(), opened("j-1"), opened("j-2"), closed("j-2"))
    await federation.pass_(1)
    await federation.hear(closed("j-1", at=NOON + HOUR))
    await federation.pass_(1)
    assert await federation.told() == []
    await federation.pass_(1)
    assert [fact.since for fact in await federation.told()] == [NOON + HOUR]


async def test_one_that_was_set_up_anew_rests_from_the_end_of_the_job_that_ran_again(federation: Federation) -> None:
    await federation.hear(ready(), opened(), ready(at=NOON + HOUR), closed(at=NOON + 2 * HOUR))
    await federation.pass_(10)
    assert [fact.since for fact in await federation.told()] == [NOON + 2 * HOUR]


async def test_one_that_lost_its_last_job_while_it_was_set_up_anew_rests_since_it_is_up(federation: Federation) -> None:
    await federation.hear(ready(), opened(), closed(at=NOON + HOUR), ready(at=NOON + 2 * HOUR))
    await federation.pass_(10)
    assert NOON + 2 * HOUR in [fact.since for fact in await federation.told()]


async def test_each_rest_is_told_by_itself(federation: Federation) -> None:
    await federation.hear(ready())
    await federation.pass_(3)
    await federation.hear(opened(), closed(at=NOON + 3 * HOUR))
    await federation.pass_(3)
    await federation.hear(stopping(), ready(generation=2, at=NOON + 6 * HOUR), ready(spec="s-2", at=NOON + 6 * HOUR))
    await federation.pass_(3)
    rests = [(fact.spec_id, fact.generation, fact.since.hour) for fact in await federation.told()]
    assert rests == [("s-1", 1, 12), ("s-1", 1, 15), ("s-1", 2, 18), ("s-2", 1, 18)]


async def test_nothing_is_told_where_it_is_switched_off() -> None:
    federation = Federation(Culling(enabled=False))
    await federation.sweeps.prepare()
    await federation.hear(ready())
    await federation.pass_(48)
    assert await federation.told() == []


async def test_a_look_that_was_missed_is_made_up_for_at_the_start(federation: Federation) -> None:
    await federation.hear(ready())
    federation.clock.pass_(2.5 * 3600)
    federation.sweeps = federation.restarted(HOURLY)
    await federation.sweeps.prepare()
    await federation.look()
    assert len(await federation.told()) == 1


async def test_another_schedule_holds_from_the_start_on(federation: Federation) -> None:
    federation.sweeps = federation.restarted(Culling(schedule="0 5 * * *", threshold=2 * HOUR))
    await federation.sweeps.prepare()
    await federation.hear(ready())
    await federation.pass_(12)
    assert await federation.told() == []
    await federation.pass_(5)
    assert len(await federation.told()) == 1
    federation.sweeps = federation.restarted(Culling(enabled=False))
    await federation.sweeps.prepare()
    planned = await federation.sweeps.sweeps.get(THE_SWEEP)
    assert planned.at is None


def nightly(zone: str, schedule: str = "30 2 * * *") -> Culling:
    return Culling(schedule=schedule, zone=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("zone", "now", "then"),
    [
        ("UTC", "2026-01-01T12:00+00:00", "2026-01-02T02:30+00:00"),
        ("Asia/Kolkata", "2026-01-01T12:00+00:00", "2026-01-01T21:00+00:00"),
        ("Europe/Berlin", "2026-01-01T12:00+00:00", "2026-01-02T01:30+00:00"),
        ("Europe/Berlin", "2026-07-01T12:00+00:00", "2026-07-02T00:30+00:00"),
        # 02:30 does not exist that night: as soon as it is over
        ("Europe/Berlin", "2026-03-28T12:00+00:00", "2026-03-29T01:00+00:00"),
        # 02:30 comes twice that night: at the first, and only then
        ("Europe/Berlin", "2026-10-24T12:00+00:00", "2026-10-25T00:30+00:00"),
        ("Europe/Berlin", "2026-10-25T01:10+00:00", "2026-10-26T01:30+00:00"),
    ],
)
def test_the_schedule_is_read_in_its_time_zone(zone: str, now: str, then: str) -> None:
    assert next_sweep(nightly(zone), datetime.fromisoformat(now)) == datetime.fromisoformat(then)


@given(
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
    st.integers(0, 23),
    st.integers(0, 59),
    MINUTES,
)
@example("Europe/Berlin", 2, 30, datetime(2026, 10, 25, 0, 45, tzinfo=UTC))
def test_a_daily_look_comes_once_a_day_whatever_clocks_do(zone: str, hour: int, minute: int, now: datetime) -> None:
    culling = nightly(zone, f"{minute} {hour} * * *")
    first = next_sweep(culling, now)
    assert first is not None
    second = next_sweep(culling, first)
    assert second is not None
    assert now < first <= now + timedelta(hours=25)
    days = [moment.astimezone(culling.zone).date() for moment in (first, second)]
    assert days[1] - days[0] == timedelta(days=1)
    wall = first.astimezone(culling.zone)
    assume(wall.utcoffset() == (wall - timedelta(hours=3)).astimezone(UTC).astimezone(culling.zone).utcoffset())
    assert (wall.hour, wall.minute) == (hour, minute)


@given(st.integers(0, 59), MINUTES)
def test_an_hourly_look_comes_every_hour_of_a_night_of_25(minute: int, now: datetime) -> None:
    found = next_sweep(nightly("Europe/Berlin", f"{minute} * * * *"), now)
    assert found is not None
    assert now < found <= now + HOUR


def settings(**said: object) -> EnvironmentCulling:
    return EnvironmentCulling.model_validate(said)


def test_what_is_not_set_is_the_rule_of_the_domain() -> None:
    found = Settings(mongo_url_file=Path("url")).environment_culling.rule
    assert (found.enabled, found.schedule, found.threshold) == (True, "0 23 * * *", 12 * HOUR)
    assert str(found.zone) == "UTC"


@pytest.mark.parametrize(
    ("text", "hours"), [("12h", 12), ("90m", 1.5), ("2d", 48), ("3600s", 1), ("PT12H", 12), (3600, 1)]
)
def test_a_threshold_is_said_as_people_say_durations(text: object, hours: float) -> None:
    assert settings(threshold=text).threshold == hours * HOUR


def test_the_environment_says_it_whole_or_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = '{"enabled": true, "schedule": "0 1 * * *", "timezone": "Europe/Berlin", "threshold": "6h"}'
    monkeypatch.setenv("FEDPACT_SCHEDULER_ENVIRONMENT_CULLING", whole)
    monkeypatch.setenv("FEDPACT_SCHEDULER_ENVIRONMENT_CULLING__THRESHOLD", "7h")
    rule = Settings(mongo_url_file=Path("url")).environment_culling.rule
    assert (rule.schedule, str(rule.zone), rule.threshold) == ("0 1 * * *", "Europe/Berlin", 7 * HOUR)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"schedule": "every night"}, "`every night` is not a cron schedule such as `0 23 * * *`"),
        ({"schedule": "0 0 31 2 *"}, "is not a cron schedule"),
        ({"timezone": "Berlin"}, "`Berlin` is not a time zone such as `Europe/Berlin`"),
        ({"timezone": "../etc/passwd"}, "is not a time zone"),
        ({"threshold": "soon"}, "threshold"),
        ({"threshold": "0h"}, "greater than"),
        ({"treshold": "12h"}, "treshold"),
    ],
)
def test_a_mistake_is_told_at_the_start(said: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words.replace("*", r"\*")):
        settings(**said)

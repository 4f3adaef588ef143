"""An idle activation ends when the scheduler says so, unless spec_lifecycle knows better."""

from datetime import timedelta

import pytest
from spec_values import ACTIVATE, APPROVAL, DEACTIVATE, GOING_DOWN, GOING_UP, NOON, SPEC, Life, job, job_ended, life

from fedpact.contracts.scheduling import ActivationIdled
from fedpact.contracts.specs import ActivationStopping, Stage
from fedpact.spec_lifecycle.domain.words import spoken

UP = (*APPROVAL, ACTIVATE, *GOING_UP)


def idled(generation: int = 1, since: float = 0) -> ActivationIdled:
    return ActivationIdled(spec_id=SPEC, generation=generation, since=NOON + timedelta(seconds=since))


def stage(life: Life) -> Stage:
    assert life.spec is not None
    return life.spec.stage


def test_what_idled_ends_and_says_why() -> None:
    culled = life(*UP).later(13 * 3600 + 300).tell(idled())
    (stopping,) = [fact for fact in culled.said if isinstance(fact, ActivationStopping)]
    assert stopping.cause == "culled after 13 h 5 min idle"
    assert culled.tell(*GOING_DOWN).status == "inactive.shutdown"
    assert culled.spec is not None
    assert culled.spec.cause == "culled after 13 h 5 min idle"


@pytest.mark.parametrize(
    "told",
    [
        (*APPROVAL, ACTIVATE, idled()),
        (*APPROVAL, ACTIVATE, *GOING_UP[:3], idled()),
        (*UP, job(), idled()),
        (*UP, idled(generation=2)),
        (*UP, idled(generation=0)),
        (*UP, idled(since=-60)),
        (*UP, DEACTIVATE, *GOING_DOWN, idled()),
        (*APPROVAL, idled()),
    ],
)
def test_what_is_pending_busy_or_another_rest_goes_on(told: tuple[object, ...]) -> None:
    before = life(*told[:-1])
    stood = stage(before)
    assert (stage(before.tell(told[-1])), before.said) == (stood, [])


def test_a_rest_that_a_job_ended_is_not_the_one_that_was_told() -> None:
    busy = life(*UP, job()).later(60).tell(job_ended(), idled())
    assert stage(busy) is Stage.ACTIVE
    assert stage(busy.tell(idled(since=60))) is Stage.DELETING


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3600, "1 h"),
        (3661, "1 h 1 min"),
        (86400 * 2 + 60, "2 d"),
        (90000, "1 d 1 h"),
    ],
)
def test_a_duration_is_said_in_its_two_largest_units(seconds: int, words: str) -> None:
    assert spoken(timedelta(seconds=seconds)) == words

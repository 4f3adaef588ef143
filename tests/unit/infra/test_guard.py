"""Who is started again: whoever died and was not accounted for, once, and nobody who was stopped on purpose."""

import pytest

from fedpact.infra.guard import Watch


def test_what_died_and_nobody_accounts_for_is_due_once_and_not_at_once() -> None:
    watch = Watch(patience=3)
    watch.hear("die", "dal", 10)
    assert watch.due(12.9) == []
    assert watch.due(13) == ["dal"]
    assert watch.due(99) == []


@pytest.mark.parametrize("accounted", ["stop", "destroy", "start"])
def test_what_was_stopped_on_purpose_or_restarted_by_the_engine_is_left_alone(accounted: str) -> None:
    watch = Watch(patience=3)
    watch.hear("die", "dal", 10)
    watch.hear("die", "agent", 11)
    watch.hear(accounted, "dal", 12)
    assert watch.due(20) == ["agent"]


def test_who_is_killed_again_is_started_again() -> None:
    watch = Watch(patience=3)
    for at in (10, 20):
        watch.hear("die", "dal", at)
        assert watch.due(at + 3) == ["dal"]

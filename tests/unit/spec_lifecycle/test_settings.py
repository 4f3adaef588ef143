"""The operator's settings say what the domain says, unless the operator says otherwise."""

from datetime import timedelta
from pathlib import Path

from fedpact.spec_lifecycle.domain.model import Limits
from fedpact.spec_lifecycle.settings import Settings


def test_what_is_not_set_is_the_limit_of_the_domain() -> None:
    assert Settings(mongo_url_file=Path("url")).limits == Limits()


def test_each_limit_can_be_set() -> None:
    said = {"prepare_seconds": 1, "stop_seconds": 2, "backoff_seconds": 3, "grant_seconds": 4}
    limits = Settings(mongo_url_file=Path("url"), **said).limits
    found = (limits.prepare, limits.stop, limits.backoff, limits.grant)
    assert found == tuple(timedelta(seconds=n) for n in (1, 2, 3, 4))


def test_sites_that_start_slowly_have_three_minutes_and_silent_ones_are_fenced_after_one() -> None:
    assert Limits() == Limits(prepare=timedelta(minutes=3), stop=timedelta(minutes=1), backoff=timedelta(seconds=2))

"""What the stories of the documents share."""

from collections.abc import Iterator

import pytest
from federation_up import Up, furnished
from servers import missing


@pytest.fixture(scope="session")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One federation with data, models and policies for all tests of a run."""
    if lacking := missing("nats-server", "secantusd-py"):
        pytest.skip(lacking)
    with pytest.MonkeyPatch.context() as settings:
        settings.setenv("FEDPACT_PORTAL_SILENT_SECONDS", "8")  # a tutorial waits for it
        with furnished(tmp_path_factory.mktemp("up")) as found:
            yield found

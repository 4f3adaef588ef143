import pytest

from fedpact.portal.domain.statuses import STATUS_OF, status_of


@pytest.mark.parametrize(
    ("slug", "status"),
    [
        ("malformed", 422),
        ("unauthenticated", 401),
        ("token_expired", 401),
        ("not_allowed", 403),
        ("not_owner", 403),
        ("unknown_dataset", 404),
        ("expired", 408),
        ("stale_generation", 409),
        ("spec_exists", 409),
        ("policy_window", 422),
        ("too_large", 413),
        ("never_heard_of", 409),
    ],
)
def test_a_refusals_slug_decides_its_status(slug: str, status: int) -> None:
    assert status_of(slug) == status


def test_no_refusal_looks_like_a_success_or_a_fault_of_ours() -> None:
    assert all(400 <= status < 500 or status == 503 for status in STATUS_OF.values())

"""A refusal has one HTTP status, whichever door of the hub tells it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from fedpact.contracts.statuses import SLUGS, STATUS_OF, status_of

ROOT = Path(__file__).parents[3]
OF_THE_HUB = ("contracts/src", "services/*/src")


def slugs() -> Iterator[str]:
    """What the classes of errors say that the hub refuses with."""
    for folder in OF_THE_HUB:
        for file in (path for top in ROOT.glob(folder) for path in top.rglob("*.py")):
            text = file.read_text()
            yield from _slugs(ast.parse(text)) if "    slug" in text else ()


def _slugs(module: ast.Module) -> Iterator[str]:
    errors = [one for one in module.body if isinstance(one, ast.ClassDef) and one.name.endswith("Error")]
    for found in (part for error in errors for part in error.body):
        name = ast.unparse(found).split(" = ")[0].split(":")[0]
        if name == "slug" and isinstance(found, ast.Assign | ast.AnnAssign) and found.value is not None:
            yield ast.literal_eval(found.value)


def test_every_slug_of_the_hub_has_its_status_and_no_other_has_one() -> None:
    assert set(STATUS_OF) == set(slugs())


def test_no_slug_has_two_statuses() -> None:
    assert sum(len(named) for named in SLUGS.values()) == len(STATUS_OF)


@pytest.mark.parametrize(
    ("slug", "status"),
    [
        ("malformed", 422),
        ("unauthenticated", 401),
        ("token_expired", 401),
        ("not_allowed", 403),
        ("not_owner", 403),
        ("not_enrolled", 403),
        ("invalid_invitation", 403),
        ("unknown_dataset", 404),
        ("expired", 408),
        ("stale_generation", 409),
        ("spec_exists", 409),
        ("policy_window", 422),
        ("unsafe_name", 422),
        ("too_large", 413),
        ("never_heard_of", 409),
        ("unknown_to_this_version", 409),
    ],
)
def test_a_refusals_slug_decides_its_status(slug: str, status: int) -> None:
    assert status_of(slug) == status


def test_no_refusal_looks_like_a_success_or_a_fault_of_ours() -> None:
    assert all(400 <= status < 500 or status == 503 for status in STATUS_OF.values())

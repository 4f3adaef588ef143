"""What a distribution imports it declares, or one of ours below it does: what `just isolated` builds must import alone."""

from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

import pytest
from isolated import Member, members, undeclared

MEMBERS = members()
THIRD_PARTY = """
[project]
name = "fedpact-lone"
dependencies = ["pydantic"]
"""
MODULE = """
import pydantic
from pydantic_core import core_schema
try:
    import numpy
except ImportError:
    numpy = None
"""


@pytest.fixture(scope="module")
def provides() -> Mapping[str, Sequence[str]]:
    return metadata.packages_distributions()


@pytest.mark.parametrize("name", sorted(MEMBERS))
def test_every_import_is_declared(name: str, provides: Mapping[str, Sequence[str]]) -> None:
    assert not list(undeclared(MEMBERS, MEMBERS[name], provides))


def test_an_import_of_a_dependencys_dependency_is_a_fault(tmp_path: Path) -> None:
    package = tmp_path / "src" / "fedpact" / "lone"
    package.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(THIRD_PARTY)
    (package / "__init__.py").write_text(MODULE)
    lone = Member(tmp_path)
    owners = {"pydantic": ["pydantic"], "pydantic_core": ["pydantic-core"], "numpy": ["numpy"]}
    assert [fault.split("`")[1] for fault in undeclared({lone.name: lone}, lone, owners)] == ["pydantic_core"]

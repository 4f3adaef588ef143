"""
Messages of earlier versions, as they were recorded when those were released, read by the code of today.

Hub and gateways are not upgraded at one moment: a hub hears agents that are one version behind, tells them what to do, and
reads what stands in its streams from before. So what was once a message stays one. A set is `recorded/<version>.jsonl`;
`generated.py` writes the one of the version in `contracts/pyproject.toml`. To add the set of a release, release it: with the
version's next number a new set begins, and the released one is never written again. A set may go when no gateway of its
version is supported any more; the messages of its time stay in streams for as long as those keep them.
"""

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from fedpact.contracts.catalog import messages
from fedpact.contracts.envelope import Command

SETS = sorted((Path(__file__).parent / "recorded").glob("*.jsonl"))
RECORDED = [(one.stem, json.loads(line)) for one in SETS for line in one.read_text().splitlines()]
FORGOTTEN: Mapping[str, str] = {}
"""`<version> <type>` of what nobody sends or keeps any more -> why that is known."""
lines = pytest.mark.parametrize(("of", "line"), RECORDED, ids=[f"{of}-{line['type']}" for of, line in RECORDED])


@lines
def test_what_an_earlier_version_said_is_understood(of: str, line: dict[str, Any]) -> None:
    if f"{of} {line['type']}" in FORGOTTEN:
        return
    message = messages().get(line["type"])
    assert message is not None, f"version {of} sends `{line['type']}`: keep it, or nobody hears its agents"
    message.model_validate_json(json.dumps(line["data"]))


@lines
def test_what_an_earlier_version_looks_for_is_still_said(of: str, line: dict[str, Any]) -> None:
    """An agent that is behind ignores what is new, and needs what it knows."""
    message = messages().get(line["type"])
    if message is None or issubclass(message, Command):
        return
    said = message.model_validate_json(json.dumps(line["data"])).model_dump(mode="json")
    assert lacking(line["data"], said, line["type"]) == [], f"version {of} reads these: keep their names and form"


def lacking(known: Any, said: Any, path: str) -> list[str]:
    """Members of the first that the second has not, or spells otherwise."""
    if isinstance(known, dict) and isinstance(said, dict):
        missing = [f"{path}.{name}" for name in known.keys() - said.keys()]
        return missing + [
            one for name in known.keys() & said.keys() for one in lacking(known[name], said[name], f"{path}.{name}")
        ]
    if isinstance(known, list) and isinstance(said, list) and len(known) == len(said):
        return [one for at, (a, b) in enumerate(zip(known, said, strict=True)) for one in lacking(a, b, f"{path}.{at}")]
    return [] if same(known, said) else [path]


def same(known: Any, said: Any) -> bool:
    """Whether both spell one value: moments may end in `Z` or in `+00:00`."""
    if isinstance(known, str) and isinstance(said, str):
        return known.replace("+00:00", "Z") == said.replace("+00:00", "Z")
    return bool(known == said)


def test_the_set_of_this_version_is_recorded() -> None:
    assert version("fedpact-contracts") in {one.stem for one in SETS}


def test_a_member_that_was_dropped_or_renamed_is_noticed() -> None:
    known = {"spec_id": "s", "sites": [{"name": "a"}], "at": "2026-01-01T00:00:00+00:00"}
    assert lacking(known, {**known, "more": 1, "at": "2026-01-01T00:00:00Z"}, "x") == []
    assert lacking(known, {**known, "sites": [{"title": "a"}]}, "x") == ["x.sites.0.name"]
    assert lacking(known, {"spec_id": 7, "at": known["at"]}, "x") == ["x.sites", "x.spec_id"]

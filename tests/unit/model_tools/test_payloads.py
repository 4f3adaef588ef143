"""Payloads beyond a schema really are beyond it."""

from pathlib import Path

import pytest

from fedpact.decision.bounds import violations
from fedpact.model_tools.payloads import UNKNOWN, forbidden
from fedpact.secure_runtime.adapters.package import read_model_card

MODELS = Path(__file__).parents[3] / "models"
CARDS = [read_model_card(path.parent) for path in sorted(MODELS.glob("*/model.yaml"))]


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_every_member_is_tried_beyond_its_limits(card) -> None:
    tried = list(forbidden(card.payload_schema, card.examples[-1].payload))
    outside = {member for member, payload in tried if violations(payload, card.payload_schema)}
    assert outside == {UNKNOWN, *card.payload_schema["properties"]}


def test_a_limit_is_crossed_by_the_least_step() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1, "maximum": 9}}}
    values = [payload["n"] for member, payload in forbidden(schema, {"n": 5}) if member == "n"]
    assert {0, 10, True, None, "no-such-value"} == set(values) - {1} | {True}

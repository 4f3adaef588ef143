"""How values look on pages: text stays text, numbers are said as people say them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from fedpact.portal.entrypoints.pages.examples import payload_example
from fedpact.portal.entrypoints.pages.login import own_place
from fedpact.portal.entrypoints.pages.look import lasting, size, status_tone, status_word, told


@given(st.text())
def test_a_reason_is_shown_as_text_whatever_it_holds(reason: str) -> None:
    shown = told(reason)
    plain = shown.replace("<code>", "").replace("</code>", "")
    assert "<" not in plain
    assert ">" not in plain
    assert str(escape(reason.replace("`", "")))[1:] in plain


def test_what_stands_in_backticks_is_code_and_a_reason_is_a_sentence() -> None:
    assert told("no policy covers `<b>`") == "No policy covers <code>&lt;b&gt;</code>."
    assert told("is it there?") == "Is it there?"
    assert told("") == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.05, "50 ms"), (1, "1.0 s"), (59.94, "59.9 s"), (61, "1 min 1 s"), (3600, "1 h 0 min"), (90_000, "1 d 1 h")],
)
def test_durations_are_said_as_people_say_them(seconds: float, text: str) -> None:
    assert lasting(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (48213, "48 kB"), (3_400_000_000, "3.4 GB")]
)
def test_sizes_are_said_as_people_say_them(count: int, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("status", "word", "tone"),
    [
        ("active.running_idle", "running idle", "good"),
        ("updating.awaiting_resources", "awaiting resources", "busy"),
        ("inactive.awaiting_activation", "awaiting activation", "quiet"),
        ("inactive.revoked", "revoked", "bad"),
        ("failed.invalid", "invalid", "bad"),
        ("completed", "completed", "good"),
        ("something.new_here", "new here", "quiet"),
    ],
)
def test_a_status_has_a_word_and_a_tone_also_a_new_one(status: str, word: str, tone: str) -> None:
    assert (status_word(status), status_tone(status)) == (word, tone)


@pytest.mark.parametrize(
    ("schema", "payload"),
    [
        ({}, {}),
        ({"examples": [{"a": 1}], "required": ["b"]}, {"a": 1}),
        ({"required": ["a"], "properties": {"a": {"type": "integer", "minimum": 3}}}, {"a": 3}),
        ({"required": ["a"], "properties": {"a": {"enum": ["x", "y"]}, "b": {"type": "string"}}}, {"a": "x"}),
        ({"required": ["a"]}, {"a": None}),
        ({"examples": "odd", "required": "odd", "properties": []}, {}),
    ],
)
def test_a_payload_to_begin_with_follows_the_models_schema(schema: dict, payload: dict) -> None:
    assert payload_example(schema) == payload


@given(st.text())
def test_a_place_of_ones_own_never_leads_elsewhere(text: str) -> None:
    place = own_place(text)
    assert place.startswith("/")
    assert not place.startswith(("//", "/\\"))
    assert "\n" not in place

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fedpact.decision.restrict import limits, no_weaker, no_wider, strictest_permissions, strictest_privacy


@pytest.mark.parametrize(
    ("one", "other", "permitted"),
    [
        ({"a": True}, {"a": False}, {"a": False}),
        ({"a": True}, {}, {}),
        ({"a": 3}, {"a": 2.5}, {"a": 2.5}),
        ({"a": ["x", "y"]}, {"a": ["y", "z"]}, {"a": ["y"]}),
        ({"a": [1]}, {"a": [True, 1.0]}, {"a": []}),
        ({"a": {"b": True, "c": 1}}, {"a": {"b": True}}, {"a": {"b": True}}),
        ({"a": "x"}, {"a": "x"}, {"a": "x"}),
        ({"a": "x"}, {"a": "y"}, {}),
        ({"a": None}, {"a": None}, {"a": None}),
        ({"a": True}, {"a": 1}, {}),
        ({"a": 1}, {"a": False}, {}),
    ],
)
def test_permissions_are_what_both_permit(one, other, permitted):
    assert strictest_permissions([one, other]) == permitted


@pytest.mark.parametrize(
    ("one", "other", "controls", "conflicts"),
    [
        ({"a": True}, {"a": False}, {"a": True}, ()),
        ({"a": True}, {"b": 1}, {"a": True, "b": 1}, ()),
        ({"a": 3}, {"a": 2.5}, {"a": 3}, ()),
        ({"epsilon": 3}, {"epsilon": 0.5}, {"epsilon": 0.5}, ()),
        (
            {"dp": {"epsilon": 3, "noise": 3}},
            {"dp": {"epsilon": 1, "noise": 1}},
            {"dp": {"epsilon": 1, "noise": 3}},
            (),
        ),
        ({"a": ["x", "y"]}, {"a": ["y"]}, {"a": ["y"]}, ()),
        ({"a": {"b": 1}}, {"a": {"b": 2, "c": 3}}, {"a": {"b": 2, "c": 3}}, ()),
        ({"a": "x"}, {"a": "x"}, {"a": "x"}, ()),
    ],
)
def test_controls_are_what_satisfies_both(one, other, controls, conflicts):
    found = strictest_privacy([one, other])
    assert (found.controls, found.conflicts) == (controls, conflicts)


@pytest.mark.parametrize(("one", "other"), [("x", "y"), (True, 1), (1, "1"), (None, 0), ([], {})])
def test_controls_that_cannot_be_ordered_are_a_conflict(one, other):
    assert strictest_privacy([{"a": {"b": one}}, {"a": {"b": other}}]).conflicts == ("a.b",)


def test_of_no_custodians_nothing_is_permitted_or_asked():
    assert strictest_permissions([]) == {}
    assert strictest_privacy([]).controls == {}


@pytest.mark.parametrize(
    ("inner", "outer", "wider"),
    [
        ({}, {"a": True}, False),
        ({"a": True}, {}, True),
        ({"a": False}, {"a": True}, False),
        ({"a": True}, {"a": False}, True),
        ({"a": 2}, {"a": 1}, True),
        ({"a": True}, {"a": 1}, True),
        ({"a": ["x"]}, {"a": ["x", "y"]}, False),
        ({"a": ["x", "y"]}, {"a": ["x"]}, True),
        ({"a": {"b": 1, "c": 1}}, {"a": {"b": 1}}, True),
        ({"a": "x"}, {"a": "y"}, True),
    ],
)
def test_wider_permissions_are_seen(inner, outer, wider):
    assert no_wider(inner, outer) is not wider


@pytest.mark.parametrize(
    ("inner", "outer", "weaker"),
    [
        ({"a": True}, {}, False),
        ({}, {"a": False}, True),
        ({"a": False}, {"a": True}, True),
        ({"a": 1}, {"a": 2}, True),
        ({"a": 3}, {"a": 2}, False),
        ({"epsilon": 3}, {"epsilon": 2}, True),
        ({"epsilon": 1}, {"epsilon": 2}, False),
        ({"dp": {"max_queries": 3}}, {"dp": {"max_queries": 2}}, True),
        ({"a": 1}, {"a": True}, True),
        ({"a": ["x", "y"]}, {"a": ["x"]}, True),
        ({"a": {}}, {"a": {"b": 1}}, True),
        ({"a": "x"}, {"a": "y"}, True),
    ],
)
def test_weaker_controls_are_seen(inner, outer, weaker):
    assert no_weaker(inner, outer) is not weaker


@pytest.mark.parametrize(
    ("control", "limiting"),
    [
        ("epsilon", True),
        ("dp_epsilon", True),
        ("targetEpsilon", True),
        ("EPSILON_PER_ROUND", True),
        ("delta", True),
        ("privacy_budget", True),
        ("max_queries", True),
        ("maxGradNorm", True),
        ("min_count", False),
        ("min_delta", False),
        ("noise_multiplier", False),
        ("maximal_noise_off", False),
        ("epsilons", False),
        ("", False),
    ],
)
def test_a_control_that_limits_says_so_in_its_name(control, limiting):
    assert limits(control) is limiting


VALUES = st.recursive(
    st.booleans()
    | st.integers(0, 3)
    | st.sampled_from(["x", "y", None, 1.5])
    | st.lists(st.integers(0, 2), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from(["a", "max_b"]), inner, max_size=2),
    max_leaves=4,
)
TERMS = st.lists(
    st.dictionaries(st.sampled_from(["a", "b", "epsilon", "max_a"]), VALUES, max_size=3), min_size=1, max_size=3
)


@settings(max_examples=100)
@given(TERMS)
def test_the_strictest_is_at_most_each(several):
    assert all(no_wider(strictest_permissions(several), each) for each in several)
    privacy = strictest_privacy(several)
    assert privacy.conflicts or all(no_weaker(privacy.controls, each) for each in several)

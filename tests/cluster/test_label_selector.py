"""Selectors that objects carry: what they choose, how they are written, what is wrong with them."""

import pytest

from wharfinger.cluster import label_selector, selector


def expression(operator, *values, key="k"):
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


def test_expressions_say_what_a_label_must_be():
    def holds(operator, *values):
        return [
            label_selector.matches(expression(operator, *values), labels)
            for labels in ({"k": "v"}, {"k": "w"}, {})
        ]

    assert holds("In", "v") == [True, False, False]
    assert holds("NotIn", "v") == [False, True, True]
    assert holds("Exists") == [True, True, False]
    assert holds("DoesNotExist") == [False, False, True]
    assert holds("Nonsense") == [False, False, False]


def test_an_empty_selector_chooses_all_and_none_chooses_nothing():
    assert label_selector.matches({}, {"any": "labels"})
    assert label_selector.selects({}, {})
    assert not label_selector.selects(None, {})


def test_all_conditions_must_hold():
    both = {"matchLabels": {"a": "1"}, **expression("Exists", key="b")}

    assert label_selector.matches(both, {"a": "1", "b": ""})
    assert not label_selector.matches(both, {"a": "1"})
    assert not label_selector.matches(both, {"b": ""})


@pytest.mark.parametrize(
    ("declared", "written"),
    [
        (None, ""),
        ({}, ""),
        ({"matchLabels": {"b": "2", "a": "1"}}, "a=1,b=2"),
        (expression("In", "y", "x"), "k in (x,y)"),
        (expression("NotIn", "x"), "k notin (x)"),
        (expression("Exists"), "k"),
        (expression("DoesNotExist"), "!k"),
        ({"matchLabels": {"z": ""}, **expression("Exists")}, "k,z="),
    ],
)
def test_a_selector_is_written_as_the_text_that_lists_read(declared, written):
    assert label_selector.text(declared) == written

    read = selector.parse_labels(written)
    for labels in ({}, {"k": "x"}, {"k": "z", "z": ""}, {"a": "1", "b": "2"}):
        assert all(one.matches(labels) for one in read) is label_selector.matches(
            declared or {}, labels
        )


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ({"matchLabels": {"a": "b"}}, []),
        (
            expression("In"),
            [
                (
                    "s.matchExpressions[0].values: Required value: must be specified when `operator` is "
                    "'In' or 'NotIn'"
                )
            ],
        ),
        (
            expression("Exists", "x"),
            [
                (
                    "s.matchExpressions[0].values: Forbidden: may not be specified when `operator` is "
                    "'Exists' or 'DoesNotExist'"
                )
            ],
        ),
        (
            expression("Like", "x"),
            [
                's.matchExpressions[0].operator: Invalid value: "Like": not a valid selector operator'
            ],
        ),
    ],
)
def test_what_is_wrong_is_told(declared, told):
    found = label_selector.errors(declared, "s")

    assert [f"{error.field}: {error.message}" for error in found] == told


@pytest.mark.parametrize(
    ("declared", "field"),
    [
        ({"matchLabels": {"a b": "c"}}, "s.matchLabels"),
        (expression("Exists", key="a b"), "s.matchExpressions[0].key"),
        (expression("In", "fine", "a b"), "s.matchExpressions[0].values[1]"),
        ({"matchExpressions": [{}]}, "s.matchExpressions[0].operator"),
    ],
)
def test_what_cannot_be_a_label_is_found(declared, field):
    assert field in [error.field for error in label_selector.errors(declared, "s")]

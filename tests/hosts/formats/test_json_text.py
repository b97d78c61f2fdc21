"""JSON in place: the grammar of RFC 8259, and edits that leave the rest alone."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.hosts.formats import json_text
from wharfinger.hosts.formats.json_text import JsonText
from wharfinger.hosts.formats.source import CannotEdit, UnreadableFile

FILE = "/etc/docker/daemon.json"
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63),
    st.text(max_size=8).filter(str.isprintable),
)
KEYS = st.text(max_size=6).filter(str.isprintable)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=4)
LAYOUTS = st.sampled_from([None, 0, 1, 2, 4, "\t"])


def parse(text: str) -> JsonText:
    return JsonText.parse(text.encode(), FILE)


@given(OBJECTS, LAYOUTS)
def test_reads_what_the_standard_library_reads(document, layout):
    text = json.dumps(document, indent=layout)

    assert parse(text).value == document
    assert parse(text).content == text.encode()


@given(OBJECTS, LAYOUTS, KEYS, VALUES)
def test_a_value_is_set_and_taken_out_again(document, layout, key, value):
    before = parse(json.dumps(document, indent=layout))

    after = before.with_value((key,), value)

    assert after.value == {**document, key: value}
    assert list(after.value) == list({**document, key: value})
    assert after.with_value((key,), value) is after
    without = after.without((key,))
    assert without.value == {k: v for k, v in document.items() if k != key}


@given(OBJECTS, st.lists(KEYS, min_size=1, max_size=3), VALUES)
def test_objects_above_a_value_are_made(document, keys, value):
    before = parse(json.dumps(document, indent=2))
    try:
        after = before.with_value(tuple(keys), value)
    except CannotEdit:
        node = document
        for key in keys[:-1]:
            node = node.get(key, {}) if isinstance(node, dict) else None
        assert not isinstance(node, dict)
    else:
        assert after.get(*keys) == value


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ('{"a": 1,}', 1, 9, "string"),
        ('{"a": 1,\n "a": 2}', 2, 2, "twice"),
        ('{"a" 1}', 1, 6, "':'"),
        ('{\n"a": tru}', 2, 6, "value"),
        ("[1 2]", 1, 4, "','"),
        ('{"a": 01}', 1, 8, "','"),
        ('{"a": NaN}', 1, 7, "value"),
        ('{"a": "\t"}', 1, 7, "string"),
        ('{"a": "\\x"}', 1, 7, "string"),
        ('{"a": "\\ud800"}', 1, 7, "surrogate"),
        ("{} {}", 1, 4, "follows"),
        ("{", 1, 2, "string"),
        ("// c\n{}", 1, 1, "value"),
    ],
)
def test_a_fault_is_told_with_its_place(text, line, column, reason):
    with pytest.raises(UnreadableFile, match=reason) as caught:
        parse(text)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_places_are_told_by_line():
    document = parse('{\n  "a": [\n    "x",\n    {"b": 1}\n  ]\n}\n')

    assert document.line_of("a") == 2
    assert document.line_of("a", 1) == 4
    assert document.line_of("a", 1, "b") == 4
    assert document.line_of("b") is None
    assert document.line_of("a", 7) is None


def test_a_file_that_is_not_there_becomes_one():
    document = JsonText.parse(None, FILE)

    assert document.content == b""
    assert document.without(("a",)) is document
    assert document.with_value(("a",), ["x"]).content == b'{\n    "a": ["x"]\n}\n'


def test_items_go_and_come_and_the_rest_of_the_list_stays():
    text = '{"a": [\n  "x" ,\n    "y",\n  "z"\n]}'

    document = parse(text).with_value(("a",), ["x", "z", "q"])

    assert document.content.decode() == '{"a": [\n  "x" ,\n  "z",\n  "q"\n]}'
    assert parse(text).with_value(("a",), ["x"]).content.decode() == '{"a": [\n  "x" \n]}'


def test_true_is_not_one():
    assert parse('{"a": 1}').with_value(("a",), True).content == b'{"a": true}'


@given(OBJECTS)
def test_a_new_file_says_what_it_should(document):
    assert json.loads(json_text.render(document)) == document

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from wharfinger.cli import yaml

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8))
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), DOCUMENTS, max_size=3))
def test_what_is_written_reads_back(document):
    assert YAML(typ="safe", pure=True).load(yaml.text_of(document)) == document


@pytest.mark.parametrize(
    "text",
    ["yes", "No", "on", "y", "null", "~", "12:30:45", "0777", "1_000", ".5", "-1", "1e3", ".", "="],
)
def test_text_that_old_readers_take_for_something_else_is_quoted(text):
    assert yaml.text_of({"a": text}) == f"a: '{text}'\n"


def test_keys_keep_their_order_and_plain_text_stays_plain():
    assert yaml.text_of({"b": "hub.test:5000", "a": [{"x": "text"}]}) == (
        "b: hub.test:5000\na:\n- x: text\n"
    )


def test_documents_are_parted():
    assert yaml.text_of([{"a": 1}, {"b": 2}]) == "a: 1\n---\nb: 2\n"


def test_an_edit_quotes_what_it_adds_and_leaves_the_rest():
    editor = yaml.editor()
    document = editor.load("a: yes  # mine\nb: 'x'\n")
    document["c"] = yaml.added({"d": "on", "e": "plain"})

    written = io.BytesIO()
    editor.dump(document, written)

    assert written.getvalue() == b"a: yes  # mine\nb: 'x'\nc:\n  d: 'on'\n  e: plain\n"

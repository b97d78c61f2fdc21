"""TOML in its lines: places, odd spellings of tables, and comments that stay."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.hosts.formats import toml_text
from wharfinger.hosts.formats.source import CannotEdit, UnreadableFile
from wharfinger.hosts.formats.toml_text import TomlText

FILE = "/etc/containers/registries.conf"
KEYS = st.text(min_size=1, max_size=6).filter(str.isprintable)
SCALARS = st.one_of(st.booleans(), st.integers(-(2**63), 2**63 - 1), st.text(max_size=8))
VALUES = st.one_of(
    SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(KEYS, SCALARS, max_size=2)
)
TABLES = st.dictionaries(KEYS, VALUES | st.dictionaries(KEYS, VALUES, max_size=3), max_size=4)


def parse(text: str) -> TomlText:
    return TomlText.parse(text.encode(), FILE)


@given(TABLES)
def test_a_new_document_says_what_it_should(document):
    text = toml_text.render(document)

    assert tomllib.loads(text) == document
    assert parse(text).content.decode() == text


@given(TABLES, st.lists(KEYS, min_size=1, max_size=3), SCALARS | st.lists(SCALARS, max_size=3))
def test_what_is_set_is_read_back_or_refused(document, keys, value):
    before = parse(toml_text.render(document))
    try:
        after = before.with_value(tuple(keys), value)
    except CannotEdit:
        return
    assert after.get(*keys) == value
    assert tomllib.loads(after.content.decode()) == after.value
    assert after.with_value(tuple(keys), value) is after
    assert after.without(tuple(keys)).get(*keys) is None


@pytest.mark.parametrize(
    ("text", "edited"),
    [
        ("a.b = 1\n", "a.b = 1\na.c = 2\n"),
        ("[a]\nb = 1\n\n[x]\n", "[a]\nb = 1\nc = 2\n\n[x]\n"),
        ("a = { b = 1 }\n", "a = { b = 1, c = 2 }\n"),
        ("[a]\n  b = 1 # told\n", "[a]\n  b = 1 # told\n  c = 2\n"),
        ("[a.d]\nx = 1\n", "[a.d]\nx = 1\n\n[a]\nc = 2\n"),
        ("[a]\n# c = 1\n", "[a]\nc = 2\n# c = 1\n"),
        ("[a]\nc = 1", "[a]\nc = 2"),
        ("[a]\nb = 1", "[a]\nb = 1\nc = 2\n"),
        ("[ 'a' ]\n'c' = [\n1,\n]\n", "[ 'a' ]\n'c' = 2\n"),
    ],
)
def test_a_key_is_set_in_the_table_however_that_is_written(text, edited):
    assert parse(text).with_value(("a", "c"), 2).content.decode() == edited


def test_a_key_of_no_table_stands_before_the_tables():
    text = "# the file\n\n# of a\n[a]\nb = 1\n"

    document = parse(text).with_value(("top",), True)

    assert document.content.decode() == "# the file\n\ntop = true\n\n# of a\n[a]\nb = 1\n"


def test_comments_in_a_list_stay_with_their_items():
    text = 'a = [\n  "x", # ours\n  # then theirs\n  "y", # gone soon\n  "z" # last\n]\n'

    document = parse(text).with_value(("a",), ["x", "z", "q"])

    assert document.content.decode() == (
        'a = [\n  "x", # ours\n  # then theirs\n  "z", # last\n  "q"\n]\n'
    )


def test_a_table_of_a_list_is_taken_out_with_what_is_below_it():
    first = '[[registry]]\nlocation = "a"\n[[registry.mirror]]\nlocation = "m"\n\n'
    rest = '[[registry]] # the other\nlocation = "b"\nblocked = true\n[aliases]\nx = "y"\n'
    document = parse(first + rest)

    assert document.line_of("registry", 0, "mirror", 0, "location") == 4
    assert document.line_of("registry", 1, "blocked") == 8
    assert document.without(("registry", 0)).content.decode() == "\n" + rest
    assert document.without(("registry", 1, "blocked")).get("registry", 1) == {"location": "b"}


@pytest.mark.parametrize(
    ("text", "line"),
    [("a = 1\na = 2\n", 2), ("a = \n", 1), ("[a\n", 1), ('\n\nb = "x', 3), ("a = 1\n[a.b]\n", 2)],
)
def test_a_fault_is_told_with_its_line(text, line):
    with pytest.raises(UnreadableFile) as caught:
        parse(text)
    assert caught.value.line == line


def test_an_item_of_a_list_knows_its_line():
    document = parse('[a]\nb = [ # ]\n  "x]",\n  "y", "z"\n]\n')

    assert [document.line_of("a", "b", index) for index in range(3)] == [3, 4, 4]
    assert document.line_of("a", "b") == 2
    assert document.line_of("a", "c") is None

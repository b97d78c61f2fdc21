import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.oci.errors import InvalidName, InvalidTag
from wharfinger.oci.names import MAX_NAME, RepositoryName, Tag

COMPONENT = st.from_regex(r"[a-z0-9]{1,8}((\.|_|__|-{1,3})[a-z0-9]{1,8}){0,3}", fullmatch=True)


@given(st.lists(COMPONENT, min_size=2, max_size=5))
def test_name_survives_the_round_trip_through_text(components):
    text = "/".join(components)

    name = RepositoryName.parse(text)

    assert str(name) == text
    assert name.project == components[0]
    assert name.rest == "/".join(components[1:])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "single",
        "/a",
        "a/",
        "a//b",
        "a/../b",
        "../a",
        "a/..",
        "a/./b",
        "a/b%2fc",
        "a/b%2e",
        "a/b\0",
        "a/b\\c",
        "a/B",
        "a/b\n",
        "a/b.",
        "a/.b",
        "a/-b",
        "a/b-",
        "a/b___c",
        "a/b..c",
        "a/b._c",
        "a/b c",
        "a/é",
        "a/․․",
        "a/" + "b" * 254,
        "localhost:5000/a/b",
    ],
)
def test_text_outside_the_grammar_is_no_name(text):
    with pytest.raises(InvalidName):
        RepositoryName.parse(text)


def test_name_may_be_as_long_as_the_specification_says():
    text = "a/" + "b" * (MAX_NAME - 2)

    assert str(RepositoryName.parse(text)) == text


@given(st.text(max_size=300))
def test_any_text_is_a_name_or_is_refused(text):
    with contextlib.suppress(InvalidName):
        assert str(RepositoryName.parse(text)) == text


def test_a_long_hostile_name_is_refused_at_once():
    # Exponential backtracking would never come back from this one.
    with pytest.raises(InvalidName):
        RepositoryName.parse("a/" + "b-" * 126)


@given(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", fullmatch=True))
def test_tag_survives_the_round_trip_through_text(text):
    assert str(Tag.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", ".", "..", "-a", ".a", "a/b", "a b", "a\n", "a:b", "a\0", "é", "a" * 129]
)
def test_text_outside_the_grammar_is_no_tag(text):
    with pytest.raises(InvalidTag):
        Tag.parse(text)

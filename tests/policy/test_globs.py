"""Globs, against an obvious model, and that no pattern takes long."""

from hypothesis import given, settings
from hypothesis import strategies as st

from wharfinger.policy import globs


def model(pattern, text):
    if not pattern:
        return not text
    if pattern[0] == "*":
        return model(pattern[1:], text) or (bool(text) and model(pattern, text[1:]))
    return bool(text) and pattern[0] in ("?", text[0]) and model(pattern[1:], text[1:])


@settings(max_examples=100)
@given(st.text("ab*?", max_size=6), st.text("ab", max_size=7))
def test_globs_are_what_their_definition_says(pattern, text):
    assert globs.matches(pattern, text) == model(pattern, text)


def test_a_pattern_made_to_take_long_is_answered():
    # A matcher that goes back over all stars would not end.
    assert not globs.matches("*a" * 60 + "b", "a" * 250)
    assert globs.matches("*a" * 60 + "*", "a" * 250)

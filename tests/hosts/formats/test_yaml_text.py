"""The YAML of the oldest registries.conf."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.hosts.formats.source import UnreadableFile
from wharfinger.hosts.formats.yaml_text import YamlText, scalar

FILE = "/etc/containers/registries.conf"
NAMES = st.lists(st.from_regex(r"[a-z0-9.*-]{1,12}(:[0-9]{2,5})?", fullmatch=True), max_size=4)


def parse(text: str) -> YamlText:
    return YamlText.parse(text.encode(), FILE)


@given(NAMES, NAMES, NAMES)
def test_lists_change_to_whatever_is_wanted(first, second, wanted):
    document = parse("# top\n").with_list("a", first).with_list("b", second)

    after = document.with_list("a", wanted)

    assert after.value == {"a": wanted, "b": second}
    assert after.with_list("a", wanted) is after
    assert after.without("a").value == {"b": second}
    assert after.content.startswith(b"# top\n")


@pytest.mark.parametrize(
    "text", ["yes", "10:30", "*", "all", "a b", "- a", "1.5", "", "#x", "null"]
)
def test_text_stays_text(text):
    assert parse(f"a: [{scalar(text)}]\n").get("a") == [text]


def test_items_know_their_lines():
    document = parse("# c\na:\n  - x\n  # d\n  - y\nb: [u, v]\n")

    assert (document.line_of("a"), document.line_of("a", 1), document.line_of("b", 1)) == (2, 5, 6)
    assert document.line_of("c") is None


def test_comments_beside_items_stay():
    document = parse("a:\n  - x  # ours\n  # between\n  - y\n  - z # last\n\n# end\n")

    assert document.with_list("a", ["x", "z", "q"]).content.decode() == (
        "a:\n  - x  # ours\n  # between\n  - z # last\n  - q\n\n# end\n"
    )


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ("a: &x [1]\nb: *x\n", "anchors", 1),
        ("a: [1]\nb: !!python/object:os.system []\n", "tags", 2),
        ("a: [1]\n---\nb: [2]\n", "second document", 2),
        ("a: [1]\na: [2]\n", "twice", 2),
        ("- a\n- b\n", "no mapping", 1),
        ("a: [1\n", "expected", 2),
        ("a: 'x\n", "end of stream", 2),
        ("? [a]\n: b\n", "no text", 1),
    ],
)
def test_what_has_no_place_is_refused_with_its_line(text, reason, line):
    with pytest.raises(UnreadableFile, match=reason) as caught:
        parse(text)
    assert caught.value.line == line

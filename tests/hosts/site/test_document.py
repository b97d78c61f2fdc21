from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.hosts.site import document
from wharfinger.hosts.site.faults import InvalidSite


def faults(content: bytes) -> tuple[str, ...]:
    with pytest.raises(InvalidSite) as caught:
        document.read("site.yaml", content)
    return caught.value.details


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: [1, x, {b: ~}]", {"a": [1, "x", {"b": None}]}),
        ("no: off", {"no": "off"}),
        ("a: 12:30", {"a": "12:30"}),
        ("a: 2020-01-01", {"a": "2020-01-01"}),
        ("a: 1.5", {"a": 1.5}),
        ("a: '1'", {"a": "1"}),
        ("a: True", {"a": True}),
        ("<<: {a: b}", {"<<": {"a": "b"}}),
        ("%YAML 1.1\n---\na: no", {"a": "no"}),
        ('{"a": ["b"]}', {"a": ["b"]}),
        ("\ufeffa: b", {"a": "b"}),
    ],
)
def test_values_are_those_of_the_core_schema(text, value):
    assert document.read("site.yaml", text.encode()).plain() == value


def test_each_value_and_key_has_its_line():
    root = document.read("site.yaml", b"# first\na:\n  - b\n  - c\n")

    assert root.lines == {"a": 2}
    assert [item.line for item in root.value["a"].value] == [3, 4]


@pytest.mark.parametrize(
    ("content", "line", "why"),
    [
        (b"", 1, "it is empty"),
        (b"# only words\n", 1, "it is empty"),
        (b"\xff", 1, "it is not UTF-8"),
        (b"a: b\nc: \xc3\x28", 2, "it is not UTF-8"),
        ("a: b".encode("utf-16"), 1, "it is not UTF-8"),
        (b'"\\ud800"', 1, "half of a surrogate pair"),
        (b'{"\\ud800": 1}', 1, "half of a surrogate pair"),
        (b"a: b\nc:\td", 2, "'\\t'"),
        (b"a: '\x01'", 1, "special characters"),
        (b"a: 1\na: 2", 2, "key 'a' twice"),
        (b"a: &x 1", 1, "anchor &x"),
        (b"a: !!python/object:os.system 1", 1, "tag "),
        (b"- a\n- *.docker.io", 2, "in quotes: '*.docker.io'"),
        (b"? [a]\n: b", 1, "a key is text"),
        (b"? *a\n: b", 1, "alias *a"),
        (b"a\n---\nb", 2, "a second document"),
        (b"[" * 10_000, 1, "32 levels"),
        (b"- " * 10_000 + b"x", 1, "32 levels"),
        (b"a: 1e999", 1, "too large"),
        (b'a: "x', 1, "unexpected end"),
    ],
)
def test_what_lies_outside_is_a_fault_with_its_line(content, line, why):
    (told,) = faults(content)

    assert told.startswith(f"site.yaml:{line}: ")
    assert why in told


def test_an_aliases_bomb_is_refused_before_it_grows():
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )

    assert "anchor &a" in faults(bomb.encode())[0]


def test_a_file_beyond_the_limits_is_not_looked_at():
    assert "more than 1 MiB" in faults(b"#" * (document.MAX_BYTES + 1))[0]
    assert "values" in faults(b"[" + b"a," * (document.MAX_NODES + 1) + b"]")[0]


def test_several_faults_are_told_together():
    told = faults(b"a: &x 1\nb: !foo 2\na: 3\n")

    assert [text.partition(": ")[0] for text in told] == [f"site.yaml:{line}" for line in (1, 2, 3)]


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8")))
def test_any_bytes_are_read_or_refused(content):
    with suppress(InvalidSite):
        assert isinstance(document.read("site.yaml", content), document.Node)

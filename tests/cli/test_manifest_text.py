"""Manifests into values: as an API server would get them, each document by itself, within limits."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wharfinger.cli import manifest_text
from wharfinger.cli.manifest_text import Document


def values(text: str) -> list:
    found = list(manifest_text.documents(text.encode()))
    assert [one.fault for one in found] == [""] * len(found)
    return [one.value for one in found]


def faults(content: bytes | str) -> list[tuple[int, str]]:
    content = content.encode() if isinstance(content, str) else content
    return [(one.line, one.fault) for one in manifest_text.documents(content) if one.fault]


def test_documents_are_told_with_the_lines_where_they_begin():
    text = "# chart\n---\na: 1\n---\n---\nb: 2\n...\n---\n# nothing\n"

    assert list(manifest_text.documents(text.encode())) == [
        Document(3, {"a": 1}),
        Document(6, {"b": 2}),
    ]


def test_json_is_read_whole_and_what_only_begins_so_as_yaml():
    assert values('{"items": [1, null, true]}') == [{"items": [1, None, True]}]
    assert values("{a: [x, 'y']}\n---\n{b: 2}") == [{"a": ["x", "y"]}, {"b": 2}]


def test_a_broken_document_hides_no_other():
    text = "a: 1\n---\na: [\n---\nb: {{ .Values.image }}\n---\nc: 3\n"

    assert [one.value for one in manifest_text.documents(text.encode()) if not one.fault] == [
        {"a": 1},
        {"c": 3},
    ]
    assert [line for line, _ in faults(text)] == [4, 5]


def test_much_text_is_shared_and_comes_back_in_its_order(monkeypatch):
    monkeypatch.setattr(manifest_text, "PIECE", 100)
    text = "---\n".join(f"number: {number}\n" for number in range(50)) + "---\n[\n"

    alone = list(manifest_text.documents(text.encode()))
    assert list(manifest_text.documents(text.encode(), processes=2)) == alone
    assert [one.value["number"] for one in alone[:-1]] == list(range(50))
    assert alone[-1].line == 102


def test_scalars_mean_what_yaml_1_2_says():
    text = "[x, 1, -2, 1.5, 1e3, true, False, null, ~, '1', \"no\", no, 0x1, 1.2.3, .nan, !!str 5]"

    assert values(text) == [
        ["x", 1, -2, 1.5, 1000.0, True, False, None, None, "1", "no", "no", "0x1", "1.2.3", ".nan", "5"]
    ]  # fmt: skip


def test_anchors_and_merges_are_followed():
    text = """
base: &base {image: quay.io/a, pull: Always}
other: &other {image: quay.io/b, name: x}
same: *base
one: {<<: *base, image: quay.io/c}
two: {image: quay.io/d, <<: [*base, *other]}
text: {"<<": 1, image: &name quay.io/e, *name : x}
inline: {<<: {a: {b: 1}, c: 2}, c: 3}
"""
    [found] = values(text)

    assert found["same"] == found["base"]
    assert found["one"] == {"image": "quay.io/c", "pull": "Always"}
    assert found["text"] == {"<<": 1, "image": "quay.io/e", "quay.io/e": "x"}
    assert found["inline"] == {"a": {"b": 1}, "c": 3}
    assert found["two"] == {"image": "quay.io/d", "pull": "Always", "name": "x"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: 1\nimage: x\nimage: y\n", (3, "key 'image' is there twice")),
        ("{<<: {a: 1}, b: 1, b: 2}", (1, "key 'b' is there twice")),
        ("a: *b\n", (1, "")),
        ("a: &a [*a]\n", (1, "alias *a has no anchor that is complete")),
        ("[a]: 1", (1, "a key has to be text")),
        ("<<: 1", (1, "what is merged with << has to be a mapping")),
        (b"a: \xff", (1, "it is not UTF-8 text")),
        ("a: \x00", (1, "")),
        ("a: " + "[" * 101 + "]" * 101, (1, "it has more than 100 levels")),
    ],
)
def test_what_cannot_be_read_is_a_fault(text, fault):
    [(line, message)] = faults(text)

    assert line == fault[0]
    assert message.startswith(fault[1])
    assert message


def test_expansion_is_bounded(monkeypatch):
    monkeypatch.setattr(manifest_text, "MAX_VALUES", 1000)
    bomb = "a: &a {" + ", ".join(f"k{n}: 1" for n in range(200)) + "}\n"
    bomb += "\n".join(f"b{n}: {{<<: *a}}" for n in range(10))

    assert faults(bomb) == [(4, "it has more than 1000 values")]
    assert faults("[" + "1," * 1001 + "]") == [(1, "it has more than 1000 values")]


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=60)
@given(PLAIN.filter(lambda value: isinstance(value, dict)))
def test_json_read_as_yaml_is_the_same(value):
    assert values("# first\n" + json.dumps(value)) == [value]


@settings(max_examples=100)
@given(st.text(max_size=60) | st.text("-:{}[]&*a<\n 1'\"|>%!", max_size=60))
def test_no_text_is_more_than_a_fault(text):
    for document in manifest_text.documents(text.encode("utf-8", "surrogatepass")):
        assert document.line >= 1

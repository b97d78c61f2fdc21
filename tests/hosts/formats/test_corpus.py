"""
Files as they stand on hosts: each prints back as it is, and an edit changes only the lines it must.

The files are in `corpus/`, by their format; some have CRLF, a byte order mark or no final newline.
"""

import difflib
from pathlib import Path

import pytest

from wharfinger.hosts.formats.json_text import JsonText
from wharfinger.hosts.formats.source import CannotEdit
from wharfinger.hosts.formats.sysconfig import Sysconfig
from wharfinger.hosts.formats.toml_text import TomlText
from wharfinger.hosts.formats.yaml_text import YamlText

CORPUS = Path(__file__).parent / "corpus"
FORMATS = {"sysconfig": Sysconfig, "json": JsonText, "toml": TomlText, "yaml": YamlText}
NAMES = ["one.new.test", "two.new.test:5000"]


def files(kind: str) -> list:
    return [pytest.param(path, id=path.name) for path in sorted((CORPUS / kind).iterdir())]


def parsed(path: Path):
    return FORMATS[path.parent.name].parse(path.read_bytes(), path.name)


def lines(document) -> list[bytes]:
    return document.source.body.encode().splitlines(keepends=True)


def changed(before, after) -> tuple[int, int]:
    """How many lines went and how many came."""
    matcher = difflib.SequenceMatcher(None, lines(before), lines(after), autojunk=False)
    spans = [code[1:] for code in matcher.get_opcodes() if code[0] != "equal"]
    return sum(b - a for a, b, _, _ in spans), sum(d - c for _, _, c, d in spans)


def cut(document) -> int:
    """The last line changes too where it has no end."""
    return int(bool(document.content) and not document.content.endswith(b"\n"))


def assert_settled(document, edit) -> None:
    """A second same edit changes nothing, and neither the mark at the start nor line ends change."""
    once = edit(document)
    assert edit(once) is once
    assert once.content.startswith(b"\xef\xbb\xbf") == document.content.startswith(b"\xef\xbb\xbf")
    if b"\r\n" in document.content:
        assert once.content.count(b"\n") == once.content.count(b"\r\n")


def test_the_corpus_is_large_and_of_all_formats():
    found = [path for kind in FORMATS for path in (CORPUS / kind).iterdir()]

    assert len(found) >= 60
    assert sum(b"\r\n" in path.read_bytes() for path in found) >= 4
    assert sum(path.read_bytes().startswith(b"\xef\xbb\xbf") for path in found) >= 4


@pytest.mark.parametrize("path", [one for kind in FORMATS for one in files(kind)])
def test_each_file_prints_as_it_was_read(path):
    assert parsed(path).content == path.read_bytes()


@pytest.mark.parametrize("path", files("sysconfig"))
def test_assignments_change_alone(path):
    document = parsed(path)
    added = document.with_value("NEW_REGISTRY", "--add-registry one.new.test")
    assert changed(document, added) == (cut(document), 1 + cut(document))
    assert_settled(document, lambda one: one.with_value("NEW_REGISTRY", "it's $HOME"))

    for one in document.assignments:
        last = [other for other in document.assignments if other.name == one.name][-1]
        written = document.source.body[last.start : last.end].splitlines()
        edited = document.with_value(one.name, "changed")
        assert changed(document, edited) == (len(written), 1)
        without = document.without(one.name)
        assert changed(document, without)[1] == 0
        assert without.get(one.name) is None


@pytest.mark.parametrize("path", files("json"))
def test_members_change_alone(path):
    document = parsed(path)
    added = document.with_value(("x-new",), NAMES)
    gone, came = changed(document, added)
    if not document.value:
        assert came <= 3
    else:
        assert (gone, came) in {(1, 1), (1, 2)}
    assert_settled(document, lambda one: one.with_value(("x-new",), NAMES))

    for key, value in document.value.items():
        assert key not in document.without((key,)).value
        if isinstance(value, list) and value:
            more = document.with_value((key,), [*value, "one.new.test"])
            assert sum(changed(document, more)) <= 3
            assert_settled(document, lambda one, key=key: one.with_value((key,), NAMES))
            assert more.with_value((key,), value).content == document.content


@pytest.mark.parametrize("path", files("toml"))
def test_keys_and_tables_change_alone(path):
    document = parsed(path)
    key = document.with_value(("x-new",), NAMES)
    assert changed(document, key)[0] <= cut(document)
    assert changed(document, key)[1] <= 2 + cut(document)
    table = document.with_value(("x", "new.one", "list"), NAMES)
    assert changed(document, table)[0] == cut(document)
    assert changed(document, table)[1] <= 3 + cut(document)
    assert_settled(document, lambda one: one.with_value(("x", "new.one", "list"), NAMES))
    assert table.without(("x",)).value == document.value


def lists_of(value, keys=()):
    """The places of all lists of text in a document."""
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        yield keys
    elif isinstance(value, dict | list):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        for key, part in parts:
            yield from lists_of(part, (*keys, key))


@pytest.mark.parametrize("path", files("toml"))
def test_lists_grow_and_shrink_item_by_item(path):
    document = parsed(path)
    for keys in lists_of(document.value):
        if keys[0] == "nested":  # a list of lists has no statement of its own
            continue
        value = document.get(*keys)
        more = document.with_value(keys, [*value, "one.new.test"])
        assert more.get(*keys) == [*value, "one.new.test"]
        assert sum(changed(document, more)) <= 3
        assert more.with_value(keys, value).content == document.content
        assert document.with_value(keys, []).get(*keys) == []
        line = lines(document)[document.line_of(*keys, len(value) - 1) - 1]
        assert value[-1].encode() in line


@pytest.mark.parametrize("path", files("yaml"))
def test_lists_of_yaml_change_alone(path):
    document = parsed(path)
    added = document.with_list("x_new", NAMES)
    assert changed(document, added) == (cut(document), 3 + cut(document))
    assert_settled(document, lambda one: one.with_list("x_new", NAMES))

    for key, value in document.value.items():
        assert key not in document.without(key).value
        if isinstance(value, list):
            more = document.with_list(key, [*value, "one.new.test"])
            assert changed(document, more)[0] <= 1
            assert changed(document, more)[1] <= 2
            assert more.with_list(key, value).value == document.value
            assert document.with_list(key, []).get(key) == []


def test_what_has_no_place_is_refused_and_not_written_wrongly():
    inline = parsed(CORPUS / "toml" / "registries-v2-inline-mirrors")

    with pytest.raises(CannotEdit, match="no keys"):
        inline.with_value(("registry", 0, "docker", 7), "x")
    with pytest.raises(CannotEdit):
        JsonText.parse(b'{"a": 1}', "a file").with_value(("a", "b"), 2)

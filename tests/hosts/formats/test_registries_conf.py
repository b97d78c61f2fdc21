"""What registries.conf means, in its three syntaxes and with drop-ins."""

from pathlib import Path

import pytest

from wharfinger.hosts.formats import registries_conf
from wharfinger.hosts.formats.registries_conf import DROP_INS, MAIN, Syntax
from wharfinger.hosts.formats.source import UnreadableFile

CORPUS = Path(__file__).parent / "corpus"


def read(text: str, name: str = MAIN) -> registries_conf.RegistriesConf:
    return registries_conf.parse(text.encode(), name)


def names(found) -> list[str] | None:
    return None if found is None else [one.name for one in found]


OLDEST = "registries:\n  - a\ninsecure_registries: [b]\nblock_registries:\n- c\n"
VERSION_1 = """[registries.search]
registries = ['a']
[registries.insecure]
registries = ['b']
[registries.block]
registries = ['c']
"""


@pytest.mark.parametrize(("text", "syntax"), [(OLDEST, Syntax.YAML), (VERSION_1, Syntax.V1)])
def test_the_older_syntaxes_say_the_same(text, syntax):
    conf = read(text)

    assert conf.syntax is syntax
    assert (names(conf.search), names(conf.insecure), names(conf.blocked)) == (["a"], ["b"], ["c"])
    assert {(one.prefix, one.insecure, one.blocked) for one in conf.entries} == {
        ("b", True, False),
        ("c", False, True),
    }
    assert str(conf.search[0].place) == f"{MAIN}:2"
    assert conf.notes == ()


def test_version_2_is_read_with_its_lines():
    conf = read(
        'unqualified-search-registries = ["a",\n "b"]\nshort-name-mode = "permissive"\n'
        '[aliases]\nx = "a/x"\n[[registry]]\nprefix = "p/q/"\nlocation = "l"\ninsecure = true\n'
        '[[registry.mirror]]\nlocation = "m"\npull-from-mirror = "tag-only"\n'
        '[[registry]]\nprefix = "*.evil.test"\nblocked = true\n'
    )

    assert conf.syntax is Syntax.V2
    assert [(one.name, one.place.line) for one in conf.search] == [("a", 1), ("b", 2)]
    assert conf.short_name_mode.name == "permissive"
    assert (conf.aliases["x"].name, conf.aliases["x"].place.line) == ("a/x", 5)
    first, second = conf.entries
    assert (first.prefix, first.location, first.insecure, first.place.line) == ("p/q", "l", True, 6)
    assert [(one.location, one.pull, one.place.line) for one in first.mirrors] == [
        ("m", "tag-only", 10)
    ]
    assert (second.prefix, second.location, second.blocked) == ("*.evil.test", "", True)


def test_no_statement_is_another_thing_than_an_empty_one():
    assert read("").search is None
    assert read("unqualified-search-registries = []\n").search == ()
    assert read("[registries.search]\nregistries = []\n").insecure is None
    assert read("registries:\n").search == ()


def test_drop_ins_merge_as_the_manual_says():
    conf = registries_conf.of_host(
        {
            MAIN: b'unqualified-search-registries = ["a"]\n[[registry]]\nlocation = "x"\n'
            b'insecure = true\n[[registry]]\nlocation = "y"\n[aliases]\np = "a/p"\nq = "a/q"\n',
            f"{DROP_INS}90-last.conf": b'unqualified-search-registries = ["c"]\n',
            f"{DROP_INS}10-first.conf": b'unqualified-search-registries = ["b"]\n'
            b'[[registry]]\nlocation = "x"\nblocked = true\n[aliases]\nq = "b/q"\n',
            f"{DROP_INS}notes.txt": b"no configuration",
            "/etc/docker/daemon.json": b"{}",
        }
    )

    assert names(conf.search) == ["c"]
    assert [(one.prefix, one.insecure, one.blocked) for one in conf.entries] == [
        ("y", False, False),
        ("x", False, True),
    ]
    assert {name: one.name for name, one in conf.aliases.items()} == {"p": "a/p", "q": "b/q"}
    assert conf.search[0].place.file == f"{DROP_INS}90-last.conf"
    assert registries_conf.of_host({}) is None


def test_a_drop_in_of_an_older_syntax_is_refused_as_the_tools_do():
    with pytest.raises(UnreadableFile, match="version 2"):
        registries_conf.of_host(
            {MAIN: b"", f"{DROP_INS}1.conf": b"[registries.search]\nregistries = []\n"}
        )


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ("[registries.search]\nregistries = []\n[[registry]]\nlocation = 'a'\n", "mixes", 3),
        ("[[registry]]\nblocked = true\n", "no location", 1),
        ("[[registry]]\nlocation = 'a'\n[[registry.mirror]]\n", "mirror has no location", 3),
        ("unqualified-search-registries = 'a'\n", "no list", 1),
        ("unqualified-search-registries = [1]\n", "no text", 1),
        ("[[registry]]\nlocation = 'a'\ninsecure = 'no'\n", "true or false", 3),
        ("registries = 'a'\n", "no table", 1),
        ("registries:\n  a: b\n", "no list of names", 1),
        ("[registries\n", "Expected", 1),
        ("something: else\n", "Expected", 1),
    ],
)
def test_what_the_tools_refuse_is_refused_with_its_line(text, reason, line):
    with pytest.raises(UnreadableFile, match=reason) as caught:
        read(text)
    assert caught.value.line == line


def test_unknown_keys_are_told():
    conf = read('[[registry]]\nlocation = "a"\nsecure = true\n[extra]\n')

    assert [(one.text, one.place.line) for one in conf.notes] == [
        ("the key 'extra' is unknown", 4),
        ("the key 'secure' is unknown", 3),
    ]


@pytest.mark.parametrize(
    "path", sorted((CORPUS / "toml").glob("registries-*")) + sorted((CORPUS / "yaml").iterdir())
)
def test_each_file_of_the_corpus_has_a_meaning(path):
    conf = registries_conf.parse(path.read_bytes(), path.name)

    expected = {"yaml": Syntax.YAML}.get(path.parent.name)
    expected = expected or (Syntax.V1 if "-v1-" in path.name else Syntax.V2)
    assert conf.syntax is expected
    for one in [*(conf.search or ()), *conf.aliases.values()]:
        line = path.read_bytes().splitlines()[one.place.line - 1]
        assert one.name.encode() in line

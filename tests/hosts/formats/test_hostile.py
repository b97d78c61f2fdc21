"""What a hostile file may try: size, depth, aliases, numbers, bytes. Each is an error that says so."""

import pytest

from wharfinger.errors import WharfingerError
from wharfinger.hosts.formats import registries_conf
from wharfinger.hosts.formats.json_text import JsonText
from wharfinger.hosts.formats.source import FileTooLarge, UnreadableFile
from wharfinger.hosts.formats.sysconfig import Sysconfig
from wharfinger.hosts.formats.toml_text import TomlText
from wharfinger.hosts.formats.yaml_text import YamlText

READERS = {
    "sysconfig": Sysconfig.parse,
    "json": JsonText.parse,
    "toml": TomlText.parse,
    "yaml": YamlText.parse,
    "registries.conf": registries_conf.parse,
}
BOMB = b"a: &a [x,x,x]\n" + b"".join(
    b"%c: &%c [*%c,*%c,*%c]\n" % (98 + n, 98 + n, 97 + n, 97 + n, 97 + n) for n in range(20)
)


@pytest.mark.parametrize("reader", READERS)
def test_100_mib_are_refused_by_their_size(reader):
    with pytest.raises(FileTooLarge, match="104857600 bytes"):
        READERS[reader](b"#" * (100 << 20), "a file")


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("content", [b"a\0b", b"\xff\xfea\0", b"# \xe4\n"])
def test_what_is_no_text_is_refused(reader, content):
    with pytest.raises(UnreadableFile, match=r"NUL|UTF-8") as caught:
        READERS[reader](content, "a file")
    assert caught.value.line == 1


@pytest.mark.parametrize(
    ("reader", "content"),
    [
        ("json", b"[" * 100_000),
        ("json", b'{"a":' * 100_000),
        ("json", b"[" * 100_000 + b"]" * 100_000),
        ("toml", b"a = " + b"[" * 100_000),
        ("toml", b"a = " + b"[" * 100_000 + b"]" * 100_000),
        ("toml", b"a" + b".a" * 100_000 + b" = 1"),
        ("toml", b"[a" + b".a" * 1_000 + b"]"),
        ("toml", b"a = " + b"{a=" * 50_000),
        ("yaml", b"[" * 60_000),
        ("yaml", b"a:\n" + b"".join(b" " * n + b"a:\n" for n in range(1, 300))),
        ("yaml", b"- " * 30_000),
        ("yaml", b"{a: " * 10_000),
        ("registries.conf", b"[" * 60_000),
        ("yaml", BOMB),
        ("registries.conf", BOMB),
        ("json", b'{"a": ' + b"9" * 100_000 + b"}"),
        ("json", b'{"a": 1e' + b"9" * 100_000 + b"}"),
        ("toml", b"a = " + b"9" * 100_000),
        ("yaml", b"? " * 30_000),
    ],
)
def test_depth_aliases_and_numbers_are_bounded(reader, content):
    with pytest.raises(WharfingerError, match="cannot read a file"):
        READERS[reader](content, "a file")

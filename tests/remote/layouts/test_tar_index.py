"""Tar archives by their headers: those that tools write, and those that nobody should."""

import io
import tarfile
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wharfinger.remote.layouts import tar_index
from wharfinger.remote.layouts.tar_index import BLOCK, InvalidTar


def archive(*members, form=tarfile.PAX_FORMAT):
    """Members are `(name, content)`, or `(name, type, link)`."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as writing:
        for name, *rest in members:
            entry = tarfile.TarInfo(name)
            if len(rest) == 2:
                entry.type, entry.linkname = rest
                writing.addfile(entry)
            else:
                entry.size = len(rest[0])
                writing.addfile(entry, io.BytesIO(rest[0]))
    return out.getvalue()


def content(raw, name):
    member = tar_index.read(io.BytesIO(raw)).find(name)
    return None if member is None else raw[member.offset : member.offset + member.size]


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_members_are_found_in_each_form(form):
    long = f"{'a' * 90}/{'b' * 60}"
    raw = archive(("./x", b"one"), (long, b"two" * 1000), ("empty", b""), form=form)

    assert content(raw, "x") == b"one"
    assert content(raw, f"./{long}") == b"two" * 1000
    assert content(raw, "empty") == b""
    assert content(raw, "y") is None


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_names_of_any_length_and_letters_are_read(form):
    long = "ä" * 300
    raw = archive((long, b"one"), ("z", b"two"), form=form)

    assert (content(raw, long), content(raw, "z")) == (b"one", b"two")


def test_links_are_followed_within_the_archive():
    raw = archive(
        ("a/layer.tar", b"one"),
        ("b/layer.tar", tarfile.SYMTYPE, "../a/layer.tar"),
        ("c", tarfile.LNKTYPE, "a/layer.tar"),
        ("d", tarfile.SYMTYPE, "/etc/passwd"),
        ("e", tarfile.SYMTYPE, "../../etc/passwd"),
    )

    assert [content(raw, name) for name in "bcde"] == [None, b"one", None, None]
    assert content(raw, "b/layer.tar") == b"one"


def test_links_in_a_circle_are_refused():
    raw = archive(("a", tarfile.SYMTYPE, "b"), ("b", tarfile.SYMTYPE, "a"))

    with pytest.raises(InvalidTar, match="on and on"):
        content(raw, "a")


def test_a_name_that_comes_twice_is_refused():
    raw = archive(("a", b"one"), ("./a", b"two"), ("b", b"three"))

    assert content(raw, "b") == b"three"
    with pytest.raises(InvalidTar, match="twice"):
        content(raw, "a")


def test_what_is_no_archive_is_refused():
    for raw in (b"PK\3\4" + bytes(1000), b"x" * BLOCK, b"short", archive(("a", b"x" * 600))[:700]):
        with pytest.raises(InvalidTar):
            tar_index.read(io.BytesIO(raw))


def header(kind: bytes, size: bytes, name: bytes = b"x") -> bytes:
    raw = bytearray(BLOCK)
    raw[: len(name)] = name
    raw[124 : 124 + len(size)] = size
    raw[156:157] = kind
    raw[257:265] = b"ustar\x0000"
    raw[148:156] = b" " * 8
    raw[148:155] = b"%06o\0" % sum(raw)
    return bytes(raw)


@pytest.mark.parametrize(
    "size", [b"77777777777", b"\x80" + b"\xff" * 11, b"\xff" * 12, b"-1", b"0x10", b"9"]
)
def test_a_member_that_claims_any_size_is_refused(size):
    for kind in (b"0", b"x", b"L", b"K", b"g"):
        with pytest.raises(InvalidTar):
            tar_index.read(io.BytesIO(header(kind, size) + bytes(2 * BLOCK)))


def test_a_name_of_a_gigabyte_is_not_read(tmp_path):
    path = tmp_path / "sparse"
    with path.open("wb") as writing:
        writing.write(header(b"L", b"10000000000"))
        writing.truncate(1 << 31)

    with path.open("rb") as reading, pytest.raises(InvalidTar, match="name of more than"):
        tar_index.read(reading)


@pytest.mark.parametrize(
    "records", [b"0 path=x\n", b"path=x\n", b"9 path=x", b"99 size=\xff\n", b"12 size=-100\n", b" "]
)
def test_an_extended_header_that_is_none_is_refused(records):
    raw = header(b"x", b"%o" % len(records)) + records.ljust(BLOCK, b"\0") + header(b"0", b"0")

    with pytest.raises(InvalidTar):
        tar_index.read(io.BytesIO(raw + bytes(2 * BLOCK)))


@settings(max_examples=60)
@given(st.data())
def test_a_damaged_archive_is_read_or_refused(data):
    raw = bytearray(archive(("ä" * 200, b"one"), ("b", tarfile.SYMTYPE, "c"), ("c", b"two")))
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with suppress(InvalidTar):
        tar_index.read(io.BytesIO(bytes(raw))).find("b")

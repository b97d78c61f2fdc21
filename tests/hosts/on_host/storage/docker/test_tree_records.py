from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wharfinger.hosts.on_host.storage import tree_copy
from wharfinger.hosts.on_host.storage.docker import tree_records
from wharfinger.hosts.on_host.tree import Tree

TREE = Tree()
NAMES = st.binary(min_size=1, max_size=8).filter(
    lambda name: b"/" not in name and b"\0" not in name and name not in (b".", b"..")
)
CONTENTS = st.one_of(st.binary(max_size=40), st.just(bytes(200_000)), st.just(bytes(70_000) + b"x"))
TREES = st.recursive(
    CONTENTS, lambda inner: st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
).filter(lambda tree: isinstance(tree, dict))


def build(place: Path, tree: Any) -> None:
    if isinstance(tree, bytes):
        with place.open("wb") as file:
            file.truncate(len(tree))
            at = len(tree) - len(tree.lstrip(b"\0"))
            file.seek(at)  # over a hole
            file.write(tree[at:])
        return
    place.mkdir()
    for name, inner in tree.items():
        build(place / os.fsdecode(name), inner)


def copy(source: Path, target: Path) -> None:
    target.mkdir()
    with TREE.directory(str(source)) as one, TREE.directory(str(target)) as other:
        tree_copy.copy(one, other, (), lambda _: None)
        tree_copy.dress_top(one, other)


def differences(tmp_path: Path, one: Path, other: Path) -> list[str]:
    records = [str(tmp_path / "one.lines"), str(tmp_path / "other.lines")]
    digests = [
        tree_records.record(TREE, str(place), into)
        for place, into in zip((one, other), records, strict=True)
    ]
    found = list(tree_records.differences(TREE, *records))
    assert (digests[0] == digests[1]) == (not found)
    return found


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=TREES)
def test_a_copy_has_the_same_record(tmp_path: Path, tree: dict[bytes, Any]) -> None:
    for name in ("one", "other"):
        shutil.rmtree(tmp_path / name, ignore_errors=True)
    build(tmp_path / "one", tree)
    copy(tmp_path / "one", tmp_path / "other")

    assert differences(tmp_path, tmp_path / "one", tmp_path / "other") == []


@pytest.fixture
def one(tmp_path: Path) -> Path:
    one = tmp_path / "one"
    one.joinpath("deep").mkdir(parents=True)
    one.joinpath("deep/file").write_bytes(b"content")
    one.joinpath("first").write_bytes(b"linked")
    one.joinpath("second").hardlink_to(one / "first")
    one.joinpath("link").symlink_to("first")
    os.mkfifo(one / "pipe")
    os.mknod(one / "null", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    return one


CHANGES = {
    "deep/file: another content": lambda at: at.joinpath("deep/file").write_bytes(b"CONTENT"),
    "deep/file: another size": lambda at: at.joinpath("deep/file").write_bytes(b"more content"),
    "deep/file: another mode": lambda at: at.joinpath("deep/file").chmod(0o4755),
    "deep/file: another owner": lambda at: os.chown(at / "deep/file", 1, 0),
    "deep/file: another time": lambda at: os.utime(at / "deep/file", (5, 5)),
    "deep/file: another attributes": lambda at: os.setxattr(at / "deep/file", "user.a", b"b"),
    "deep/file is gone": lambda at: at.joinpath("deep/file").unlink(),
    "new was not there": lambda at: at.joinpath("new").touch(),
    "pipe: pipe, now file": lambda at: (at.joinpath("pipe").unlink(), at.joinpath("pipe").touch()),
    "deep: another mode": lambda at: at.joinpath("deep").chmod(0o700),
    "its directory: another mode": lambda at: at.chmod(0o711),
}


@pytest.mark.parametrize("told", CHANGES)
def test_each_change_is_told(tmp_path: Path, one: Path, told: str) -> None:
    copy(one, tmp_path / "other")
    before = tmp_path.joinpath("other/deep/file").stat().st_mtime_ns

    CHANGES[told](tmp_path / "other")
    if "content" in told or "size" in told:
        os.utime(tmp_path / "other/deep/file", ns=(before, before))

    assert differences(tmp_path, one, tmp_path / "other") == [told]


def test_a_hard_link_that_became_a_file_is_told(tmp_path: Path, one: Path) -> None:
    copy(one, tmp_path / "other")
    second = tmp_path / "other/second"
    second.unlink()
    shutil.copy2(tmp_path / "other/first", second)

    assert differences(tmp_path, one, tmp_path / "other") == ["second: hard link, now file"]


def test_another_device_is_told(tmp_path: Path, one: Path) -> None:
    copy(one, tmp_path / "other")
    time = one.joinpath("null").stat().st_mtime_ns
    tmp_path.joinpath("other/null").unlink()
    os.mknod(tmp_path / "other/null", stat.S_IFCHR | 0o600, os.makedev(1, 5))
    os.utime(tmp_path / "other/null", ns=(time, time))

    assert differences(tmp_path, one, tmp_path / "other") == ["null: another content"]

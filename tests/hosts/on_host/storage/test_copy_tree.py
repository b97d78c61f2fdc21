"""The copy of a directory tree, on a directory tree."""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.storage import copy_tree, tree_copy
from wharfinger.hosts.on_host.storage.steps import CopyTree
from wharfinger.hosts.on_host.storage.work import Notes, Refused, Setting

STEP = CopyTree("/old", "/new")
LONG_AGO = 1_000_000_000_000_000_000


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Journal:
    """The notes of a step, as the engine of orders keeps them."""

    notes: Notes

    def setting(self, root: Path, said: list[tuple[str, int, int]] | None = None) -> Setting:
        def remember(notes: Notes) -> None:
            self.notes = notes

        told = [] if said is None else said
        return Setting(
            Machine(str(root)),
            "000001",
            "/journal",
            self.notes,
            remember,
            lambda what, done, whole: told.append((what, done, whole)),
        )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """`/old` with one of each kind of entry, `/new` empty."""
    old = tmp_path / "old"
    (old / "volumes" / "data" / "_data").mkdir(parents=True)
    (tmp_path / "new").mkdir()
    inner = old / "volumes" / "data" / "_data"
    (inner / "file").write_bytes(b"bytes" * 1000)
    os.setxattr(inner / "file", "user.note", b"kept")
    (inner / "file").chmod(0o4750)
    os.link(inner / "file", old / "second-name")
    (inner / "link").symlink_to("/etc/passwd")
    os.mkfifo(inner / "pipe", 0o620)
    with socket.socket(socket.AF_UNIX) as channel:
        channel.bind(str(inner / "socket"))
    (inner / os.fsdecode(b"name \xff\n")).write_bytes(b"any bytes")
    with (inner / "holes").open("wb") as file:
        file.seek(64 << 20)
        file.write(b"end")
        file.truncate(65 << 20)
    (old / "other").mkdir(mode=0o710)
    (old / "other" / "file").write_bytes(b"")
    (old / "lost+found").mkdir()
    for path in sorted(old.rglob("*"), reverse=True):
        os.utime(path, ns=(LONG_AGO, LONG_AGO), follow_symlinks=False)
    old.chmod(0o711)
    os.utime(old, ns=(LONG_AGO, LONG_AGO))
    return tmp_path


def picture(top: Path) -> dict[str, tuple[object, ...]]:
    """All that a copy has to keep, told in another way than the copy does."""
    inodes: dict[tuple[int, int], str] = {}
    found: dict[str, tuple[object, ...]] = {}
    for path in [top, *sorted(top.rglob("*"))]:
        name = str(path.relative_to(top))
        if name == "lost+found":
            continue
        status = path.lstat()
        first = inodes.setdefault((status.st_dev, status.st_ino), name)
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else None
        target = str(path.readlink()) if path.is_symlink() else None
        notes = {} if path.is_symlink() else {one: os.getxattr(path, one) for one in _own(path)}
        look = (stat.filemode(status.st_mode), status.st_uid, status.st_gid, status.st_mtime_ns)
        found[name] = (*look, first, content, target, notes)
    return found


def _own(path: Path) -> Iterator[str]:
    return (one for one in os.listxattr(path) if one.startswith("user."))


def test_all_is_copied_as_it_is(root: Path) -> None:
    before = picture(root / "old")
    said: list[tuple[str, int, int]] = []

    copy_tree.do(STEP, Journal({}).setting(root, said))

    assert picture(root / "new") == before
    assert picture(root / "old") == before
    assert (root / "new/volumes/data/_data/holes").stat().st_blocks < 1000
    assert {what for what, _, _ in said} == {"copy /old to /new", "compare /new with /old"}
    assert all(done <= whole for _, done, whole in said)


def test_only_the_named_are_copied_and_the_missing_passed_over(root: Path) -> None:
    copy_tree.do(replace(STEP, names=("other", "network")), Journal({}).setting(root))

    assert [path.name for path in (root / "new").iterdir()] == ["other"]


def test_a_copy_killed_anywhere_is_gone_on_with(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = picture(root / "old")
    journal = Journal({})
    calls = ("mkdir", "open", "pwrite", "ftruncate", "symlink", "mknod", "link", "chown", "utime")

    kills = 0
    for allowed in range(400):
        with monkeypatch.context() as patch:
            _killed_after(patch, allowed, calls)
            try:
                journal.notes = copy_tree.do(STEP, journal.setting(root))
            except Killed:
                kills += 1
                continue
        break

    assert kills > 40
    assert picture(root / "new") == before
    assert picture(root / "old") == before


def _killed_after(patch: pytest.MonkeyPatch, allowed: int, calls: tuple[str, ...]) -> None:
    """Let the process end at a change of the disk, the first `allowed` being done."""
    left = [allowed]

    def stepped(name: str) -> Any:
        real = getattr(os, name)

        def call(*arguments: Any, **options: Any) -> Any:
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            return real(*arguments, **options)

        return call

    for name in calls:
        patch.setattr(tree_copy.os, name, stepped(name))


def test_undo_takes_away_what_was_copied_and_nothing_else(root: Path) -> None:
    before = picture(root / "old")
    journal = Journal({})
    step = replace(STEP, names=("volumes",))
    (root / "new" / "theirs").write_bytes(b"stays")
    copy_tree.do(step, journal.setting(root))

    copy_tree.undo(step, journal.setting(root))

    assert [path.name for path in (root / "new").iterdir()] == ["theirs"]
    assert picture(root / "old") == before


def test_undo_removes_a_target_that_the_copy_has_made(root: Path) -> None:
    journal = Journal({})
    step = replace(STEP, target="/archives/root")
    copy_tree.do(step, journal.setting(root))
    assert picture(root / "archives" / "root") == picture(root / "old")

    copy_tree.undo(step, journal.setting(root))
    copy_tree.undo(step, journal.setting(root))

    assert list((root / "archives").iterdir()) == []


def test_undo_never_removes_the_only_copy(root: Path) -> None:
    journal = Journal({})
    copy_tree.do(STEP, journal.setting(root))
    before = picture(root / "new")
    (root / "old").rename(root / "moved")

    with pytest.raises(copy_tree.OnlyCopy):
        copy_tree.undo(STEP, journal.setting(root))
    (root / "old").mkdir()
    with pytest.raises(copy_tree.OnlyCopy):
        copy_tree.undo(STEP, journal.setting(root))

    assert picture(root / "new") == before


def test_undo_of_what_was_not_begun_touches_nothing(root: Path) -> None:
    (root / "new" / "theirs").write_bytes(b"stays")

    copy_tree.undo(STEP, Journal({}).setting(root))

    assert (root / "new" / "theirs").exists()


def test_what_stands_in_the_target_is_not_taken_for_ours(root: Path) -> None:
    (root / "new" / "theirs").write_bytes(b"stays")

    with pytest.raises(Refused, match="theirs is there already"):
        copy_tree.do(STEP, Journal({}).setting(root))


@pytest.mark.parametrize(
    ("call", "number", "error"),
    [
        ("pwrite", errno.ENOSPC, copy_tree.TargetFull),
        ("mkdir", errno.EDQUOT, copy_tree.TargetFull),
        ("pread", errno.EIO, copy_tree.DiskFails),
    ],
)
def test_a_disk_that_fails_is_named_and_the_source_untouched(
    root: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, error: type[Exception]
) -> None:
    before = picture(root / "old")

    def fails(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tree_copy.os, call, fails)

    with pytest.raises(error, match=os.strerror(number)) as raised:
        copy_tree.do(STEP, Journal({}).setting(root))

    assert "/old is untouched" in str(getattr(raised.value, "remedy", ""))
    monkeypatch.undo()
    assert picture(root / "old") == before


def test_what_a_power_cut_has_damaged_is_copied_once_more(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = picture(root / "old")
    journal = Journal({})
    copy_tree.do(STEP, journal.setting(root))
    damaged = root / "new/volumes/data/_data/file"
    damaged.write_bytes(b"other" * 1000)
    os.utime(damaged, ns=(LONG_AGO, LONG_AGO))
    damaged.chmod(0o4750)

    copy_tree.do(STEP, journal.setting(root))

    contents = {path: one[5:] for path, one in picture(root / "new").items()}
    assert contents == {path: one[5:] for path, one in before.items()}


def test_what_cannot_be_read_back_as_written_is_an_error(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def garbled(file: int, piece: bytes, at: int) -> int:
        return real(file, bytes(len(piece)), at)

    real = os.pwrite
    monkeypatch.setattr(tree_copy.os, "pwrite", garbled)

    with pytest.raises(copy_tree.CopyDiffers, match=r"second-name, .*name \\xff\\n"):
        copy_tree.do(STEP, Journal({}).setting(root))

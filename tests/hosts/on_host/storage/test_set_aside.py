"""Setting a directory or a mount aside, killed at each step."""

from __future__ import annotations

import json
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fake_host import Killed, MortalDisk
from wharfinger.hosts.on_host.kernel import Kernel
from wharfinger.hosts.on_host.machine import Machine, Ran
from wharfinger.hosts.on_host.storage import set_aside
from wharfinger.hosts.on_host.storage.steps import SetAside
from wharfinger.hosts.on_host.storage.work import Notes, Setting, StepFailed
from wharfinger.hosts.on_host.tree import Disk

STEP = SetAside("/data", "/data.before")
FSTAB = "UUID=root / ext4 defaults 0 1\nUUID=abcd /data xfs pquota 0 0\n# the end\n"
LIVES = 100
RENAME_STEPS = 3
"""Rename, make, sync."""


class TableKernel(Kernel):
    """The mounts that `mount` and `umount` of the fake have made."""

    def __init__(self) -> None:
        self.mounted: dict[str, str] = {}

    def mount_table(self) -> str:
        return "".join(
            f"36 35 8:1 / {target} rw,relatime - xfs {source} rw,seclabel,pquota\n"
            for target, source in self.mounted.items()
        )


class FakeMachine(Machine):
    """Files are real, below a root; mounts are noted. It can be killed before each command."""

    def __init__(self, root: Path) -> None:
        super().__init__(str(root), tree=False)
        self.kernel: TableKernel = TableKernel()
        self.commands: list[tuple[str, ...]] = []
        self.fails: tuple[str, ...] = ()

    def run(
        self, *commands: tuple[str, ...], seconds: float = 120, given: str | None = None
    ) -> list[Ran]:
        return [self._run(command) for command in commands]

    def report(self, *commands: tuple[str, ...], seconds: float = 120) -> list[Ran]:
        return self.run(*commands)

    def _run(self, command: tuple[str, ...]) -> Ran:
        if isinstance(self.files.disk, MortalDisk):
            self.files.disk.step(command[0])
        self.commands.append(command)
        if command == self.fails:
            return Ran(32, "target is busy")
        if command[0] == "umount":
            del self.kernel.mounted[command[-1]]
        elif command[0] == "mount":
            self.kernel.mounted[command[-1]] = "/dev/sda1"
        elif command[0] == "wipefs":
            found = {"type": "xfs", "offset": "0x0", "length": 4, "uuid": "abcd", "label": None}
            return Ran(0, json.dumps({"signatures": [found]}))
        return Ran(0, "")


@dataclass
class Bench:
    machine: FakeMachine
    notes: Notes = field(default_factory=dict)

    def setting(self) -> Setting:
        return Setting(self.machine, "000007", "/journal", self.notes, self._remember)

    def _remember(self, notes: Notes) -> None:
        self.notes = notes

    def do(self) -> None:
        self.notes = set_aside.do(STEP, self.setting())

    def undo(self) -> None:
        set_aside.undo(STEP, self.setting())
        self.notes = {}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    (tmp_path / "data" / "volumes").mkdir(parents=True)
    (tmp_path / "data" / "volumes" / "file").write_bytes(b"kept")
    (tmp_path / "data").chmod(0o711)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "fstab").write_text(FSTAB)
    return Bench(FakeMachine(tmp_path))


@pytest.fixture
def mounted(bench: Bench) -> Bench:
    bench.machine.kernel.mounted["/data"] = "/dev/sda1"
    return bench


def tree(bench: Bench) -> dict[str, object]:
    root = Path(bench.machine.files.root)
    return {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() else _mode(path)
        for path in sorted(root.rglob("*"))
    }


def _mode(path: Path) -> str:
    return stat.filemode(path.stat().st_mode)


def killed_in_turn(bench: Bench, act: Any) -> int:
    """Try again and again, each attempt one step of the disk longer; how many were killed."""
    for lives in range(LIVES):
        bench.machine.files.disk = MortalDisk(lives)
        try:
            act()
        except Killed:
            continue
        bench.machine.files.disk = Disk()
        return lives
    raise AssertionError("it never ended")


def test_a_directory_is_renamed_and_an_empty_one_takes_its_place(bench: Bench) -> None:
    bench.do()

    found = tree(bench)
    assert found["data.before/volumes/file"] == b"kept"
    assert found["data"] == found["data.before"] == "drwx--x--x"
    assert [path for path in found if path.startswith("data/")] == []


@pytest.mark.parametrize("kind", ["directory", "mount"])
def test_killed_at_each_step_it_ends_there_and_back_again(bench: Bench, kind: str) -> None:
    if kind == "mount":
        bench.machine.kernel.mounted["/data"] = "/dev/sda1"
    before, mounts = tree(bench), dict(bench.machine.kernel.mounted)

    assert killed_in_turn(bench, bench.do) >= RENAME_STEPS
    assert killed_in_turn(bench, bench.undo) >= RENAME_STEPS

    assert tree(bench) == before
    assert bench.machine.kernel.mounted == mounts


def test_a_half_done_one_is_taken_back(bench: Bench) -> None:
    before = tree(bench)
    for lives in range(RENAME_STEPS):
        bench.machine.files.disk = MortalDisk(lives)
        with pytest.raises(Killed):
            bench.do()
        bench.machine.files.disk = Disk()
        bench.undo()
        assert tree(bench) == before


def test_the_way_back_throws_away_what_has_come_there_meanwhile(bench: Bench) -> None:
    before = tree(bench)
    bench.do()
    new = Path(bench.machine.files.root) / "data" / "overlay2"
    new.mkdir()
    (new / "file").write_bytes(b"of the new driver")

    bench.undo()

    assert tree(bench) == before


def test_a_mount_goes_to_the_other_place_and_no_longer_at_boot(mounted: Bench) -> None:
    mounted.do()

    assert mounted.machine.kernel.mounted == {"/data.before": "/dev/sda1"}
    assert "/data" not in str(tree(mounted)["etc/fstab"])
    moved = [one for one in mounted.machine.commands if one[0] in ("mount", "umount")]
    options = "rw,relatime,pquota"
    assert moved == [
        ("umount", "-R", "/data"),
        ("mount", "-t", "xfs", "-o", options, "UUID=abcd", "/data.before"),
    ]


def test_lines_that_others_have_written_meanwhile_stay(mounted: Bench) -> None:
    mounted.do()
    table = Path(mounted.machine.files.root) / "etc" / "fstab"
    table.write_text(table.read_text() + "tmpfs /tmp tmpfs defaults 0 0\n")

    mounted.undo()

    assert table.read_text().splitlines() == [
        "UUID=root / ext4 defaults 0 1",
        "# the end",
        "tmpfs /tmp tmpfs defaults 0 0",
        "UUID=abcd /data xfs pquota 0 0",
    ]


def test_what_cannot_be_unmounted_stays_where_it_is(mounted: Bench) -> None:
    mounted.machine.fails = ("umount", "-R", "/data")

    with pytest.raises(StepFailed, match="target is busy"):
        mounted.do()

    assert mounted.machine.kernel.mounted == {"/data": "/dev/sda1"}


def test_what_is_kept_already_is_not_written_over(bench: Bench) -> None:
    (Path(bench.machine.files.root) / "data.before").mkdir()

    with pytest.raises(set_aside.KeptIsThere):
        set_aside.check(STEP, bench.setting())


def test_it_goes_no_further_than_the_directory_beside(bench: Bench) -> None:
    with pytest.raises(set_aside.NotBeside):
        set_aside.check(SetAside("/data", "/elsewhere/data"), bench.setting())


def test_undo_of_what_was_not_begun_touches_nothing(bench: Bench) -> None:
    before = tree(bench)

    set_aside.undo(STEP, bench.setting())

    assert tree(bench) == before

"""What can be asked of any kernel; tests/vm asks one that has disks."""

from __future__ import annotations

import os
from pathlib import Path

from wharfinger.hosts.on_host.kernel import Kernel
from wharfinger.hosts.on_host.machine import Machine, Ran


def test_a_filesystem_tells_its_room(tmp_path: Path):
    room = Kernel().room(str(tmp_path))

    assert room is not None
    assert room.f_blocks > 0


def test_what_is_not_there_tells_nothing(tmp_path: Path):
    kernel, missing = Kernel(), str(tmp_path / "missing")

    assert kernel.room(missing) is None
    assert kernel.xfs_flags(missing) is None
    assert kernel.block_attribute("4095:1048575", "size") == ""


def test_what_is_no_xfs_has_no_flags_of_it():
    assert Kernel().xfs_flags("/proc") is None


def test_the_root_is_mounted():
    targets = [line.split(" ")[4] for line in Kernel().mount_table().splitlines()]

    assert "/" in targets


def test_root_is_who_may_do_all():
    assert Kernel().is_root() == (os.geteuid() == 0)


def test_a_report_is_kept_apart_from_what_is_said_beside_it():
    both = ("sh", "-c", "echo warned >&2; echo told")

    assert Machine().report(both) == [Ran(0, "told\n", "warned\n")]
    assert Machine().report(("/missing",))[0].code is None

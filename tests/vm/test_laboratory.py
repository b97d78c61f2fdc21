"""The laboratory itself: what the scenarios in it may rely on."""

from __future__ import annotations

import pytest

from vm.laboratory import GuestLost, Laboratories, Laboratory
from vm.qemu import Disk

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def lab(laboratory: Laboratories) -> Laboratory:
    return laboratory(Disk("first", gib=2))


def test_code_output_and_errors_come_back(lab: Laboratory) -> None:
    done = lab.run("sh", "-c", 'cat; echo "$WORD" >&2; exit 7', given="in", environ={"WORD": "a b"})

    assert (done.code, done.out, done.err) == (7, "in", "a b\n")


def test_what_hangs_is_ended_with_its_children(lab: Laboratory) -> None:
    with pytest.raises(AssertionError, match=r"sleep 1234.* ran for over"):
        lab.run("sh", "-c", "sleep 1234 & wait", seconds=1)

    assert not lab.run("pgrep", "-f", "sleep 1234").ok


def test_jobs_run_side_by_side_and_survive_each_other(lab: Laboratory) -> None:
    first, second = lab.start("sleep", "1000"), lab.start("sh", "-c", "echo began; sleep 1000")
    assert first.kill().code == 137

    assert second.running
    assert lab.run("true").ok
    assert second.kill().out == "began\n"


def test_a_killed_orphan_leaves_no_zombie(lab: Laboratory) -> None:
    """Else a daemon that was stopped would seem to be there still."""
    pid = lab.script("setsid sleep 1000 > /dev/null 2>&1 & echo $!").check().strip()
    lab.run("kill", "-9", pid).check()

    lab.script(f"for _ in $(seq 50); do test -d /proc/{pid} || exit 0; sleep 0.1; done; exit 1")
    assert not lab.run("test", "-d", f"/proc/{pid}").ok


def test_disks_grow_come_and_go_while_it_runs(lab: Laboratory) -> None:
    lab.grow("first", gib=3)
    lab.attach(Disk("second", gib=1.5))
    sizes = "blockdev --getsize64 /dev/disk/by-id/virtio-first /dev/disk/by-id/virtio-second"
    assert lab.script(sizes).check().split() == [str(3 << 30), str(3 << 29)]

    lab.detach("second")
    assert not lab.script(sizes).ok


def test_the_kernel_and_the_programs_do_what_storage_needs(lab: Laboratory) -> None:
    lab.script(
        """
        pvcreate -q /dev/disk/by-id/virtio-first
        vgcreate -q data /dev/disk/by-id/virtio-first
        lvcreate -q -y --type thin-pool -L 500M -n pool data
        lvcreate -q -y -L 400M -n files data
        mkfs.xfs -q /dev/data/files
        mkdir -p /mnt/files
        mount -o pquota /dev/data/files /mnt/files
        truncate -s 10M /mnt/files/image
        losetup --find --show /mnt/files/image
        test "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs
        """
    ).check()


def test_a_panic_is_told_with_the_last_words_of_the_guest(laboratory: Laboratories) -> None:
    lab = laboratory()

    with pytest.raises(GuestLost, match="sysrq triggered crash"):
        lab.script("echo c > /proc/sysrq-trigger; sleep 60")

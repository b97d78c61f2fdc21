"""
Storage orders on real disks: killed everywhere forward and back, failing, and stopping where it grew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vm.laboratory import Laboratories, Laboratory
from vm.qemu import Disk
from wharfinger.hosts.on_host.storage import steps
from wharfinger.hosts.on_host.storage.steps import (
    ExtendGroup,
    ExtendMetadata,
    ExtendVolume,
    GrowFilesystem,
    GrowPartition,
    GrowPhysicalVolume,
    MakeFilesystem,
    MakeGroup,
    MakePartition,
    MakePhysicalVolume,
    MakePool,
    MakeVolume,
    MountFilesystem,
    RemoveGroup,
    RemoveVolume,
    SetAutoExtend,
    StorageOrder,
    Unmount,
    WipeSignatures,
)

pytestmark = pytest.mark.e2e

GIB = 1 << 30
MIB = 1 << 20
DYING = Path(__file__).with_name("dying_orders.py")
IN_GUEST = Path(__file__).with_name("orders_in_guest.py")
TARGET = "/var/lib/images"
ROOT = "/dev/mapper/docker-root"


@pytest.fixture(scope="module")
def lab(laboratory: Laboratories) -> Laboratory:
    return laboratory(Disk("first"), Disk("second", gib=2))


def set_up(disk: str) -> StorageOrder:
    return order(
        MakePartition(disk, "dos"),
        MakePhysicalVolume(disk, partitioned=True),
        MakeGroup("docker", (disk,), (disk,)),
        MakePool("docker", "docker-pool", 2 * GIB, 12 * MIB, 512 << 10),
        SetAutoExtend("docker", "docker-pool", 60, 20),
        MakeVolume("docker", "root", 2 * GIB),
        MakeFilesystem(ROOT, "xfs"),
        MountFilesystem(ROOT, TARGET, "xfs", ("pquota",)),
    )


def order(*given: Any) -> StorageOrder:
    return StorageOrder(given, {}, (), "a test")


def do(lab: Laboratory, *doings: StorageOrder | str) -> list[dict[str, Any]]:
    """Apply orders, `resume`, `undo` and run texts of the shell, all in one process; what the first
    three said."""
    told = [
        ["apply", steps.to_json(one)]
        if isinstance(one, StorageOrder)
        else ([one] if one in ("resume", "undo") else ["sh", one])
        for one in doings
    ]
    answers = lab.python(IN_GUEST, given=json.dumps(told)).check()
    return [json.loads(line) for line in answers.splitlines()]


def picture(lab: Laboratory) -> str:
    """What an order that was taken back must have left as it was."""
    return lab.script(
        """
        for disk in /dev/disk/by-id/virtio-first /dev/disk/by-id/virtio-second; do
            head -c 2M $disk | sha256sum; tail -c 1M $disk | sha256sum
        done
        lsblk --noheadings --list --output NAME,TYPE,SIZE,MOUNTPOINT
        ls /etc/lvm/profile
        ls -I wharfinger-host /var/lib
        test -e /etc/fstab && cat /etc/fstab || echo no fstab
        """
    ).check()


def test_killed_everywhere_it_is_complete_in_the_end_and_taken_back_it_is_as_before(
    lab: Laboratory,
) -> None:
    disk = lab.script("realpath /dev/disk/by-id/virtio-first").check().strip()
    before = picture(lab)
    lab.write("/order.json", json.dumps(steps.to_json(set_up(disk))))

    forward = lab.python(DYING, "apply", "/order.json").check()

    outcome, lives = (json.loads(line) for line in forward.splitlines()[:2])
    assert (outcome["ending"], outcome["done"], lives["code"]) == ("applied", 8, 0)
    assert lives["lives"] > 2 * len(outcome["steps"])
    lab.script(
        f"""
        findmnt --noheadings --output OPTIONS {TARGET} | grep -q prjquota
        grep -q ' {TARGET} xfs pquota ' /etc/fstab
        test "$(grep -c {TARGET} /etc/fstab)" = 1
        xfs_info {TARGET} | grep -q ftype=1
        lvs --noheadings -o lv_profile docker/docker-pool | grep -q docker--docker-pool-extend
        test "$(lvs --noheadings -o lv_name docker | wc -l)" = 2
        sfdisk --json {disk} | grep -q '"start": 2048'
        """
    ).check()

    back = lab.python(DYING, "undo").check()

    outcome, lives = (json.loads(line) for line in back.splitlines()[:2])
    assert (outcome["ending"], outcome["done"], lives["code"]) == ("undone", 0, 0)
    assert lives["lives"] > 2 * len(outcome["steps"])
    assert picture(lab) == before


def test_a_step_that_fails_leaves_the_disks_as_they_were(lab: Laboratory) -> None:
    """A signature of an earlier life is wiped, a group made, and then there is no room."""
    disk = lab.script(
        "realpath /dev/disk/by-id/virtio-second; mkfs.ext4 -q -L precious /dev/disk/by-id/virtio-second"
    )
    second = disk.check().strip()
    before = picture(lab)

    signed, too_large = do(
        lab,
        order(MakePartition(second, "gpt")),
        order(
            WipeSignatures(second),
            MakePartition(second, "gpt"),
            MakePhysicalVolume(second, partitioned=True),
            MakeGroup("data", (second,), (second,)),
            MakeVolume("data", "files", 4 * GIB),
        ),
    )

    assert (signed["ending"], "ext4" in signed["trouble"]) == ("rolled back", True)
    assert (too_large["ending"], too_large["done"]) == ("rolled back", 0)
    assert "insufficient free space" in too_large["trouble"]
    assert picture(lab) == before
    lab.script(
        f"e2fsck -fn {second}; blkid {second} | grep -q precious; wipefs -qa {second}"
    ).check()


def test_what_has_grown_stays_and_what_is_removed_is_gone(lab: Laboratory) -> None:
    first, second = (
        lab.script("realpath /dev/disk/by-id/virtio-first /dev/disk/by-id/virtio-second")
        .check()
        .split()
    )
    made, written_to, partitioned = do(
        lab,
        set_up(first),
        f"date > {TARGET}/written",
        "undo",
        order(MakePartition(second, "gpt"), MakePhysicalVolume(second, partitioned=True)),
    )
    assert (made["ending"], partitioned["ending"]) == ("applied", "applied")
    assert written_to["error"] == "storage-undo-impossible"
    lab.grow("first", gib=10)
    lab.grow("second", gib=3)

    stopped, other, again, given_up, removed, undone = do(
        lab,
        order(
            GrowPartition(first, 1),
            GrowPhysicalVolume(f"{first}1"),
            ExtendVolume("docker", "root", 4 * GIB),
            GrowFilesystem(ROOT, TARGET, "xfs"),
            GrowPartition(second, 1),
            GrowPhysicalVolume(f"{second}1"),
            ExtendGroup("docker", (second,), (second,)),
            ExtendMetadata("docker", "docker-pool", 24 * MIB),
            MakeVolume("docker", "more", 8 * GIB),
        ),
        f"""
        test -s {TARGET}/written
        test "$(lvs --noheadings --units g --nosuffix -o lv_size docker/root | tr -d ' ')" = 4.00
        test "$(findmnt --noheadings --bytes --output SIZE {TARGET})" -gt 4000000000
        test "$(vgs --noheadings --units g --nosuffix -o vg_size docker | tr -d ' ')" = 12.99
        sfdisk --verify {second} | grep -q "No errors detected"
        """,
        order(MakeVolume("docker", "other", GIB)),
        "resume",
        "undo",
        order(
            Unmount(TARGET),
            RemoveVolume("docker", "root"),
            RemoveVolume("docker", "docker-pool"),
            RemoveGroup("docker"),
        ),
        f'! grep -q {TARGET} /etc/fstab; test -z "$(pvs --noheadings)"; test ! -e {ROOT}',
        "undo",
    )

    assert (stopped["ending"], stopped["done"]) == ("stopped", 8)
    assert other["error"] == "storage-order-unfinished"
    assert (again["id"], again["ending"], again["done"]) == (stopped["id"], "stopped", 8)
    assert (given_up["ending"], given_up["done"]) == ("given up", 8)
    assert removed["ending"] == "applied"
    assert undone["error"] == "storage-undo-impossible"


def test_the_command_goes_on_with_what_was_killed_and_takes_it_back(lab: Laboratory) -> None:
    disk = lab.disk("first").by_id
    lab.script(f"wipefs -qa {disk} && partx -d {disk} || true").check()
    lab.write("/site.yaml", SITE.format(disk=disk))
    before = picture(lab)
    lab.script(
        f"""
        mkfifo /run/told
        {lab.warm()}/wharf storage apply /site.yaml --yes 2> /run/told > /dev/null &
        grep -q '^step 4/' /run/told
        kill -9 $(cat {lab.warm()}/child)
        wait $! || test $? = 137
        """,
    ).check()

    told = lab.wharf("storage", "apply", "/site.yaml", "--yes")

    assert "going on with order" in told.err
    assert (told.code, "already so" in told.out) == (0, True), told.out + told.err
    lab.script("test $(lvs --noheadings -o segtype docker/docker-pool) = thin-pool").check()
    told = lab.wharf("storage", "undo", "--yes")
    assert (told.code, told.out.startswith("undone: ")) == (0, True), told.out + told.err
    assert picture(lab) == before


SITE = """\
storage:
  devices: [{disk}]
  volumeGroup: docker
  thinPool: {{name: docker-pool}}
"""

"""
Devices that may not be taken, each really prepared that way, and none of them changed by a byte.

One site names them all, so one plan has to tell of each. What a disk was between plan and apply is
tested by taking it away, and by giving its name to another.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from vm import guest_docker
from vm.guest_docker import GuestDocker
from vm.laboratory import Laboratories, Laboratory
from vm.qemu import Disk

pytestmark = pytest.mark.e2e

SITE = "/site.yaml"
SMALL = 1 / 8

REFUSED = {
    "mounted": ("mounted", "ext4"),
    "swap": ("swap", "swap"),
    "raid": ("raid-member", "linux_raid_member"),
    "luks": ("luks", "crypto_LUKS"),
    "zfs": ("zfs", "zfs_member"),
    "lvm": ("lvm-member", "LVM2_member"),
    "foreign": ("foreign-signature", "ext4"),
    "table": ("partitioned", "gpt"),
    "read-only": ("read-only", None),
    "little": ("too-small", None),
    "failing": ("unreadable", None),
}
"""What stands against each, and what `wipefs` finds on it."""

FAILING = "/dev/mapper/failing"
"""A disk by several ways, as its UUID says, all of whose reads fail."""

PREPARED = """
cd /dev/disk/by-id
mkdir -p /etc/mdadm /mnt/files
echo 'AUTO -all' > /etc/mdadm/mdadm.conf
mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 virtio-mounted
mount virtio-mounted /mnt/files
mkswap -q virtio-swap
swapon virtio-swap
mdadm --quiet --create /dev/md/array --run --force --metadata=1.2 --level=1 --raid-devices=2 \
    virtio-raid missing
mdadm --quiet --stop /dev/md/array
printf secret | cryptsetup luksFormat --batch-mode --type luks2 --pbkdf pbkdf2 \
    --pbkdf-force-iterations 1000 virtio-luks -
pvcreate -q $PWD/virtio-lvm
vgcreate -q others $PWD/virtio-lvm
mkfs.ext4 -q -L precious virtio-foreign
printf 'label: gpt\\n,40M\\n,,\\n' | sfdisk --quiet virtio-table
dmsetup create failing --uuid mpath-failing --table '0 262144 error'
udevadm settle
sync
"""

ZFS_LABELS = """
import os, struct, sys
device = os.open(sys.argv[1], os.O_RDWR)
size = os.lseek(device, 0, os.SEEK_END)
uberblock = struct.pack("<QQQ", 0x00BAB10C, 5000, 1).ljust(1024, b"\\0")
for label in (0, 256 << 10, size - (512 << 10), size - (256 << 10)):
    os.pwrite(device, uberblock * 128, label + (128 << 10))
os.fsync(device)
"""


@pytest.fixture(scope="module")
def lab(laboratory: Laboratories) -> Laboratory:
    refused = (
        Disk(name, gib=1 / 32 if name == "little" else SMALL, read_only=name == "read-only")
        for name in REFUSED
        if name != "failing"
    )
    engine = (Disk("plain", gib=0.5), Disk("pool", gib=2))
    lab = laboratory(*refused, *engine, Disk("blank", gib=SMALL), memory=1536)
    lab.python(ZFS_LABELS, lab.disk("zfs").by_id).check()
    lab.script(PREPARED).check()
    return lab


def device(lab: Laboratory, name: str) -> str:
    return FAILING if name == "failing" else lab.disk(name).by_id


def site(lab: Laboratory, *names: str) -> None:
    devices = [device(lab, name) for name in names]
    lab.write(
        SITE,
        f"storage:\n  volumeGroup: docker\n  devices: {json.dumps(devices)}\n"
        "  rootVolume: {name: images, mountPath: /srv/images, size: 50%FREE,\n"
        "    filesystem: ext4}\n",
    )


def picture(lab: Laboratory, *names: str) -> str:
    """The first and the last MiB of each, and what LVM, the kernel and the mounts say."""
    ends = "".join(
        f"head -c 1M {disk} | sha256sum; tail -c 1M {disk} | sha256sum\n"
        for disk in (device(lab, name) for name in names)
    )
    around = "pvs --noheadings; vgs --noheadings; cat /proc/swaps /proc/partitions /proc/mounts"
    return lab.script(f"sync\n{ends}{around}").check()


def kernel_name(lab: Laboratory, name: str) -> str:
    if name == "failing":
        return FAILING
    return lab.run("realpath", lab.disk(name).by_id).check().strip()


def refusals(planned: str) -> dict[str, str]:
    found: dict[str, Any] = json.loads(planned)
    return {one["subject"]: one["code"] for one in found["refusals"]}


def test_each_device_is_what_it_should_be(lab: Laboratory) -> None:
    asked = ("wipefs", "--json", "--no-act", "--output=type")
    found = {}
    for name in REFUSED:
        told = json.loads(lab.run(*asked, device(lab, name)).check() or "{}")
        found[name] = {one["type"] for one in told.get("signatures", ())}

    lacking = {
        name: sign for name, (_, sign) in REFUSED.items() if sign and sign not in found[name]
    }
    assert lacking == {}
    assert not any(found[name] for name in ("read-only", "little", "failing"))


def test_each_is_refused_with_its_reason_and_left_as_it_is(lab: Laboratory) -> None:
    before = picture(lab, *REFUSED)
    site(lab, *REFUSED)

    planned = lab.wharf("storage", "plan", SITE, "--output", "json")
    applied = lab.wharf("storage", "apply", SITE, "--yes")

    expected = {kernel_name(lab, name): code for name, (code, _) in REFUSED.items()}
    assert (planned.ok, refusals(planned.out)) == (False, expected)
    assert not applied.ok
    assert all(path in applied.err for path in expected)
    assert picture(lab, *REFUSED) == before


def test_what_is_in_use_is_refused_even_if_signatures_may_be_wiped(lab: Laboratory) -> None:
    names = [name for name in REFUSED if name not in ("foreign", "table")]
    before = picture(lab, *names)
    site(lab, *names)
    lab.write(SITE, lab.read(SITE) + "  wipeSignatures: true\n")

    applied = lab.wharf("storage", "apply", SITE, "--yes", "--output", "json")

    assert not applied.ok
    assert picture(lab, *names) == before


def test_a_disk_that_vanished_or_is_another_one_since_the_plan_is_refused(lab: Laboratory) -> None:
    site(lab, "blank")
    path = kernel_name(lab, "blank")
    lab.write("/plan.json", lab.wharf("storage", "plan", SITE, "--output", "json").check())
    lab.detach("blank")

    vanished = lab.wharf("storage", "apply", "--plan", "/plan.json", "--yes")
    lab.attach(Disk("stranger", gib=SMALL))
    assert kernel_name(lab, "stranger") == path
    before = picture(lab, "stranger")
    renamed = lab.wharf("storage", "apply", "--plan", "/plan.json", "--yes")

    assert (vanished.ok, path in vanished.err) == (False, True)
    assert (renamed.ok, path in renamed.err) == (False, True)
    assert picture(lab, "stranger") == before
    gone = lab.wharf("storage", "plan", SITE, "--output", "json")
    assert (gone.ok, refusals(gone.out)) == (False, {"/dev/disk/by-id/virtio-blank": "vanished"})


def test_a_move_that_containers_or_the_filesystem_stand_against_is_refused(lab: Laboratory) -> None:
    """XFS as it was made before 2016, an engine on it, and a container that runs."""
    lab.script(
        """
        cd /dev/disk/by-id
        pvcreate -q $PWD/virtio-pool
        vgcreate -q engine $PWD/virtio-pool
        lvcreate -q -y --type thin-pool --zero n -c 512K -L 1G -n pool engine
        mkfs.xfs -q -m crc=0 -n ftype=0 virtio-plain
        mkdir -p /var/lib/docker
        mount virtio-plain /var/lib/docker
        """
    ).check()
    docker = GuestDocker(lab)
    docker.start(guest_docker.devicemapper("engine", "pool"))
    docker.load("app:v1")
    docker.run("busy", "app:v1")
    before, pid = docker.holdings(), docker.pid_of("busy")
    lab.write(SITE, "storage:\n  driver: overlay2\n")

    planned = lab.wharf("storage", "plan", SITE, "--output", "json")
    applied = lab.wharf("storage", "apply", SITE, "--yes", "--disruption", "drain")

    assert refusals(planned.out) == {"docker": "containers-running", "/var/lib/docker": "no-ftype"}
    assert (planned.ok, applied.ok) == (False, False)
    assert (docker.holdings(), docker.pid_of("busy")) == (before, pid)

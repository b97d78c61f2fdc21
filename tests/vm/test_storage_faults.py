"""
What goes wrong below an engine while its data moves: it stops, the source stays, and says why.
"""

from __future__ import annotations

import pytest

from vm import guest_docker
from vm.guest_docker import GuestDocker
from vm.laboratory import Laboratories, Laboratory
from vm.qemu import Disk

pytestmark = pytest.mark.e2e

SITE = "/site.yaml"
ROOT = "/var/lib/docker"
IMAGES = ("app-1:v1", "app-2:v1")
POOL = "thin-pool"
ARCHIVES = "/archives"

EXTENT = """
import fcntl, struct, sys
with open(sys.argv[1], "rb") as file:
    asked = struct.pack("=QQLLLL", 0, 2**64 - 1, 0, 0, 1, 0) + bytes(56)
    told = fcntl.ioctl(file, 0xC020660B, asked)
_, physical, length = struct.unpack_from("=QQQ", told, 32)
print(physical // 512, length // 512)
"""
"""Where on its device the first piece of a file lies, in sectors (FS_IOC_FIEMAP)."""

THIN_VOLUMES = """
import fcntl, struct, sys
with open("/dev/mapper/control", "rb+", buffering=0) as control:
    for number in range(5000, 100000):
        said = struct.pack("=Q", 0) + f"create_thin {number}".encode() + bytes(1)
        head = 4, 0, 0, 312 + len(said), 312, 0, 0, 0, 0, 0, 0, sys.argv[1].encode(), b""
        try:
            fcntl.ioctl(control, 0xC138FD0E, bytearray(struct.pack("=10IQ128s136s", *head) + said))
        except OSError as error:
            sys.exit(print(error.strerror))
"""
"""Thin volumes in a pool until its metadata takes no more (DM_TARGET_MSG)."""


@pytest.fixture(scope="module")
def lab(laboratory: Laboratories) -> Laboratory:
    """A disk that can be made to fail, a group with room, and a group that a pool fills."""
    disks = Disk("source", gib=3), Disk("group", gib=4), Disk("pool", gib=0.5), Disk("more", gib=1)
    lab = laboratory(*disks, memory=1536)
    lab.script(
        f"""
        cd /dev/disk/by-id
        pvcreate -q $PWD/virtio-group
        vgcreate -q docker $PWD/virtio-group
        dmsetup create source --table "0 $(blockdev --getsz virtio-source) linear /dev/vda 0"
        pvcreate -q $PWD/virtio-pool
        vgcreate -q thin $PWD/virtio-pool
        lvcreate -q -y --type thin-pool --zero n -c 512K --poolmetadatasize 4M -L 400M -n pool thin
        lvchange -q --errorwhenfull y thin/pool
        mkfs.xfs -q /dev/mapper/source
        mkdir -p {ROOT} /var/lib/wharfinger-host
        mount /dev/mapper/source {ROOT}
        """
    ).check()
    return lab


@pytest.fixture(scope="module")
def pool(lab: Laboratory) -> GuestDocker:
    """An engine on the pool, with a data root that is new."""
    lab.script(
        f"""
        if test -e /var/run/docker.pid; then
            kill $(cat /var/run/docker.pid)
            while test -e /var/run/docker.pid; do sleep 0.1; done
        fi
        umount {ROOT}
        mkfs.xfs -q -f /dev/mapper/source
        mount /dev/mapper/source {ROOT}
        """
    ).check()
    docker = GuestDocker(lab)
    config = guest_docker.devicemapper("thin", "pool")
    config["storage-opts"].append("dm.basesize=1G")
    docker.start(config)
    fill(lab, docker, kib=2048)
    return docker


def move(lab: Laboratory, *more: str) -> tuple[int, str]:
    """To overlay2 on a volume of the group; what came of it."""
    lab.write(
        SITE,
        "storage:\n  driver: overlay2\n  volumeGroup: docker\n"
        f"  rootVolume: {{name: data, mountPath: {ROOT}, size: 2G}}\n"
        + "".join(f"  {line}\n" for line in more),
    )
    done = lab.wharf("storage", "apply", SITE, "--yes", "--disruption", "drain")
    return done.code, done.out + done.err


def grow(lab: Laboratory, sizes: str, *more: str) -> None:
    """The pool, to these sizes."""
    lab.write(
        SITE,
        f"storage:\n  volumeGroup: thin\n  thinPool: {{name: pool, autoExtend: false, {sizes}}}\n"
        + "".join(f"  {line}\n" for line in more),
    )
    lab.wharf("storage", "apply", SITE, "--yes").check()


def fill(lab: Laboratory, docker: GuestDocker, *, kib: int = 512) -> None:
    docker.load(*IMAGES, kib=kib)
    docker.volume("data", {"a/file": "content"}, data_root=ROOT)
    docker.create("idle", "app-1:v1", "--volume", "data:/data")


def around(lab: Laboratory) -> str:
    return lab.script(
        "lvs --noheadings -o vg_name,lv_name,lv_uuid; findmnt -rn -o TARGET,SOURCE -t xfs; ls -A /var/lib;"
        f" cat /etc/fstab /etc/docker/daemon.json {ROOT}/volumes/data/_data/a/file"
    ).check()


def test_a_disk_that_returns_errors_during_the_copy_stops_the_move(lab: Laboratory) -> None:
    docker = GuestDocker(lab)
    docker.start(guest_docker.overlay2())
    fill(lab, docker)
    before, files = docker.holdings(), around(lab)
    layer = lab.script(f"find {ROOT}/overlay2 -name app-2:v1").check().strip()
    content = lab.script(f"sync; sha256sum {layer}").check()
    start, length = map(int, lab.python(EXTENT, layer).check().split())
    whole = lab.script("dmsetup table source").check()
    size = int(whole.split()[1])
    rest = start + length
    broken = (
        f"0 {start} linear /dev/vda 0\n{start} {length} error\n"
        f"{rest} {size - rest} linear /dev/vda {rest}\n"
    )
    reload = "dmsetup reload source; dmsetup resume source; echo 3 > /proc/sys/vm/drop_caches"
    lab.run("sh", "-euc", reload, given=broken).check()

    code, told = move(lab)

    lab.run("sh", "-euc", reload, given=whole).check()
    assert code != 0
    assert "Input/output error" in told
    assert "app-2:v1" in told
    assert "hint: " in told
    assert docker.holdings() == before
    assert around(lab) == files
    assert lab.script(f"sha256sum {layer}").check() == content


def test_a_pool_without_room_for_data_is_not_read_and_heals_by_a_disk(
    lab: Laboratory, pool: GuestDocker
) -> None:
    before, files = pool.holdings(), around(lab)
    written = lab.script(
        f"""
        dmsetup message {POOL} 0 "create_thin 4000"
        dmsetup create filler --table "0 2097152 thin /dev/mapper/{POOL} 4000"
        dd if=/dev/zero of=/dev/mapper/filler bs=1M oflag=direct || true
        dmsetup status {POOL}
        """
    )
    assert "out_of_data_space" in written.check()

    status = lab.wharf("storage", "status").check()
    code, told = move(lab)

    for said in (status, told):
        assert "thin/pool: its data are full" in said
        assert "state a larger dataSize" in said
    assert code != 0
    assert (pool.holdings(), around(lab)) == (before, files)

    grow(lab, "dataSize: 1G", f"devices: [{lab.disk('more').by_id}]")

    assert " rw " in lab.run("dmsetup", "status", POOL).check()
    assert pool.holdings() == before
    assert "own/app-1:v1" in lab.script("docker export idle | tar -t").check()


def test_a_pool_without_room_for_metadata_is_not_read_and_heals_by_more(
    lab: Laboratory, pool: GuestDocker
) -> None:
    before, files = pool.holdings(), around(lab)
    assert "Operation not supported" in lab.python(THIN_VOLUMES, POOL).check()

    code, told = move(lab)

    assert code != 0
    assert "thin/pool: its metadata is full" in told
    assert "state a larger metadataSize" in told
    assert (pool.holdings(), around(lab)) == (before, files)

    grow(lab, "dataSize: 1G, metadataSize: 16M")

    assert " rw " in lab.run("dmsetup", "status", POOL).check()
    assert pool.holdings() == before
    pool.create("another", "app-1:v1")
    pool.docker("rm", "another").check()


def test_copies_that_fill_their_filesystem_stop_the_move(
    lab: Laboratory, pool: GuestDocker
) -> None:
    """It becomes smaller when the first image stands in it, below what the plan has counted on."""
    before, files = pool.holdings(), around(lab)
    lab.script(f"mkdir {ARCHIVES}; mount -t tmpfs -o size=128M archives {ARCHIVES}").check()
    shrinks = lab.start(
        *("sh", "-euc"),
        f'until test -n "$(ls {ARCHIVES}/of/layers 2> /dev/null)"; do sleep 0.02; done\n'
        f"mount -o remount,size=5M {ARCHIVES}",
    )

    code, told = move(lab, f"archives: {ARCHIVES}/of")

    shrinks.wait().check()
    assert code != 0
    assert "No space left on device" in told
    assert "hint: " in told
    assert (pool.holdings(), around(lab)) == (before, files)

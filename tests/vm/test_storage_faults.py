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

EXTENT = """
import fcntl, struct, sys
with open(sys.argv[1], "rb") as file:
    asked = struct.pack("=QQLLLL", 0, 2**64 - 1, 0, 0, 1, 0) + bytes(56)
    told = fcntl.ioctl(file, 0xC020660B, asked)
_, physical, length = struct.unpack_from("=QQQ", told, 32)
print(physical // 512, length // 512)
"""
"""Where on its device the first piece of a file lies, in sectors (FS_IOC_FIEMAP)."""


@pytest.fixture(scope="module")
def lab(laboratory: Laboratories) -> Laboratory:
    """A disk that can be made to fail, and a group with room."""
    lab = laboratory(Disk("source", gib=3), Disk("group", gib=4), memory=1536)
    lab.script(
        f"""
        cd /dev/disk/by-id
        pvcreate -q $PWD/virtio-group
        vgcreate -q docker $PWD/virtio-group
        dmsetup create source --table "0 $(blockdev --getsz virtio-source) linear /dev/vda 0"
        mkfs.xfs -q /dev/mapper/source
        mkdir -p {ROOT} /var/lib/wharfinger-host
        mount /dev/mapper/source {ROOT}
        """
    ).check()
    return lab


def move(lab: Laboratory) -> tuple[int, str]:
    """To overlay2 on a volume of the group; what came of it."""
    lab.write(
        SITE,
        "storage:\n  driver: overlay2\n  volumeGroup: docker\n"
        f"  rootVolume: {{name: data, mountPath: {ROOT}, size: 2G}}\n",
    )
    done = lab.wharf("storage", "apply", SITE, "--yes", "--disruption", "drain", seconds=300)
    return done.code, done.out + done.err


def fill(lab: Laboratory, docker: GuestDocker) -> None:
    docker.load(*IMAGES, kib=512)
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

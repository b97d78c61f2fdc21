"""
docker-storage-setup and container-storage-setup on real disks, LVM and mounts.

The numbers are those of the peer's own tests, whose intents these are. Several are asked of one call,
and the guest is cleaned between the scenarios.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from e2e.machine import Done
from vm.laboratory import PYTHON, Laboratories, Laboratory
from vm.qemu import Disk

pytestmark = pytest.mark.e2e

VG = "css-vg"
POOL = "docker-pool"
INPUT = "/etc/sysconfig/docker-storage-setup"
OUTPUT = "/etc/sysconfig/docker-storage"
STATE = "/var/lib/container-storage-setup"
PROGRAM = PYTHON.with_name("container-storage-setup")

_CLEAN = f"""
for path in /var/lib/containers /var/lib/docker; do
    if mountpoint -q $path; then umount $path; fi
    rm -rf $path
done
for group in {VG}; do vgremove -q -y $group 2> /dev/null || true; done
for disk in /dev/vda /dev/vdb; do
    for part in ${{disk}}[0-9]*; do if [ -b $part ]; then wipefs -q -f -a $part; fi; done
    dd if=/dev/zero of=$disk bs=1M count=8 conv=fsync status=none
    blockdev --rereadpt $disk
done
rm -rf {OUTPUT} {INPUT} {STATE} /etc/lvm/profile/{VG}--*
rm -f /etc/systemd/system/var-lib-*.mount
udevadm settle
"""


@dataclass(frozen=True)
class Setup:
    """The two programs in a guest. `before` is what a `remembered` device began with."""

    lab: Laboratory

    def call(self, program: str, *words: str, environ: Mapping[str, str] | None = None) -> Done:
        return self.lab.ours(program, *words, environ=environ)

    def docker(self, *words: str, **said: str) -> Done:
        """`docker-storage-setup` in compat mode, with this configuration if there is any."""
        if said:
            self.lab.write(INPUT, config(said))
        return self.call("docker-storage-setup", *words)

    def named(self, *words: str) -> Done:
        return self.call("container-storage-setup", *words)

    def create(self, *options: str, **said: str) -> Done:
        self.lab.write("/run/infile", config(said))
        return self.named("create", *options, "css-test", "/run/infile")

    def volumes(self) -> dict[str, str]:
        """The attributes of all volumes by their names."""
        words = ("--reportformat", "json", "-o", "lv_name,lv_attr", VG)
        told = json.loads(self.lab.run("lvs", *words).check())
        return {one["lv_name"]: one["lv_attr"] for one in told["report"][0]["lv"]}

    def groups(self) -> set[str]:
        told = json.loads(self.lab.run("vgs", "--reportformat", "json", "-o", "vg_name").check())
        return {one["vg_name"] for one in told["report"][0]["vg"]}

    def exists(self, path: str) -> bool:
        return self.lab.run("test", "-e", path).code == 0

    def mounted(self, path: str) -> str:
        return self.lab.run("findmnt", "-n", "-o", "SOURCE", path).out.strip()

    def head(self, disk: str) -> str:
        return self.lab.script(f"head -c 16M {disk} | sha256sum").check()


def config(said: Mapping[str, str]) -> str:
    return "".join(f"{key}={shlex.quote(value)}\n" for key, value in said.items())


@pytest.fixture(scope="module")
def lab(laboratory: Laboratories) -> Laboratory:
    lab = laboratory(Disk("first", gib=10), Disk("second", gib=10), Disk("scratch", gib=2))
    lab.script("mkdir -p /etc/sysconfig; modprobe loop").check()
    return lab


@pytest.fixture
def setup(lab: Laboratory) -> Iterator[Setup]:
    yield Setup(lab)
    lab.script(_CLEAN).check()


def test_docker_gets_a_pool_and_a_root_volume_and_keeps_them(setup: Setup):
    """001-005, 007, 010, 011, 017, 018."""
    setup.lab.run("pvcreate", "-q", "/dev/vda").check()
    before = setup.head("/dev/vda")
    said = {
        "DEVS": "vda",
        "VG": VG,
        "DOCKER_ROOT_VOLUME": "yes",
        "EXTRA_DOCKER_STORAGE_OPTIONS": "--storage-opt dm.fs=ext4",
    }

    refused = setup.docker(**said)
    assert refused.code == 1
    assert "LVM2_member at 0x218" in refused.err
    assert setup.head("/dev/vda") == before

    setup.docker(**said, WIPE_SIGNATURES="true").check()
    assert setup.groups() == {VG}
    assert setup.volumes()[POOL].startswith("t")
    assert setup.mounted("/var/lib/docker") == "/dev/mapper/css--vg-docker--root--lv"
    sourced = setup.lab.script(f'. {OUTPUT}; printf %s "$DOCKER_STORAGE_OPTIONS"').check()
    assert sourced == (
        "--storage-driver devicemapper --storage-opt dm.thinpooldev=/dev/mapper/css--vg-docker--pool "
        "--storage-opt dm.use_deferred_removal=true --storage-opt dm.use_deferred_deletion=true "
        "--storage-opt dm.fs=ext4"
    )
    profile = setup.lab.read(f"/etc/lvm/profile/{VG}--{POOL}-extend.profile")
    assert "thin_pool_autoextend_threshold=60" in profile
    assert "thin_pool_autoextend_percent=20" in profile

    made = setup.volumes()
    again = setup.docker(**said, WIPE_SIGNATURES="true", AUTO_EXTEND_POOL="no")
    assert (again.code, setup.volumes()) == (0, made)
    assert not setup.exists(f"/etc/lvm/profile/{VG}--{POOL}-extend.profile")

    options = setup.lab.read(OUTPUT)
    other = setup.docker(STORAGE_DRIVER="overlay2")
    assert (other.code, setup.lab.read(OUTPUT), setup.volumes()) == (0, options, made)
    assert "WARNING: " in other.err
    assert "wharf storage plan" in other.err

    setup.docker("--reset", STORAGE_DRIVER="overlay2", VG=VG).check()
    assert not setup.exists(OUTPUT)
    assert not setup.exists("/etc/systemd/system/var-lib-docker.mount")
    assert setup.volumes() == {}


def test_docker_gets_overlay2_on_a_volume_of_its_own(setup: Setup):
    """006, 008, 009, 012, 013, with a second disk that joins later."""
    setup.lab.script("mkdir -p /run/links; ln -sf /dev/vda /run/links/disk")
    said = {
        "STORAGE_DRIVER": "overlay2",
        "VG": VG,
        "CONTAINER_ROOT_LV_NAME": "containers",
        "CONTAINER_ROOT_LV_MOUNT_PATH": "/var/lib/containers",
    }

    setup.docker(**said, DEVS="/run/links/disk").check()
    assert setup.lab.read(OUTPUT) == 'DOCKER_STORAGE_OPTIONS="--storage-driver overlay2 "\n'
    assert setup.mounted("/var/lib/containers") == "/dev/mapper/css--vg-containers"
    unit = setup.lab.read("/etc/systemd/system/var-lib-containers.mount")
    assert (
        f"What=/dev/{VG}/containers\nWhere=/var/lib/containers\nType=xfs\nOptions=pquota\n" in unit
    )

    setup.docker(**said, DEVS="/run/links/disk /dev/vdb").check()
    told = setup.lab.run("pvs", "--noheadings", "-o", "pv_name,vg_name").check()
    assert {tuple(line.split()) for line in told.splitlines()} == {
        ("/dev/vda1", VG),
        ("/dev/vdb1", VG),
    }

    setup.docker("--reset").check()
    assert not setup.exists(OUTPUT)
    assert not setup.exists("/etc/systemd/system/var-lib-containers.mount")
    assert (setup.mounted("/var/lib/containers"), setup.volumes()) == ("", {})


def test_what_cannot_be_done_leaves_the_disk_as_it_was(setup: Setup):
    """015, 102, 110, 115, and what the peer finds out only once the disk is gone."""
    before = setup.head("/dev/vda")
    good = {"DEVS": "/dev/vda", "VG": VG, "CONTAINER_THINPOOL": POOL}

    assert setup.docker(**good, DATA_SIZE="2.5G").code == 1
    setup.lab.write(INPUT, f"DEVS=/dev/vda\nVG=$(touch /run/was-run; echo {VG})\n")
    refused = setup.docker()
    assert (refused.code, INPUT in refused.err, "line 2" in refused.err) == (1, True, True)
    assert not setup.exists("/run/was-run")

    unnamed = setup.create(DEVS="/dev/vda", VG=VG)
    text = "CONTAINER_THINPOOL must be defined for the devicemapper storage driver."
    assert (unnamed.code, text in unnamed.err) == (1, True)

    setup.lab.script("mkdir -p /run/broken; ln -sf /bin/false /run/broken/lvcreate")
    setup.lab.write(INPUT, config(good))
    path = {"PATH": "/run/broken:/usr/sbin:/usr/bin:/sbin:/bin"}
    failed = setup.call("docker-storage-setup", environ=path)
    assert (failed.code, setup.groups(), setup.exists(OUTPUT)) == (1, set(), False)
    assert setup.head("/dev/vda") == before

    setup.lab.script(
        "truncate -s 6G /run/small; losetup -P /dev/loop0 /run/small;"
        "echo ', ,8e' | sfdisk -q /dev/loop0; udevadm settle"
    ).check()
    said = {"VG": VG, "CONTAINER_THINPOOL": POOL, "DEVS": "/dev/loop0p1"}
    for refused in (setup.docker(**said), setup.create(**said)):
        text = "Partition specification unsupported at this time."
        assert (refused.code, text in refused.out + refused.err) == (1, True)
    setup.lab.script("losetup -d /dev/loop0; rm /run/small").check()


def test_loop_devices_are_disks_too_also_large_ones(setup: Setup):
    """014, 016, 106, 108, 114, 119. A pool on 3 TiB would have 3 GiB of metadata written out."""
    setup.lab.script(
        "mkfs.xfs -q -f /dev/vdc; mkdir -p /run/scratch; mount /dev/vdc /run/scratch;"
        "truncate -s 6G /run/scratch/small; losetup -P /dev/loop0 /run/scratch/small;"
        "truncate -s 3T /run/scratch/large; losetup -P /dev/loop1 /run/scratch/large;"
        "udevadm settle"
    ).check()

    setup.docker(DEVS="/dev/loop0", VG=VG).check()
    assert setup.groups() == {VG}
    assert POOL in setup.volumes()
    setup.create(STORAGE_DRIVER="overlay2", DEVS="/dev/loop0 /dev/loop1", VG=VG).check()
    told = setup.lab.read(f"{STATE}/css-test/outfile")
    assert told == 'STORAGE_OPTIONS="--storage-driver overlay2 "\n'
    told = setup.lab.script("sfdisk -J /dev/loop1; sfdisk -J /dev/loop0").check()
    assert '"label":"gpt"' in told.replace(" ", "")
    assert '"label":"dos"' in told.replace(" ", "")

    setup.lab.script(
        f"vgremove -q -y {VG}; losetup -D; umount /run/scratch; wipefs -q -a /dev/vdc"
    ).check()


def test_a_named_configuration_lives_and_goes(setup: Setup):
    """101, 103, 105, 107, 109, 112, 113, 117, 118."""
    setup.lab.script("pvcreate -q /dev/vda; mkdir -p /run/links; ln -sf /dev/vda /run/links/disk")
    setup.create(
        *("-o", "/run/options"),
        DEVS="/run/links/disk",
        VG=VG,
        WIPE_SIGNATURES="true",
        CONTAINER_THINPOOL="css-pool",
        CONTAINER_ROOT_LV_NAME="root-lv",
        CONTAINER_ROOT_LV_MOUNT_PATH="/var/lib/containers",
        EXTRA_STORAGE_OPTIONS="--storage-opt dm.fs=ext4",
    ).check()

    def status() -> str:
        lines = setup.named("list", "css-test").check().splitlines()
        return next(line.split()[1] for line in lines if line.startswith("Status: "))

    assert set(setup.volumes()) == {"css-pool", "root-lv"}
    assert setup.volumes()["css-pool"].endswith("k")
    assert setup.mounted("/var/lib/containers") == "/dev/mapper/css--vg-root--lv"
    assert setup.named("export", "css-test").check() == setup.lab.read("/run/options")
    assert "dm.fs=ext4" in setup.lab.read("/run/options")
    assert status() == "active"

    setup.named("deactivate", "css-test").check()
    assert status() == "inactive"
    assert {one[4] for one in setup.volumes().values()} == {"-"}
    assert setup.mounted("/var/lib/containers") == ""
    setup.named("activate", "css-test").check()
    assert status() == "active"
    assert {one[4] for one in setup.volumes().values()} <= {"a", "o"}
    assert setup.mounted("/var/lib/containers") == "/dev/mapper/css--vg-root--lv"

    for _ in range(2):
        setup.named("add-dev", "css-test", "/dev/vdb").check()
    assert '_M_DEVS_RESOLVED="/dev/vda /dev/vdb"' in setup.lab.read(f"{STATE}/css-test/metadata")
    assert setup.create(DEVS="/dev/vda", VG=VG, CONTAINER_THINPOOL="p").code == 1

    setup.named("remove", "css-test").check()
    assert setup.groups() == set()
    assert not setup.exists("/dev/vda1")
    assert not setup.exists("/dev/vdb1")
    assert setup.named("list").check() == ""


def test_a_named_configuration_needs_no_disk(setup: Setup):
    """116."""
    setup.create(STORAGE_DRIVER="").check()
    for word in ("deactivate", "activate", "remove"):
        setup.named(word, "css-test").check()
    assert setup.named("list", "css-test").code == 1


def test_the_program_itself_starts(lab: Laboratory):
    done = lab.run(PROGRAM, "--version")

    assert (done.code, done.out) == (0, "0.11.0\n")

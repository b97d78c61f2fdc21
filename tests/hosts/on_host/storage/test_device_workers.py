"""
What workers for devices refuse, and how they know their own work again. That they do it, on real disks,
is tested in `tests/vm/test_storage_orders.py`.
"""

from __future__ import annotations

import json

import pytest

from fake_host import FakeHost
from wharfinger.hosts.on_host.kernel import Kernel
from wharfinger.hosts.on_host.machine import Ran
from wharfinger.hosts.on_host.storage import (
    auto_extension,
    disks,
    filesystems,
    groups,
    mounts,
    probes,
    volumes,
)
from wharfinger.hosts.on_host.storage.steps import (
    ExtendGroup,
    ExtendVolume,
    GrowPartition,
    MakeFilesystem,
    MakeGroup,
    MakePartition,
    MakePhysicalVolume,
    MakePool,
    MakeVolume,
    MountFilesystem,
    SetAutoExtend,
    WipeSignatures,
)
from wharfinger.hosts.on_host.storage.work import Setting, StepFailed

MIB = 1 << 20
DISK = "/dev/vdb"


class Bytes(Kernel):
    """A disk of zeros with a little on it."""

    def __init__(self, size=8 * MIB):
        self.disk = bytearray(size)
        self.table = ""

    def read_device(self, path, offset, length):
        return bytes(self.disk[offset : offset + length])

    def write_device(self, path, offset, content):
        self.disk[offset : offset + len(content)] = content

    def mount_table(self):
        return self.table

    def device_number(self, path):
        return "254:16"

    def block_attribute(self, number, name):
        return str(len(self.disk) // 512)


class Host(FakeHost):
    """Tools whose answers are given by their names; commands that change something only run."""

    def __init__(self, root):
        super().__init__(root)
        self.kernel = Bytes()
        self.reports = {
            "lsblk": {"blockdevices": [{"name": DISK, "type": "disk"}]},
            "wipefs": {"signatures": []},
            "pvs": {"report": [{"pv": []}]},
            "vgs": {"report": [{"vg": []}]},
            "lvs": {"report": [{"lv": []}]},
        }
        self.answers = self._answer
        self.failing = set()

    def _answer(self, command):
        if command[0] in self.failing:
            return Ran(1, "it does not work")
        if command[0] in ("sfdisk", "blkid", "lvmconfig") and command[0] not in self.reports:
            return Ran(1 if "--json" in command or command[0] != "sfdisk" else 0, "")
        asks = command[0] != "wipefs" or "--no-act" in command
        return Ran(0, json.dumps(self.reports.get(command[0], {})) if asks else "")

    def did(self):
        """The commands that change something."""
        asking = ("lsblk", "pvs", "vgs", "lvs", "blkid", "lvmconfig")
        return [
            one
            for one in self.ran
            if one[0] not in asking and "--no-act" not in one and "--json" not in one
        ]


@pytest.fixture
def host(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "etc").mkdir()
    return Host(tmp_path)


def setting(host, notes=None):
    kept = {}
    found = Setting(host, "000001", "/folder", notes or {}, kept.update)
    return found, kept


SIGNED = {"signatures": [{"type": "ext4", "offset": "0x438", "length": 2, "uuid": "theirs"}]}


@pytest.mark.parametrize(
    ("workers", "step"),
    [
        (disks.WORKERS, MakePartition(DISK, "gpt")),
        (groups.WORKERS, MakePhysicalVolume(DISK)),
        (filesystems.WORKERS, MakeFilesystem(DISK, "xfs")),
    ],
)
def test_nothing_is_written_where_somebody_has_left_a_signature(host, workers, step):
    host.reports["wipefs"] = SIGNED

    with pytest.raises(probes.ForeignSignature):
        workers[type(step)].do(step, setting(host)[0])

    assert host.did() == []
    assert not any(host.kernel.disk)


def test_a_partition_is_not_put_over_what_an_earlier_one_had(host):
    host.reports["blkid"] = {}
    host.answers = lambda one: (
        Ran(0, "TYPE=LVM2_member\n") if one[0] == "blkid" else host._answer(one)
    )

    with pytest.raises(probes.ForeignSignature, match="LVM2_member"):
        disks.WORKERS[MakePartition].do(MakePartition(DISK, "dos"), setting(host)[0])

    assert host.did() == []


def test_a_filesystem_that_we_began_is_made_again_and_no_other_is(host):
    step, worker = MakeFilesystem(DISK, "xfs"), filesystems.WORKERS[MakeFilesystem]
    notes = worker.do(step, setting(host)[0])
    assert "-f" not in host.did()[-1]

    host.reports["wipefs"] = {
        "signatures": [{"type": "xfs", "offset": "0x0", "length": 4, "uuid": notes["uuid"]}]
    }
    worker.do(step, setting(host, notes)[0])
    assert "-f" in host.did()[-1]
    assert f"uuid={notes['uuid']}" in host.did()[-1]

    host.reports["wipefs"] = SIGNED
    host.ran.clear()
    with pytest.raises(probes.ForeignSignature):
        worker.do(step, setting(host, notes)[0])
    assert host.did() == []


def test_wiped_bytes_are_kept_before_they_go_and_are_put_back(host):
    host.kernel.disk[0x438:0x43A] = b"\x53\xef"
    host.kernel.disk[7 * MIB : 7 * MIB + 8] = b"EFI PART"
    before = bytes(host.kernel.disk)
    at_the_end = {"type": "gpt", "offset": hex(7 * MIB), "length": 8}
    rounds = [{"signatures": [*SIGNED["signatures"], at_the_end]}, {"signatures": []}]
    host.answers = lambda one: (
        Ran(0, json.dumps(rounds.pop(0))) if "--no-act" in one else host._answer(one)
    )
    worker = disks.WORKERS[WipeSignatures]

    found, kept = setting(host)
    notes = worker.do(WipeSignatures(DISK), found)

    assert notes == kept == {"beyond": [[7 * MIB, b"EFI PART".hex()]]}
    assert ("wipefs", "--offset", "1080", "--offset", str(7 * MIB), DISK) in host.did()
    assert not any(host.kernel.disk[: 4 * MIB])
    host.kernel.disk[7 * MIB : 7 * MIB + 8] = bytes(8)
    worker.undo(WipeSignatures(DISK), setting(host, notes)[0])
    assert bytes(host.kernel.disk) == before


def test_a_physical_volume_is_known_again_by_the_uuid_that_it_was_given(host):
    worker, step = groups.WORKERS[MakePhysicalVolume], MakePhysicalVolume(DISK)
    found, kept = setting(host)
    notes = worker.do(step, found)
    assert kept == notes
    assert ("pvcreate", "--quiet", "--norestorefile", "--uuid", notes["uuid"], DISK) in host.did()

    host.ran.clear()
    host.reports["pvs"] = {"report": [{"pv": [{"pv_name": DISK}]}]}
    host.reports["wipefs"] = {"signatures": [{"type": "LVM2_member", "offset": "0x218"}]}
    assert worker.do(step, setting(host, notes)[0]) == notes
    assert host.did() == []


@pytest.mark.parametrize(
    ("workers", "step", "programs"),
    [
        (disks.WORKERS, MakePartition(DISK, "gpt"), ["wipefs", "blkid", "sfdisk", "lsblk"]),
        (groups.WORKERS, MakePhysicalVolume(DISK), ["wipefs", "pvcreate"]),
        (groups.WORKERS, MakeGroup("docker", (DISK,)), ["vgs", "vgcreate"]),
        (groups.WORKERS, ExtendGroup("docker", (DISK, "/dev/vdc")), ["pvs", "vgextend"]),
        (volumes.WORKERS, MakeVolume("docker", "root", MIB), ["lvs", "lvcreate"]),
        (volumes.WORKERS, MakePool("docker", "pool", MIB, MIB), ["lvs", "lvcreate"]),
        (filesystems.WORKERS, MakeFilesystem(DISK, "xfs"), ["wipefs", "mkfs.xfs"]),
    ],
)
def test_a_step_that_is_begun_now_looks_once_right_before_it_writes(host, workers, step, programs):
    """On a busy host, or one with many disks, each look costs."""
    parts = [{"name": f"{DISK}1", "type": "part"}]
    host.reports["lsblk"]["blockdevices"][0]["children"] = parts

    workers[type(step)].do(step, setting(host)[0])

    assert [command[0] for command in host.ran] == programs


def test_a_step_that_was_killed_looks_at_what_it_left(host):
    host.reports["vgs"] = {"report": [{"vg": [{"vg_name": "docker"}]}]}
    host.reports["pvs"] = {"report": [{"pv": [{"pv_name": DISK}]}]}
    host.reports["lvs"] = {"report": [{"lv": [{"lv_name": "pool", "segtype": "linear"}]}]}
    began = setting(host, {"began": True})[0]

    groups.WORKERS[MakeGroup].do(MakeGroup("docker", (DISK,)), began)
    added = setting(host, {"added": [DISK, "/dev/vdc"]})[0]
    groups.WORKERS[ExtendGroup].do(ExtendGroup("docker", (DISK, "/dev/vdc")), added)
    volumes.WORKERS[MakePool].do(MakePool("docker", "pool", MIB, MIB), began)

    assert [command[0] for command in host.did()] == ["vgextend", "lvremove", "lvcreate"]
    assert host.did()[0] == ("vgextend", "--quiet", "docker", "/dev/vdc")


def test_a_partition_of_a_disk_is_used_only_where_there_is_one(host):
    host.reports["lsblk"]["blockdevices"][0]["children"] = [
        {"name": f"{DISK}1", "type": "part"},
        {"name": f"{DISK}2", "type": "part"},
    ]

    with pytest.raises(StepFailed, match="it has 2"):
        probes.member(setting(host)[0], DISK, partitioned=True)


def test_what_stands_there_under_that_name_is_somebody_elses(host):
    host.reports["vgs"] = {"report": [{"vg": [{"vg_name": "docker", "lv_count": "1"}]}]}
    host.reports["lvs"] = {"report": [{"lv": [{"lv_name": "root", "segtype": "linear"}]}]}

    with pytest.raises(groups.GroupExists):
        groups.WORKERS[MakeGroup].do(MakeGroup("docker", (DISK,)), setting(host)[0])
    with pytest.raises(volumes.VolumeExists):
        volumes.WORKERS[MakeVolume].do(MakeVolume("docker", "root", MIB), setting(host)[0])

    assert host.did() == []


def test_a_group_with_volumes_is_not_taken_back(host):
    host.reports["vgs"] = {"report": [{"vg": [{"vg_name": "docker", "lv_count": "1"}]}]}

    with pytest.raises(groups.GroupUsed):
        groups.WORKERS[MakeGroup].undo(
            MakeGroup("docker", (DISK,)), setting(host, {"began": True})[0]
        )

    assert host.did() == []


def test_what_was_never_begun_is_not_taken_back(host):
    for workers, step in (
        (disks.WORKERS, MakePartition(DISK, "gpt")),
        (groups.WORKERS, MakePhysicalVolume(DISK)),
        (groups.WORKERS, MakeGroup("docker", (DISK,))),
        (volumes.WORKERS, MakeVolume("docker", "root", MIB)),
        (filesystems.WORKERS, MakeFilesystem(DISK, "xfs")),
        (mounts.WORKERS, MountFilesystem(DISK, "/srv/x", "xfs")),
        (auto_extension.WORKERS, SetAutoExtend("docker", "pool", 60, 20)),
    ):
        workers[type(step)].undo(step, setting(host)[0])

    assert host.did() == []


def test_a_volume_that_is_large_enough_is_left_alone(host):
    host.reports["lvs"] = {"report": [{"lv": [{"lv_size": str(4 * MIB)}]}]}
    worker = volumes.WORKERS[ExtendVolume]

    worker.do(ExtendVolume("docker", "root", 4 * MIB), setting(host)[0])
    assert host.did() == []
    worker.do(ExtendVolume("docker", "root", 5 * MIB), setting(host)[0])
    assert host.did() == [("lvextend", "--quiet", "--size", f"{5 * MIB}b", "docker/root")]


def test_only_the_last_partition_grows(host):
    host.reports["sfdisk"] = {
        "partitiontable": {
            "label": "dos",
            "partitions": [
                {"node": f"{DISK}1", "start": 2048},
                {"node": f"{DISK}2", "start": 9999},
            ],
        }
    }

    with pytest.raises(disks.NotTheLast):
        disks.WORKERS[GrowPartition].do(GrowPartition(DISK, 1), setting(host)[0])

    assert host.did() == []


def test_files_are_not_hidden_by_a_mount(host, tmp_path):
    (tmp_path / "srv/data").mkdir(parents=True)
    (tmp_path / "srv/data/precious").touch()

    with pytest.raises(mounts.HidesFiles):
        mounts.WORKERS[MountFilesystem].do(
            MountFilesystem(DISK, "/srv/data", "xfs"), setting(host)[0]
        )

    assert host.did() == []


def test_a_profile_is_attached_and_what_was_there_comes_back(host, tmp_path):
    profiles = tmp_path / "etc/lvm/profile"
    profiles.mkdir(parents=True)
    host.reports["lvs"] = {"report": [{"lv": [{"lv_profile": "theirs"}]}]}
    worker, step = auto_extension.WORKERS[SetAutoExtend], SetAutoExtend("docker", "pool", 60, 20)

    notes = worker.do(step, setting(host)[0])

    profile = profiles / "docker--pool-extend.profile"
    assert "thin_pool_autoextend_threshold=60\n" in profile.read_text()
    assert host.did() == [
        ("lvchange", "--quiet", "--metadataprofile", "docker--pool-extend", "docker/pool")
    ]
    host.reports["lvs"] = {"report": [{"lv": [{"lv_profile": "docker--pool-extend"}]}]}
    worker.undo(step, setting(host, notes)[0])
    assert not profile.exists()
    assert host.did()[-1] == ("lvchange", "--quiet", "--metadataprofile", "theirs", "docker/pool")


def test_a_partition_that_somebody_has_open_is_asked_for_again_until_it_is_gone(host):
    shown = host.reports["lsblk"]["blockdevices"][0]
    shown["children"] = [{"name": f"{DISK}1", "type": "part"}]
    asked = []

    def answer(one):
        asked.append(one)
        if asked.count(("blockdev", "--rereadpt", DISK)) == 2:
            shown.pop("children", None)
        return host._answer(one)

    host.answers = answer
    worker = disks.WORKERS[MakePartition]

    worker.undo(MakePartition(DISK, "dos"), setting(host, {"began": True})[0])
    assert asked.count(("blockdev", "--rereadpt", DISK)) == 2

    host.answers = host._answer
    shown["children"] = [{"name": f"{DISK}1", "type": "part"}]
    with pytest.raises(StepFailed, match="open"):
        worker.undo(MakePartition(DISK, "dos"), setting(host, {"began": True})[0])

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fake_host import put
from fake_storage import GIB, StorageHost, report
from wharfinger.hosts.on_host.machine import Ran
from wharfinger.hosts.on_host.storage import block_devices
from wharfinger.hosts.on_host.storage.block_devices import LsblkTooOld
from wharfinger.hosts.on_host.storage.facts import Device, PartitionFacts, Signature, Volume
from wharfinger.hosts.on_host.storage.reports import ReportFailed

LV_UUID = "LVM-YFgz9GQuCl1tT9aI1HfhYSOTcDOFGx6jgoqBoFUPDm77NK0Y7A9HqNnyzK2wzfV4"


def row(name: str, number: str, kind: str, size: int = GIB, **more: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("model", "serial", "wwn", "partuuid", "parttype", "fstype", "label"))
    base = {"name": name, "kname": name, "maj:min": number, "type": kind, "size": size}
    return {**empty, **base, "ro": False, **more}


@pytest.fixture
def host(tmp_path: Path) -> StorageHost:
    """A partition and a disk below one volume, and a disk with swap."""
    host = StorageHost(tmp_path)
    volume = row("/dev/mapper/vg-data", "253:0", "lvm", kname="/dev/dm-0")
    part = row(
        "/dev/vda1", "254:1", "part", partuuid="p-1", parttype="8e", wwn="w", children=[volume]
    )
    disks = [
        row("/dev/vda", "254:0", "disk", 2 * GIB, model="QEMU  ", serial="s-1", children=[part]),
        row("/dev/vdb", "254:16", "disk", wwn="0x5000", serial="s-2", children=[volume]),
        row("/dev/vdc", "254:32", "disk"),
        row("/dev/zram0", "253:9", "disk", 0),
    ]
    host.says = {
        ("lsblk",): report({"blockdevices": disks}),
    }
    host.signed = {
        "/dev/vda": (("gpt", "0x200"), ("PMBR", "0x1fe")),
        "/dev/vda1": (("LVM2_member", "0x218"),),
        "/dev/vdb": (("LVM2_member", "0x218"),),
        "/dev/vdc": (("swap", "0xff6"),),
        "/dev/dm-0": (("xfs", "0x0"),),
    }
    kernel = host.fake_kernel
    kernel.attributes = {
        ("254:1", "partition"): "1",
        ("254:1", "start"): "2048",
        ("254:1", "size"): "2093056",
        ("253:0", "dm/uuid"): LV_UUID,
        ("254:32", "serial"): "virtio-3",
    }
    kernel.mounts = "35 29 253:0 / /mnt/data rw - xfs /dev/mapper/vg-data rw\n"
    put(tmp_path, "/proc/swaps", b"Filename\tType\n/dev/vdc partition\n")
    by_id = tmp_path / "dev/disk/by-id"
    by_id.mkdir(parents=True)
    (by_id / "virtio-s-1").symlink_to("../../vda")
    (by_id / "dm-name-vg-data").symlink_to("../../dm-0")
    mapper = tmp_path / "dev/mapper"
    mapper.mkdir()
    (mapper / "vg-data").symlink_to("../dm-0")
    put(tmp_path, "/dev/mapper/control")
    return host


VOLUME = Volume("vg", "data", "u", GIB, "linear", "/dev/vg/data", active=True)


def read(host: StorageHost, *volumes: Volume) -> dict[str, Device]:
    return {one.path: one for one in block_devices.read(host, volumes or (VOLUME,))}


def test_a_disk_is_known_by_what_stays(host: StorageHost):
    found = read(host)

    assert {path: one.identity for path, one in found.items()} == {
        "/dev/vda": "s-1",
        "/dev/vda1": "p-1",
        "/dev/mapper/vg-data": "goqBoF-UPDm-77NK-0Y7A-9HqN-nyzK-2wzfV4",
        "/dev/vdb": "0x5000",
        "/dev/vdc": "virtio-3",
    }


def test_a_device_on_several_lies_on_each_of_them(host: StorageHost):
    volume = read(host)["/dev/mapper/vg-data"]

    assert volume.parents == ("/dev/vda1", "/dev/vdb")
    assert volume.links == ("/dev/disk/by-id/dm-name-vg-data", "/dev/dm-0", "/dev/vg/data")
    assert volume.mounts == ("/mnt/data",)


def test_tables_partitions_and_signatures_are_told(host: StorageHost):
    found = read(host)

    assert (found["/dev/vda"].table, found["/dev/vda"].model) == ("gpt", "QEMU")
    assert found["/dev/vda"].links == ("/dev/disk/by-id/virtio-s-1",)
    assert found["/dev/vda1"].partition == PartitionFacts(1, 2048, 2093056, "8e", "p-1")
    assert found["/dev/vda1"].signatures == (Signature("LVM2_member", 0x218),)
    assert found["/dev/mapper/vg-data"].signatures == (Signature("xfs", 0),)
    assert found["/dev/vdb"].table == ""
    assert [one.swap for one in found.values()] == [False, False, False, False, True]


def test_what_cannot_be_read_is_never_taken_for_empty(host: StorageHost):
    host.signed["/dev/vdc"] = Ran(1, "", "probing initialization failed: Input/output error")

    found = read(host)

    assert found["/dev/vdc"].signatures == (Signature("unreadable", 0),)
    assert found["/dev/vdb"].signatures == (Signature("LVM2_member", 0x218),)


def test_a_device_that_answers_with_errors_is_not_blank(host: StorageHost):
    """`wipefs` finds nothing there, and says that all is well."""
    host.signed["/dev/vdc"] = ()
    host.fake_kernel.broken = {"/dev/vdc"}

    assert read(host)["/dev/vdc"].signatures == (Signature("unreadable", 0),)


def test_all_devices_are_looked_at_by_one_process(host: StorageHost):
    read(host)

    assert [command[0] for command in host.ran] == ["lsblk", "wipefs"]


def test_devices_that_a_report_would_mix_up_are_looked_at_one_by_one(host: StorageHost):
    disks = [row("/dev/cciss/c0d0", "104:0", "disk"), row("/dev/ida/c0d0", "72:0", "disk")]
    host.says["lsblk",] = report({"blockdevices": disks})
    host.signed["/dev/ida/c0d0"] = (("dos", "0x1fe"),)

    found = read(host)

    assert [one.table for one in found.values()] == ["", "dos"]


def test_whoever_may_not_read_a_device_learns_what_udev_has_seen(host: StorageHost):
    host.says["lsblk",] = report(
        {"blockdevices": [row("/dev/vdc", "254:32", "disk", fstype="ext4", uuid="u-1")]}
    )
    host.signed["/dev/vdc"] = Ran(1, "", "Permission denied")

    assert read(host)["/dev/vdc"].signatures == (Signature("ext4", 0, "u-1"),)


def test_nothing_is_read_of_a_pool_or_of_what_an_engine_made(host: StorageHost):
    hidden = row("/dev/mapper/vg-pool_tmeta", "253:5", "lvm")
    made = row("/dev/mapper/docker-253:0-1-ab", "253:6", "dm")
    pool = row("/dev/mapper/vg-pool", "253:4", "lvm", children=[made])
    host.says["lsblk",] = report({"blockdevices": [pool, hidden]})
    volume = Volume("vg", "pool", "u", GIB, "thin-pool", "/dev/mapper/vg-pool", active=True)

    found = read(host, volume)

    assert len(found) == 3
    assert all(one.signatures == () for one in found.values())
    assert all(command[0] != "wipefs" for command in host.ran)


def test_old_reports_have_numbers_and_truth_as_text(host: StorageHost):
    host.says["lsblk",] = report(
        {"blockdevices": [{**row("/dev/vdc", " 254:32 ", "disk"), "size": "4096", "ro": "1"}]}
    )

    found = read(host)["/dev/vdc"]

    assert (found.size, found.read_only, found.number) == (4096, True, "254:32")


def test_btrfs_is_mounted_by_its_name(host: StorageHost):
    host.fake_kernel.mounts = "35 29 0:40 /@home /home rw - btrfs /dev/vdc rw\n"

    assert read(host)["/dev/vdc"].mounts == ("/home",)


def test_an_lsblk_without_json_is_told_with_what_has_it(host: StorageHost):
    host.says["lsblk",] = Ran(1, "", "lsblk: unrecognized option '--json'")

    with pytest.raises(LsblkTooOld) as told:
        read(host)

    assert "util-linux" in str(told.value.remedy)


def test_an_lsblk_that_is_not_there_is_named(host: StorageHost):
    del host.says["lsblk",]

    with pytest.raises(ReportFailed, match="lsblk"):
        read(host)


def test_many_devices_are_not_all_read_at_once(host: StorageHost):
    disks = [row(f"/dev/x{at}", f"8:{at}", "disk") for at in range(100)]
    host.says = {("lsblk",): report({"blockdevices": disks})}
    host.signed = {f"/dev/x{at}": (("xfs", "0"),) for at in range(99)}
    host.signed["/dev/x99"] = Ran(1, "", "Permission denied")

    found = read(host)

    signs = [one.signatures for one in found.values()]
    assert signs == [*99 * [(Signature("xfs", 0),)], (Signature("unreadable", 0),)]

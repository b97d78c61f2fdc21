"""What may not be given to a volume group, whatever the site says, and what only if it says so."""

from dataclasses import replace

import pytest

from simulated_storage import GIB, MIB, disk, host
from wharfinger.hosts.on_host.storage.facts import (
    Device,
    PartitionFacts,
    PhysicalVolume,
    Signature,
    StorageFacts,
)
from wharfinger.hosts.on_host.storage.steps import (
    MakePartition,
    MakePhysicalVolume,
    WipeSignatures,
)
from wharfinger.hosts.site.storage import Storage, ThinPool
from wharfinger.hosts.storage import device_rules
from wharfinger.hosts.storage.plan import plan
from wharfinger.hosts.storage.planned import Refusal

VDB = disk("/dev/vdb", 8 * GIB)
PART = Device(
    "/dev/vdb1", "part", 4 * GIB, "8:1", ("/dev/vdb",), partition=PartitionFacts(1, 2048, 8388608)
)


def on(path: str, kind: str, below: str) -> Device:
    return Device(path, kind, GIB, "254:0", (below,))


def signed(device: Device, *types: str) -> Device:
    return replace(device, signatures=tuple(Signature(one, 0x218) for one in types))


def judged(facts: StorageFacts, path: str = "/dev/vdb", *, wipe: bool = False) -> Refusal | None:
    device = facts.device(path)
    assert device is not None
    return device_rules.refusal(device_rules.candidate(device, facts, "docker", wipe=wipe))


LEGS = (disk("/dev/vdb", 8 * GIB, identity="wwn-1"), disk("/dev/vdc", 8 * GIB, identity="wwn-1"))
MPATH = Device("/dev/mapper/mpatha", "mpath", 8 * GIB, "254:0", ("/dev/vdb", "/dev/vdc"))
IN_USE = {
    "mounted": host(replace(VDB, mounts=("/srv",))),
    "mounted, a partition of it": host(VDB, replace(PART, mounts=("/srv",))),
    "mounted, a volume in it": host(
        VDB, PART, replace(on("/dev/mapper/a-b", "lvm", "/dev/vdb1"), mounts=("/srv",))
    ),
    "system-disk": host(VDB, replace(PART, mounts=("/boot",))),
    "swap": host(replace(VDB, swap=True)),
    "swap, a partition of it": host(VDB, replace(PART, swap=True)),
    "raid-member": host(signed(VDB, "linux_raid_member")),
    "raid-member, of an array that runs": host(
        signed(VDB, "linux_raid_member"), on("/dev/md0", "raid1", "/dev/vdb")
    ),
    "raid-member, a partition of it": host(VDB, signed(PART, "isw_raid_member")),
    "luks": host(signed(VDB, "crypto_LUKS")),
    "luks, open": host(signed(VDB, "crypto_LUKS"), on("/dev/mapper/c", "crypt", "/dev/vdb")),
    "zfs": host(signed(VDB, "zfs_member")),
    "lvm-member": host(
        signed(VDB, "LVM2_member"),
        physical=(PhysicalVolume("/dev/vdb", "u", "theirs", GIB, 0, GIB),),
    ),
    "lvm-member, a partition of it": host(
        VDB,
        signed(PART, "LVM2_member"),
        physical=(PhysicalVolume("/dev/vdb1", "u", "theirs", GIB, 0, GIB),),
    ),
    "in-use": host(VDB, on("/dev/bcache0", "disk", "/dev/vdb")),
    "multipath-leg": host(*LEGS, MPATH),
    "multipath-twin": host(*LEGS),
    "read-only": host(replace(VDB, read_only=True)),
    "too-small": host(disk("/dev/vdb", 63 * MIB)),
    "not-a-disk": host(replace(VDB, kind="rom")),
    "unreadable": host(signed(VDB, "unreadable")),
}
LEFT_BEHIND = {
    "partitioned": host(signed(VDB, "dos"), PART),
    "foreign-signature": host(signed(VDB, "xfs")),
    "foreign-signature, a stale table": host(signed(VDB, "gpt", "PMBR")),
    "foreign-signature, swap that nobody uses": host(signed(VDB, "swap")),
    "foreign-signature, a physical volume of no group": host(
        signed(VDB, "LVM2_member"), physical=(PhysicalVolume("/dev/vdb", "u", "", GIB, GIB, GIB),)
    ),
}


@pytest.mark.parametrize("what", IN_USE)
@pytest.mark.parametrize("wipe", [False, True])
def test_what_is_in_use_or_cannot_hold_is_refused_in_any_case(what, wipe):
    refusal = judged(IN_USE[what], wipe=wipe)

    assert refusal is not None
    assert (refusal.code, refusal.subject) == (what.partition(",")[0], "/dev/vdb")
    assert refusal.remedy


@pytest.mark.parametrize("what", LEFT_BEHIND)
def test_what_was_left_behind_is_refused_unless_it_may_be_wiped(what):
    refusal = judged(LEFT_BEHIND[what])

    assert refusal is not None
    assert refusal.code == what.partition(",")[0]
    assert judged(LEFT_BEHIND[what], wipe=True) is None


def test_a_signature_is_named_with_its_offset():
    refusal = judged(host(signed(VDB, "LVM2_member")))

    assert refusal is not None
    assert refusal.why == "something is on it: LVM2_member at 0x218"


def test_another_group_is_named():
    refusal = judged(IN_USE["lvm-member"])

    assert refusal is not None
    assert "belongs to volume group theirs" in refusal.why


def test_a_partition_is_refused_and_its_disk_named():
    refusal = judged(host(VDB, PART), "/dev/vdb1")

    assert refusal is not None
    assert refusal.code == "partition"
    assert "/dev/vdb has this one" in refusal.remedy


def test_the_device_that_joins_the_ways_is_taken():
    assert judged(host(*LEGS, MPATH), "/dev/mapper/mpatha") is None


@pytest.mark.parametrize("kind", ["disk", "loop", "mpath"])
def test_an_empty_disk_is_taken(kind):
    assert judged(host(replace(VDB, kind=kind))) is None


def test_what_may_be_wiped_is_wiped_from_the_partitions_to_the_table():
    wanted = Storage(
        devices=("/dev/vdb",),
        volume_group="docker",
        thin_pool=ThinPool("pool"),
        wipe_signatures=True,
    )
    facts = host(signed(VDB, "dos"), signed(PART, "ext4"))

    found = plan(wanted, facts)

    assert [one.step for one in found.steps][:2] == [
        WipeSignatures("/dev/vdb1"),
        WipeSignatures("/dev/vdb"),
    ]
    assert {"device /dev/vdb", "device /dev/vdb1"} <= set(found.order.expects)


def test_with_leave_to_wipe_a_disk_that_seems_empty_is_wiped_of_its_earlier_life():
    wanted = Storage(devices=("/dev/vdb",), volume_group="docker", thin_pool=ThinPool("pool"))

    def kinds(site: Storage) -> list[type]:
        return [type(one.step) for one in plan(site, host(VDB)).steps][:2]

    assert kinds(wanted) == [MakePartition, MakePhysicalVolume]
    assert kinds(replace(wanted, wipe_signatures=True)) == [WipeSignatures, MakePartition]

from dataclasses import replace

import pytest

from simulated_storage import GIB, disk, done, host
from wharfinger.hosts.on_host.storage.facts import Device, StorageFacts
from wharfinger.hosts.site.storage import Storage, ThinPool
from wharfinger.hosts.storage import candidates
from wharfinger.hosts.storage.plan import plan

BY_ID = "/dev/disk/by-id"


def linked(name: str, serial: str) -> Device:
    return disk(f"/dev/{name}", 8 * GIB, links=(f"{BY_ID}/virtio-{serial}",))


HOST = host(
    linked("vdb", "data-2"),
    linked("vdc", "data-10"),
    linked("vdaa", "other"),
    disk("/dev/vda", 8 * GIB, links=(f"{BY_ID}/virtio-root",), mounts=("/",)),
    Device("/dev/vda1", "part", GIB, "8:1", ("/dev/vda",), (f"{BY_ID}/virtio-root-part1",)),
)


def chosen(*devices: str, facts: StorageFacts = HOST) -> candidates.Chosen:
    return candidates.choose(Storage(devices=devices, volume_group="docker"), facts)


def paths(*devices: str, facts: StorageFacts = HOST) -> list[str]:
    found = chosen(*devices, facts=facts)
    assert found.told.refusals == ()
    return [one.path for one in found.new]


@pytest.mark.parametrize(
    ("devices", "found"),
    [
        (("/dev/vdc", "/dev/vdb"), ["/dev/vdb", "/dev/vdc"]),
        ((f"{BY_ID}/virtio-data-2",), ["/dev/vdb"]),
        ((f"{BY_ID}/virtio-data-*",), ["/dev/vdb", "/dev/vdc"]),
        (("/dev/vd[bc]", f"{BY_ID}/virtio-data-2", "/dev/vdb"), ["/dev/vdb", "/dev/vdc"]),
        (("/dev/vda?",), ["/dev/vdaa"]),
        (("/dev/vd[b-z]", "/dev/vda?"), ["/dev/vdb", "/dev/vdc", "/dev/vdaa"]),
    ],
)
def test_names_and_globs_mean_disks_each_once_and_in_order(devices, found):
    assert paths(*devices) == found


def test_a_glob_reaches_over_no_slash():
    assert paths("/dev/*-data-2") == []


def test_a_glob_that_means_nothing_now_is_a_note():
    found = chosen("/dev/nvme*n1")

    assert (found.new, found.told.refusals) == ((), ())
    assert found.told.notes == ("no disk is called /dev/nvme*n1 now",)


def test_a_device_that_is_not_there_is_refused():
    (refusal,) = chosen("/dev/vdz").told.refusals

    assert (refusal.code, refusal.subject) == ("vanished", "/dev/vdz")


def test_a_glob_never_takes_the_disk_of_the_system_silently():
    (refusal,) = chosen("/dev/vd[a-c]").told.refusals

    assert (refusal.code, refusal.subject) == ("system-disk", "/dev/vda")


def test_of_the_ways_to_one_disk_a_glob_means_what_joins_them():
    legs = (disk("/dev/sdb", 8 * GIB), disk("/dev/sdc", 8 * GIB))
    mpath = Device(
        "/dev/mapper/mpatha",
        "mpath",
        8 * GIB,
        "254:0",
        ("/dev/sdb", "/dev/sdc"),
        (f"{BY_ID}/wwn-0x5",),
    )

    assert paths("/dev/sd*", "/dev/mapper/mpath*", facts=host(*legs, mpath)) == [
        "/dev/mapper/mpatha"
    ]


def test_what_the_group_has_already_is_passed_over_by_any_of_its_names():
    wanted = Storage(devices=("/dev/vdb",), volume_group="docker", thin_pool=ThinPool("pool"))
    then = done(plan(wanted, HOST), HOST)

    assert paths("/dev/vdb", f"{BY_ID}/virtio-data-*", facts=then) == ["/dev/vdc"]


def test_a_physical_volume_is_known_by_another_name_of_its_partition():
    wanted = Storage(devices=("/dev/vdb",), volume_group="docker", thin_pool=ThinPool("pool"))
    then = done(plan(wanted, HOST), HOST)
    renamed = tuple(
        replace(one, path="/dev/vdq1", parents=("/dev/vdq",), links=("/dev/vdb1",))
        if one.path == "/dev/vdb1"
        else replace(one, path="/dev/vdq", links=(*one.links, "/dev/vdb"))
        if one.path == "/dev/vdb"
        else one
        for one in then.devices
    )

    assert paths("/dev/vdq", facts=replace(then, devices=renamed)) == []

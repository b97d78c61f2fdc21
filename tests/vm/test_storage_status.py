"""Status and watch on real disks, LVM and Docker: what they say is what the tools say."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from vm.guest_docker import GuestDocker, devicemapper
from vm.laboratory import WHARF, Laboratories, Laboratory
from vm.qemu import Disk

pytestmark = pytest.mark.e2e

GIB = 1 << 30
PROFILE = """activation {
    thin_pool_autoextend_threshold=60
    thin_pool_autoextend_percent=25
}
"""
SAMPLES = "/var/lib/wharfinger-host/storage/fill.jsonl"
METRICS = "/run/metrics/wharfinger.prom"
WRITE = """
import os, sys
device = os.open("/dev/spare/filler", os.O_WRONLY)
for at in range(0, int(sys.argv[1]) << 20, 512 << 10):
    os.pwrite(device, bytes(4096), at)
os.fsync(device)
"""
"""A little of each chunk: a pool counts it as whole."""


@pytest.fixture(scope="module")
def lab(laboratory: Laboratories) -> Laboratory:
    """A group over a partition and a disk, with Docker's pool and a filesystem for its data root; and
    a small group with a pool of its own."""
    lab = laboratory(Disk("first", gib=4), Disk("second", gib=2), Disk("third", gib=2))
    lab.write("/etc/lvm/profile/mine.profile", PROFILE)
    lab.script(
        """
        parted -s /dev/vda mklabel gpt mkpart lvm 1MiB 100%
        udevadm settle
        pvcreate -q /dev/vda1 /dev/vdb /dev/vdc
        vgcreate -q docker /dev/vda1 /dev/vdb
        lvcreate -q -y --type thin-pool --zero n -c 512K --poolmetadatasize 12M -L 1G -n pool docker
        lvchange -q --metadataprofile mine docker/pool
        lvcreate -q -y -L 600M -n root docker
        mkfs.xfs -q -n ftype=0 -m crc=0 /dev/docker/root
        mkdir -p /var/lib/docker /run/metrics
        mount -o pquota /dev/docker/root /var/lib/docker
        vgcreate -q spare /dev/vdc
        lvcreate -q -y --type thin-pool --zero n -c 512K --poolmetadatasize 8M -L 1G -n pool spare
        lvcreate -q -y -T spare/pool -V 4G -n filler
        udevadm settle
        """
    ).check()
    docker = GuestDocker(lab)
    docker.start(devicemapper("docker", "pool"))
    docker.load("app-1:v1", "app-2:v1")
    docker.create("stopped", "app-1:v1")
    return lab


@pytest.fixture(scope="module")
def status(lab: Laboratory) -> dict[str, Any]:
    return dict(json.loads(lab.wharf("storage", "status", "-o", "json").check()))


def named(rows: list[dict[str, Any]], key: str, name: str) -> dict[str, Any]:
    return next(row for row in rows if row[key] == name)


def on_host(lab: Laboratory, *words: str) -> Any:
    """What the program of a host answers."""
    return json.loads(lab.ours("on-host", *words).check())


def look(lab: Laboratory, *words: str) -> dict[str, Any]:
    return dict(on_host(lab, "storage-watch", "--once", "--textfile", METRICS, *words))


def metrics(lab: Laboratory) -> dict[tuple[str, ...], float]:
    return {
        (sample.name.removeprefix("wharfinger_storage_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(lab.read(METRICS))
        for sample in family.samples
    }


def pool_bytes(lab: Laboratory, name: str) -> int:
    """What the kernel says is used of a pool's data, which it counts in chunks of sectors."""
    status, table = lab.script(f"dmsetup status {name}; dmsetup table {name}").check().splitlines()
    return int(status.split()[5].partition("/")[0]) * int(table.split()[5]) * 512


def test_devices_are_known_as_blkid_and_sfdisk_know_them(lab: Laboratory, status: dict[str, Any]):
    devices = status["facts"]["devices"]
    table = json.loads(lab.run("sfdisk", "--json", "/dev/vda").check())["partitiontable"]
    (partition,) = table["partitions"]
    disk, part = (named(devices, "path", path) for path in ("/dev/vda", "/dev/vda1"))

    assert (disk["size"], disk["table"], disk["identity"]) == (4 * GIB, "gpt", "first")
    assert "/dev/disk/by-id/virtio-first" in disk["links"]
    assert part["parents"] == ["/dev/vda"]
    assert part["identity"] == partition["uuid"].lower()
    told = part["partition"]
    assert (told["start"], told["sectors"]) == (partition["start"], partition["size"])
    probed = lab.script("blkid -p -s TYPE -o value /dev/vda1 /dev/vdb /dev/docker/root").check()
    paths = ("/dev/vda1", "/dev/vdb", "/dev/mapper/docker-root")
    signs = [named(devices, "path", path)["signatures"] for path in paths]
    assert [[one["type"] for one in found] for found in signs] == [[w] for w in probed.split()]


def test_volumes_are_as_lvm_has_them(lab: Laboratory, status: dict[str, Any]):
    facts = status["facts"]
    lines = lab.script(
        "lvs --noheadings --nosuffix --units b --separator , -o lv_uuid,lv_size docker/root; "
        "vgs --noheadings --nosuffix --units b --separator , -o vg_uuid,vg_free docker; "
        "pvs --noheadings --nosuffix --units b --separator , -o pv_uuid,pv_free /dev/vdb"
    ).check()
    root, group, physical = (line.strip().split(",") for line in lines.splitlines())

    volume = next(v for v in facts["volumes"] if (v["group"], v["name"]) == ("docker", "root"))
    assert [volume["uuid"], str(volume["size"])] == root
    assert volume["uuid"] == named(facts["devices"], "path", "/dev/mapper/docker-root")["identity"]
    found = named(facts["groups"], "name", "docker")
    assert [found["uuid"], str(found["free"])] == group
    found = named(facts["physical"], "path", "/dev/vdb")
    assert [found["uuid"], str(found["free"])] == physical
    pool = next(v for v in facts["volumes"] if (v["group"], v["name"]) == ("docker", "pool"))
    assert (pool["kind"], pool["chunk"], pool["metadata_size"]) == (
        "thin-pool",
        512 << 10,
        12 << 20,
    )
    assert (pool["threshold"], pool["percent"], pool["monitored"]) == (60, 25, True)
    used = pool["size"] * pool["data_percent"] / 100
    assert used == pytest.approx(pool_bytes(lab, "docker-pool"), rel=0.01)


def test_mounts_and_engines_are_as_they_are(lab: Laboratory, status: dict[str, Any]):
    facts = status["facts"]
    df = "df -B1 --output=size,used,avail,itotal,iavail /var/lib/docker"
    numbers = [int(word) for word in lab.script(df).check().splitlines()[1].split()]

    mount = named(facts["mounts"], "target", "/var/lib/docker")
    keys = ("size", "used", "free", "inodes", "inodes_free")
    assert [mount[key] for key in keys] == pytest.approx(numbers, rel=0.01)
    assert (mount["source"], mount["type_in_directories"]) == ("/dev/mapper/docker-root", False)
    engine = named(facts["engines"], "name", "docker")
    assert (engine["driver"], engine["pool"]) == ("devicemapper", "docker-pool")
    assert (engine["data_root"], engine["told_by"]) == (
        "/var/lib/docker",
        "/etc/docker/daemon.json",
    )
    assert (engine["images"], engine["containers"], engine["running"]) == (2, 1, [])
    assert engine["usage"]["images"] > 0
    codes = {(one["code"], one["subject"]) for one in status["troubles"]}
    assert codes == {("no-ftype", "docker"), ("no-auto-extension", "spare/pool")}


def test_a_person_sees_what_lies_on_what(lab: Laboratory):
    shown = lab.wharf("storage", "status").check()

    names = [
        re.split(" {2,}", line.strip(" │├└─"))[0] for line in shown.split("\n\n")[0].splitlines()
    ]
    first = ["vda", "vda1", "docker", "pool", "docker 20.10.24", "root", "/var/lib/docker"]
    others = ["vdb", "docker", "vdc", "spare", "pool", "filler"]
    assert [name for name in names if "█" not in name] == ["NAME", *first, *others]
    assert max(map(len, shown.splitlines())) <= 100
    assert "warning: docker: its data lies on /var/lib/docker, an XFS without ftype" in shown


def test_whoever_is_not_root_sees_devices_and_mounts(lab: Laboratory):
    done = lab.run("setpriv", "--reuid=65534", "--clear-groups", WHARF, "storage", "status")

    assert "docker-root" in done.check()
    assert "root also sees" in done.err


def test_fill_rises_with_what_is_written(lab: Laboratory):
    key = ("used_bytes", "data", "spare/pool")
    before = named(look(lab)["fills"], "name", "spare/pool")
    lab.python(WRITE, "680").check()

    look(lab)

    told = metrics(lab)
    assert told[key] - before["used"] == pytest.approx(680 << 20, rel=0.01)
    assert told[key] == pytest.approx(pool_bytes(lab, "spare-pool-tpool"), rel=0.01)
    assert told["size_bytes", "data", "spare/pool"] == GIB
    assert told["warning", "no-auto-extension", "spare/pool"] == 1


def test_a_pool_over_its_threshold_is_extended_and_stands_in_the_history(lab: Laboratory):
    found = look(lab, "--extend", "--threshold", "60", "--percent", "70")

    assert found["extended"]["ending"] == "applied"
    size = lab.script("lvs --noheadings --nosuffix --units b -o lv_size spare/pool").check().strip()
    assert int(size) == pytest.approx(1.7 * GIB, abs=4 << 20)
    assert named(found["fills"], "name", "spare/pool")["size"] == int(size)
    assert [one["id"] for one in on_host(lab, "storage-history")] == [found["extended"]["id"]]


def test_a_pool_in_a_group_without_room_is_told_once_by_a_watch_that_goes_on(lab: Laboratory):
    lab.python(WRITE, "1600").check()
    told = lab.script(
        f"""
        words="storage watch --every 1 --extend --threshold 60 --percent 70"
        {lab.warm()}/wharf $words 2> /run/told & watch=$!
        until [ $(grep -c time {SAMPLES}) -ge 6 ]; do sleep 0.2; done
        kill $(cat {lab.warm()}/child)
        wait $watch
        cat /run/told
        """,
    ).check()

    assert told.count("applied: extend volume spare/pool") == 1
    assert told.count("warning: spare/pool: its data should grow") == 1
    free = lab.script("vgs --noheadings --nosuffix --units b -o vg_free spare").check().strip()
    assert int(free) >= 2 * GIB * 2 // 100  # the reserve

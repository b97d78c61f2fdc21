"""The tree of `wharf storage status`, of hosts that are values."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_storage import GIB, MIB
from wharfinger.cli import storage_tree
from wharfinger.hosts.on_host.storage.facts import (
    Device,
    Engine,
    Mount,
    PartitionFacts,
    PhysicalVolume,
    Signature,
    StorageFacts,
    Volume,
    VolumeGroup,
)
from wharfinger.hosts.on_host.storage.forecast import DAY, HOUR, Forecast
from wharfinger.hosts.on_host.storage.troubles import Trouble

POOL = Volume(
    "docker",
    "pool",
    "u-1",
    10 * GIB,
    "thin-pool",
    "/dev/mapper/docker-pool",
    active=True,
    data_percent=50.0,
    metadata_percent=20.0,
    metadata_size=100 * MIB,
)
ROOT = Volume("docker", "root", "u-2", 5 * GIB, "linear", "/dev/docker/root", active=True)
HOST = StorageFacts(
    "quay1",
    devices=(
        Device("/dev/vda", "disk", 20 * GIB, "254:0", table="gpt"),
        Device(
            "/dev/vda1",
            "part",
            20 * GIB,
            "254:1",
            parents=("/dev/vda",),
            partition=PartitionFacts(1, 2048, 40),
            signatures=(Signature("LVM2_member", 0x218),),
        ),
        Device("/dev/mapper/docker-pool", "lvm", 10 * GIB, "253:2", parents=("/dev/vda1",)),
        Device(
            "/dev/mapper/docker-root",
            "lvm",
            5 * GIB,
            "253:3",
            parents=("/dev/vda1", "/dev/vdb"),
            signatures=(Signature("xfs", 0),),
        ),
        Device("/dev/vdb", "disk", 10 * GIB, "254:16"),
        Device(
            "/dev/vdc",
            "disk",
            GIB,
            "254:32",
            signatures=(Signature("ext4", 0x438),),
            read_only=True,
        ),
    ),
    physical=(
        PhysicalVolume("/dev/vda1", "u-3", "docker", 20 * GIB, 5 * GIB, 20 * GIB),
        PhysicalVolume("/dev/vdb", "u-4", "docker", 10 * GIB, 10 * GIB, 10 * GIB),
    ),
    groups=(VolumeGroup("docker", "u-5", 30 * GIB, 15 * GIB, 4 * MIB),),
    volumes=(POOL, ROOT),
    mounts=(
        Mount("/var/lib/docker", "/dev/mapper/docker-root", "xfs", (), 5 * GIB, 4 * GIB, GIB),
        Mount("/mnt/bound", "/dev/mapper/docker-root", "xfs", root="/inner"),
    ),
    engines=(
        Engine(
            "docker",
            "20.10.24+dfsg1",
            "/var/lib/docker",
            "overlay2",
            pid=7,
            containers=2,
            images=1,
            running=("web",),
        ),
        Engine("containerd", "", "/var/lib/containerd"),
    ),
)
SOON = (Forecast("metadata", "docker/pool", 1, 9 * HOUR, DAY),)


def shown(facts: StorageFacts, **more: bool) -> str:
    return storage_tree.text(facts, (), (), **more)


def test_what_lies_on_what_stands_with_its_size_room_and_fill():
    told = Trouble("x", "docker/pool", "it fills", "extend it")

    assert storage_tree.text(HOST, SOON, (told,)).splitlines() == [
        "NAME                                  SIZE      FREE  FILL",
        "vda  disk                         20.0 GiB",
        "└─ vda1  partition                20.0 GiB   5.0 GiB",
        "   └─ docker  group on vda1, vdb  30.0 GiB  15.0 GiB",
        "      ├─ pool  thin pool          10.0 GiB            data     █████░░░░░  50%",
        "      │                                               metadata ██░░░░░░░░  20%, full in 9 h",
        "      └─ root  volume, xfs         5.0 GiB   1.0 GiB  ████████░░  80%",
        "         ├─ /var/lib/docker",
        "         │  └─ docker 20.10.24  overlay2, /var/lib/docker, 1 image, 2 containers (1 running)",
        "         └─ /mnt/bound  from /inner",
        "vdb  disk                         10.0 GiB  10.0 GiB",
        "└─ docker  see vda1",
        "vdc  disk, ext4, read-only         1.0 GiB",
        "",
        "warning: docker/pool: it fills",
        "   hint: extend it",
    ]


def test_an_engine_on_devicemapper_hangs_below_its_pool():
    engine = replace(HOST.engines[0], driver="devicemapper", pool="docker-pool")

    lines = shown(replace(HOST, engines=(engine,))).splitlines()

    at = next(at for at, line in enumerate(lines) if "docker 20.10.24" in line)
    assert lines[at].startswith("      │  └─ docker 20.10.24  devicemapper")
    assert sum("docker 20.10.24" in line for line in lines) == 1


def test_an_engine_in_memory_or_far_away_stands_for_itself():
    assert shown(replace(HOST, mounts=())).splitlines()[-1].startswith("docker 20.10.24")


@pytest.mark.parametrize(
    ("pid", "as_root", "word"),
    [(None, True, "not running"), (7, True, "does not answer"), (None, False, "")],
)
def test_a_docker_that_does_not_tell_is_named_as_what_we_know(
    pid: int | None, as_root: bool, word: str
):
    mute = Engine("docker", "", "/var/lib/docker", pid=pid)

    (line,) = [
        one
        for one in shown(replace(HOST, engines=(mute,)), as_root=as_root).splitlines()
        if "└─ docker  " in one and "see" not in one and "group" not in one
    ]

    assert line.split("docker  ")[1] == ", ".join(filter(None, (word, "/var/lib/docker")))


def test_without_lvm_its_devices_are_still_a_tree():
    lines = shown(replace(HOST, physical=(), groups=(), volumes=())).splitlines()

    assert next(line for line in lines if "docker-root" in line).startswith(
        "   └─ docker-root  lvm"
    )


def test_a_missing_device_and_a_thin_volume_are_told():
    gone = replace(HOST.physical[1], path="[unknown]", missing=True)
    thin = Volume(
        "docker", "data", "u-9", GIB, "thin", "/dev/docker/data", active=False, pool="pool"
    )

    text = shown(replace(HOST, physical=(HOST.physical[0], gone), volumes=(*HOST.volumes, thin)))

    assert "missing device  of docker" in text
    assert "      │  └─ data  thin volume, not active" in text


def test_names_of_the_host_cannot_act_on_the_terminal():
    mount = replace(HOST.mounts[0], target="/mnt/\x1b[31mred")

    assert "\x1b" not in shown(replace(HOST, mounts=(mount,)))


def test_a_tree_of_files_has_no_devices():
    assert shown(StorageFacts("quay1")) == "no block devices here"


@given(st.floats(0, 1))
def test_only_what_is_empty_looks_empty_and_only_what_is_full_looks_full(ratio: float):
    drawn = storage_tree.bar(ratio)

    assert len(drawn) == 10
    assert ("█" not in drawn) == (ratio == 0)
    assert ("░" not in drawn) == (ratio == 1)

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fake_storage import GIB, MIB
from wharfinger.hosts.on_host.storage.facts import (
    Device,
    Engine,
    Mount,
    PhysicalVolume,
    StorageFacts,
    Volume,
    VolumeGroup,
)
from wharfinger.hosts.on_host.storage.fill import DATA, METADATA, Fill, fills
from wharfinger.hosts.on_host.storage.forecast import DAY, HOUR, Forecast
from wharfinger.hosts.on_host.storage.troubles import Trouble, duration, said, troubles

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
    threshold=60,
    percent=20,
    monitored=True,
)
GROUP = VolumeGroup("docker", "u-2", 20 * GIB, 10 * GIB, 4 * MIB)
DISK = Device("/dev/vdb", "disk", 20 * GIB, "254:16")
ROOT = Device("/dev/vda", "disk", 5 * GIB, "254:0")
PHYSICAL = PhysicalVolume("/dev/vdb", "u-3", "docker", 20 * GIB, 10 * GIB, 20 * GIB)
MOUNT = Mount(
    "/", "/dev/vda", "xfs", size=5 * GIB, used=GIB, free=3 * GIB, inodes=100, inodes_free=40
)
SOUND = StorageFacts(
    "quay1",
    devices=(ROOT, DISK),
    physical=(PHYSICAL,),
    groups=(GROUP,),
    volumes=(POOL,),
    mounts=(MOUNT, replace(MOUNT, target="/again"), Mount("/run", "tmpfs", "tmpfs", size=GIB)),
    engines=(Engine("docker", "20.10.24", "/var/lib/docker", pid=1),),
)


def told(facts: StorageFacts, *forecasts: Forecast) -> list[Trouble]:
    return list(troubles(facts, fills(facts), forecasts))


def codes(**changes: Any) -> list[str]:
    return [one.code for one in told(replace(SOUND, **changes))]


def test_what_is_sound_troubles_nobody():
    assert told(SOUND) == []


def test_each_thing_that_can_run_full_is_counted_once():
    assert fills(SOUND) == (
        Fill(DATA, "docker/pool", 5 * GIB, 10 * GIB),
        Fill(METADATA, "docker/pool", 20 * MIB, 100 * MIB),
        Fill("filesystem", "/", GIB, 4 * GIB),
        Fill("inodes", "/", 60, 100),
    )


def test_what_an_engine_made_for_a_container_and_what_is_read_only_is_not_counted():
    made = Device("/dev/mapper/docker-1", "dm", GIB, "253:9")
    image = Device("/dev/loop0", "loop", GIB, "7:0", read_only=True)
    mounts = tuple(replace(MOUNT, source=one.path) for one in (made, image))
    facts = replace(SOUND, devices=(made, image), mounts=mounts, volumes=())

    assert fills(facts) == ()


def test_a_pool_that_is_not_active_tells_no_fill():
    idle = replace(POOL, active=False, data_percent=None, metadata_percent=None)

    assert [one.kind for one in fills(replace(SOUND, volumes=(idle,)))] == ["filesystem", "inodes"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"data_percent": 90.0}, "data-high"),
        ({"metadata_percent": 80.0}, "metadata-high"),
        ({"threshold": None, "percent": None}, "no-auto-extension"),
        ({"monitored": False}, "not-monitored"),
        ({"health": "out_of_data"}, "unhealthy"),
    ],
)
def test_pools_are_judged(changes: dict[str, Any], code: str):
    assert codes(volumes=(replace(POOL, **changes),)) == [code]


@pytest.mark.parametrize(
    ("health", "kind", "remedy"),
    [
        ("out_of_data", "thin-pool", "dataSize"),
        ("metadata_read_only", "thin-pool", "metadataSize"),
        ("check_needed", "thin-pool", "lvchange --activate n docker/pool"),
        ("failed", "thin-pool", "lvconvert --repair docker/pool"),
        ("partial", "linear", "lvs -a -o +lv_health_status docker"),
    ],
)
def test_what_ails_a_volume_comes_with_what_helps(health: str, kind: str, remedy: str):
    ill = replace(POOL, health=health, kind=kind, group="docker", name="pool")

    (found,) = troubles(replace(SOUND, volumes=(ill,)), (), ())

    assert health in found.what
    assert remedy in found.remedy


def test_filesystems_are_judged_by_room_and_by_inodes():
    full = replace(MOUNT, used=4 * GIB, free=GIB // 4, inodes_free=10)

    assert codes(mounts=(full,)) == ["filesystem-high", "inodes-high"]


def test_a_device_that_is_not_there_is_told_before_all_else():
    gone = replace(PHYSICAL, missing=True, device_size=0)

    assert codes(physical=(gone,)) == ["device-missing"]


def test_xfs_without_ftype_matters_below_an_engine():
    assert codes(mounts=(replace(MOUNT, type_in_directories=False),)) == ["no-ftype"]
    assert codes(mounts=(replace(MOUNT, type_in_directories=False),), engines=()) == []


def test_an_engine_that_does_not_answer_is_told():
    mute = Engine("docker", "", "/var/lib/docker", pid=7, socket="/run/docker.sock")

    assert codes(engines=(mute,)) == ["no-answer"]


def test_a_pool_in_files_is_told():
    engine = Engine("docker", "1.13", "/var/lib/docker", pid=1, pool="docker-254:0-1-pool")
    loop = Device("/dev/loop0", "loop", GIB, "7:0")
    pool = Device(
        "/dev/mapper/docker-254:0-1-pool", "dm", GIB, "253:9", parents=("/dev/loop0", "/dev/loop1")
    )

    assert codes(engines=(engine,), devices=(ROOT, DISK, loop, pool)) == ["loop-backed"]


def test_orders_and_what_they_keep_are_told():
    found = told(replace(SOUND, unfinished="000003", kept={"000002": ("/old", "docker/pool")}))

    assert [(one.code, one.note) for one in found] == [("order-unfinished", False), ("kept", True)]
    assert "wharf storage release 000002" in found[1].remedy


def test_room_that_nobody_uses_is_a_note():
    grown = replace(PHYSICAL, device_size=30 * GIB)

    assert codes(physical=(grown,)) == ["device-larger"]


def test_what_is_full_within_a_day_is_told():
    soon = Forecast(METADATA, "docker/pool", 1.0, 9 * HOUR, DAY)
    later = Forecast(DATA, "docker/pool", 1.0, 2 * DAY, HOUR)

    (found,) = told(SOUND, soon, later)

    assert (found.code, found.what) == (
        "metadata-soon-full",
        "metadata full in 9 h at today's rate",
    )
    assert said(later) == "data full in 2 d at the rate of the last hour"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (90, "90 s"),
        (150, "2 min"),
        (7200, "2 h"),
        (47 * HOUR, "47 h"),
        (3 * DAY, "3 d"),
    ],
)
def test_durations_are_short(seconds: float, words: str):
    assert duration(seconds) == words

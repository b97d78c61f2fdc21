"""Which way the data of an engine goes, and what stands against it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from wharfinger.hosts.on_host.changes import Disruption
from wharfinger.hosts.on_host.storage.facts import (
    Engine,
    Mount,
    StorageFacts,
    Usage,
    Volume,
    VolumeGroup,
)
from wharfinger.hosts.on_host.storage.steps import (
    Back,
    CarryDigests,
    ConfigureEngine,
    CopyTree,
    ExportContainers,
    ExportImages,
    ExtendMetadata,
    ExtendVolume,
    ImportContainers,
    ImportImages,
    MakeFilesystem,
    MakeVolume,
    MountFilesystem,
    ProveInventory,
    RemoveVolume,
    SetAside,
    StartEngine,
    StopEngine,
    TakeInventory,
    Unmount,
)
from wharfinger.hosts.site.storage import Driver, Storage, ThinPool
from wharfinger.hosts.storage.move import moves
from wharfinger.hosts.storage.move_parts import Made, Move, NewRoot
from wharfinger.hosts.storage.planned import Forecast, PlannedStep, Refusal

GIB = 1 << 30
ROOT = "/var/lib/docker"
ARCHIVES = f"{ROOT}.archives"
SHARED = ("engine-id", "network", "plugins", "swarm", "trust", "volumes")
OLD_CONFIG = '{\n    "storage-driver": "devicemapper"\n}\n'
POOL = Volume(
    "docker", "docker-pool", "u1", 10 * GIB, "thin-pool", "/dev/dm-2", True, metadata_size=GIB
)
DEVICEMAPPER = Engine(
    "docker",
    "20.10.24",
    ROOT,
    "devicemapper",
    "docker-docker--pool",
    "/etc/docker/daemon.json",
    pid=42,
    containers=1,
    images=5,
    texts={"/etc/docker/daemon.json": OLD_CONFIG},
    stores=("devicemapper",),
    container_ids=("c1",),
    usage=Usage(images=2 * GIB, containers=GIB, volumes=3 * GIB),
)
OVERLAY2 = replace(
    DEVICEMAPPER,
    driver="overlay2",
    pool="",
    stores=("overlay2",),
    texts={"/etc/docker/daemon.json": OLD_CONFIG.replace("devicemapper", "overlay2")},
)
TO_OVERLAY2 = Storage(driver=Driver.OVERLAY2)
NEW_ROOT = NewRoot("/dev/docker/data", ROOT, "xfs", 100 * GIB, ("pquota",))
MAKING = (
    PlannedStep(MakeVolume("docker", "data", 100 * GIB), "asked"),
    PlannedStep(MakeFilesystem("/dev/docker/data", "xfs"), "asked"),
)


def host(engine: Engine = DEVICEMAPPER, **more: object) -> StorageFacts:
    known: dict[str, object] = {
        "engines": (engine,),
        "groups": (VolumeGroup("docker", "g", 20 * GIB, GIB, 4 << 20),),
        "volumes": (POOL,),
        "mounts": (Mount("/", "/dev/sda1", "xfs", free=100 * GIB, type_in_directories=True),),
        **more,
    }
    return StorageFacts("host.test", **known)  # type: ignore[arg-type]  # a table of fields


def nothing(_: StorageFacts) -> Made:
    return Made()


def new_root(_: StorageFacts) -> Made:
    return Made(MAKING, NEW_ROOT)


def planned(
    wanted: Storage, facts: StorageFacts, make: object = nothing, *, rebuild: bool = False
) -> Move:
    found = moves(wanted, facts, make, rebuild=rebuild)  # type: ignore[arg-type]  # one of ours
    assert found is not None
    return found


def steps(move: Move) -> tuple[object, ...]:
    assert move.refusals == ()
    return tuple(one.step for one in move.steps)


def codes(move: Move) -> set[str]:
    return {one.code for one in move.refusals}


@pytest.mark.parametrize(
    ("wanted", "engine"),
    [
        (TO_OVERLAY2, OVERLAY2),
        (Storage(), DEVICEMAPPER),
        (Storage(), replace(OVERLAY2, driver="btrfs")),
        (TO_OVERLAY2, replace(OVERLAY2, driver="", pid=None, usage=None)),
        (Storage(), replace(OVERLAY2, driver="", pid=None, usage=None, stores=())),
    ],
)
def test_what_is_as_wanted_stays(wanted: Storage, engine: Engine) -> None:
    assert moves(wanted, host(engine), nothing) is None


def test_without_docker_nothing_moves() -> None:
    assert moves(TO_OVERLAY2, host(engines=()), new_root) is None


def test_another_driver_in_the_same_place() -> None:
    move = planned(TO_OVERLAY2, host())
    (configure,) = (one.step for one in move.steps if isinstance(one.step, ConfigureEngine))

    assert steps(move) == (
        TakeInventory("docker", contents=True),
        ExportImages("docker", ARCHIVES),
        ExportContainers("docker", ARCHIVES),
        StopEngine("docker"),
        configure,
        CarryDigests(ROOT, ROOT, "devicemapper", "overlay2"),
        StartEngine("docker"),
        ImportImages("docker", ARCHIVES),
        ImportContainers("docker", ARCHIVES),
        ProveInventory("docker", contents=True),
    )
    assert configure.content == OLD_CONFIG.replace("devicemapper", "overlay2")
    assert all(one.step.back is Back.TAKEN_BACK for one in move.steps)
    assert max(one.disruption for one in move.steps) is Disruption.DRAIN
    assert move.keeps == (
        f"{ROOT}/devicemapper",
        f"{ROOT}/image/devicemapper",
        f"{ROOT}/containers/c1",
        "docker/docker-pool",
        ARCHIVES,
    )
    assert "engine docker" in move.rests_on
    # Archives and the new store lie on one filesystem: images and containers twice.
    assert move.forecasts == (
        Forecast("/", 2 * (3 * GIB * 108 // 100), 100 * GIB, "archives and new store"),
    )


def test_archives_that_the_site_names_are_used_and_left() -> None:
    move = planned(replace(TO_OVERLAY2, archives="/srv/copies"), host())

    assert ExportImages("docker", "/srv/copies") in steps(move)
    assert "/srv/copies" not in move.keeps


def test_another_driver_on_a_new_volume() -> None:
    move = planned(TO_OVERLAY2, host(), new_root)
    kept = f"{ROOT}.before"

    told = [one for one in steps(move) if not isinstance(one, ConfigureEngine)]
    assert told == [
        *(one.step for one in MAKING),
        TakeInventory("docker", contents=True),
        ExportImages("docker", ARCHIVES),
        ExportContainers("docker", ARCHIVES),
        StopEngine("docker"),
        SetAside(ROOT, kept),
        MountFilesystem("/dev/docker/data", ROOT, "xfs", ("pquota",)),
        CopyTree(kept, ROOT, SHARED),
        CarryDigests(kept, ROOT, "devicemapper", "overlay2"),
        StartEngine("docker"),
        ImportImages("docker", ARCHIVES),
        ImportContainers("docker", ARCHIVES),
        ProveInventory("docker", contents=True),
    ]
    assert move.keeps == (kept, "docker/docker-pool", ARCHIVES)
    assert [(one.place, one.why) for one in move.forecasts] == [
        ("/", "archives"),
        (ROOT, "data root and new store"),
    ]


def test_the_same_driver_on_a_bigger_disk_is_copied_whole() -> None:
    old = Volume("old", "data", "u2", 8 * GIB, "linear", "/dev/dm-4", True)
    mounts = (
        Mount("/", "/dev/sda1", "xfs", free=GIB),
        Mount(ROOT, "/dev/dm-4", "xfs", used=7 * GIB, type_in_directories=True),
    )
    move = planned(Storage(), host(OVERLAY2, volumes=(old,), mounts=mounts), new_root)
    kept = f"{ROOT}.before"

    assert steps(move) == (
        *(one.step for one in MAKING),
        TakeInventory("docker", contents=True),
        StopEngine("docker"),
        SetAside(ROOT, kept),
        MountFilesystem("/dev/docker/data", ROOT, "xfs", ("pquota",)),
        CopyTree(kept, ROOT),
        StartEngine("docker"),
        ProveInventory("docker", contents=True),
    )
    assert move.keeps == (kept, "old/data")
    assert [(one.place, one.needed) for one in move.forecasts] == [(ROOT, 7 * GIB)]


def test_what_was_kept_before_stays_beside_what_is_kept_now() -> None:
    facts = host(OVERLAY2, kept={"000001": (f"{ROOT}.before", "docker/old")})

    assert SetAside(ROOT, f"{ROOT}.before-2") in steps(planned(Storage(), facts, new_root))


def test_the_store_of_containerd_computes_ids_and_digests_otherwise() -> None:
    engine = replace(
        OVERLAY2, version="26.1.5", snapshots=True, containerd_root=f"{ROOT}/containerd/daemon"
    )
    move = planned(Storage(driver=Driver.CONTAINERD), host(engine))

    told = steps(move)
    assert told[-1] == ProveInventory("docker", contents=True, digests=False)
    assert not any(isinstance(one, CarryDigests) for one in told)
    (configure,) = (one for one in told if isinstance(one, ConfigureEngine))
    assert '"containerd-snapshotter": true' in configure.content
    assert "storage-driver" not in configure.content
    assert move.keeps[:3] == (f"{ROOT}/overlay2", f"{ROOT}/image/overlay2", f"{ROOT}/containers/c1")
    # Archives, then the layers as they came and unpacked.
    (need,) = move.forecasts
    assert need.needed == sum(amount * 108 // 100 for amount in (3 * GIB, 3 * GIB, 2 * GIB))


def test_a_volume_for_something_else_is_mounted_and_moves_nothing() -> None:
    elsewhere = replace(NEW_ROOT, target="/srv/data")
    move = planned(TO_OVERLAY2, host(), lambda _: Made(MAKING, elsewhere))

    told = steps(move)
    assert told.index(MountFilesystem("/dev/docker/data", "/srv/data", "xfs", ("pquota",))) == 2
    assert not any(isinstance(one, SetAside) for one in told)


# The destructive way


def test_a_rebuild_makes_the_new_volume_where_the_pool_was() -> None:
    seen: list[StorageFacts] = []

    def make(facts: StorageFacts) -> Made:
        seen.append(facts)
        return Made(MAKING, NEW_ROOT)

    move = planned(TO_OVERLAY2, host(), make, rebuild=True)

    told = steps(move)
    removal = told.index(RemoveVolume("docker", "docker-pool"))
    assert told.index(ExportImages("docker", ARCHIVES)) < told.index(StopEngine("docker"))
    assert told[removal - 2 : removal] == (StopEngine("docker"), SetAside(ROOT, f"{ROOT}.before"))
    assert told[removal + 1 : removal + 3] == tuple(one.step for one in MAKING)
    assert CopyTree(f"{ROOT}.before", ROOT, SHARED) in told
    assert seen[0].volumes == ()
    assert seen[0].group("docker").free == 13 * GIB  # type: ignore[union-attr]  # it is there
    assert move.keeps == (f"{ROOT}.before", ARCHIVES)
    assert any("no way back" in note for note in move.notes)


def test_a_rebuild_below_the_data_root_saves_that_first() -> None:
    old = Volume("docker", "data", "u2", 8 * GIB, "linear", "/dev/dm-4", True)
    mounts = (
        Mount("/", "/dev/sda1", "xfs", free=100 * GIB),
        Mount(ROOT, "/dev/dm-4", "xfs", used=7 * GIB, type_in_directories=True),
    )
    facts = host(OVERLAY2, volumes=(old,), mounts=mounts)
    move = planned(Storage(volume_group="docker"), facts, new_root, rebuild=True)

    told = steps(move)
    saving = told.index(CopyTree(ROOT, f"{ARCHIVES}/root", (*SHARED, "image")))
    assert told[saving - 1 : saving + 8] == (
        StopEngine("docker"),
        CopyTree(ROOT, f"{ARCHIVES}/root", (*SHARED, "image")),
        Unmount(ROOT),
        RemoveVolume("docker", "data"),
        *(one.step for one in MAKING),
        MountFilesystem("/dev/docker/data", ROOT, "xfs", ("pquota",)),
        CopyTree(f"{ARCHIVES}/root", ROOT, SHARED),
        CarryDigests(f"{ARCHIVES}/root", ROOT, "overlay2", "overlay2"),
    )
    assert move.keeps == (ARCHIVES,)
    archives = next(one for one in move.forecasts if one.place == "/")
    assert archives.needed == 6 * GIB * 108 // 100


def test_who_has_no_room_is_told_what_a_rebuild_would_do() -> None:
    refused = Made(refusals=(Refusal("no-space", "volume group docker", "why", "remedy"),))

    (note, *_) = planned(TO_OVERLAY2, host(), lambda _: refused).notes

    assert "without docker/docker-pool: `--rebuild`" in note


def test_archives_may_not_go_with_what_they_save() -> None:
    old = Volume("docker", "data", "u2", 8 * GIB, "linear", "/dev/dm-4", True)
    mounts = (
        Mount("/", "/dev/sda1", "xfs", free=100 * GIB),
        Mount("/var/lib", "/dev/dm-4", "xfs", free=100 * GIB),
        Mount(ROOT, "/dev/dm-4", "xfs", root="/docker", free=100 * GIB),
    )
    facts = host(OVERLAY2, volumes=(old,), mounts=mounts)

    assert codes(planned(Storage(), facts, new_root, rebuild=True)) == {
        "archives-in-the-way",
        "mounted",
        "no-space",
    }


def test_a_rebuild_of_nothing_is_a_plan_as_any_other() -> None:
    assert moves(Storage(), host(OVERLAY2, volumes=()), nothing, rebuild=True) is None


def test_another_pool_is_another_store() -> None:
    wanted = Storage(
        driver=Driver.DEVICEMAPPER, volume_group="new", thin_pool=ThinPool("docker-pool")
    )
    new = replace(POOL, group="new")
    made = Made(pool=("new", "docker-pool"))
    move = planned(wanted, host(volumes=(POOL, new)), lambda _: made)

    told = steps(move)
    assert SetAside(ROOT, f"{ROOT}.before") in told
    (configure,) = (one for one in told if isinstance(one, ConfigureEngine))
    assert "dm.thinpooldev=/dev/mapper/new-docker--pool" in configure.content
    assert move.keeps == (f"{ROOT}.before", "docker/docker-pool", ARCHIVES)


# An engine that has nothing yet


def test_an_engine_that_never_ran_is_only_told_its_driver() -> None:
    fresh = replace(
        OVERLAY2, driver="", pid=None, usage=None, stores=(), told_by="", texts={}, images=0
    )
    move = planned(TO_OVERLAY2, host(fresh), new_root)

    assert steps(move) == (
        *(one.step for one in MAKING),
        MountFilesystem("/dev/docker/data", ROOT, "xfs", ("pquota",)),
        ConfigureEngine(
            "docker", "/etc/docker/daemon.json", '{\n    "storage-driver": "overlay2"\n}\n', None
        ),
    )
    assert all(one.disruption is Disruption.NONE for one in move.steps)


# What stands against it


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"running": ("web", "db")}, "containers-running"),
        ({"rootless": True}, "rootless"),
        ({"swarm": True}, "swarm"),
        ({"driver": "", "usage": None, "stores": ("devicemapper",)}, "engine-stopped"),
        ({"driver": "zfs"}, "unknown-driver"),
        ({"told_by": "command line"}, "driver-told-elsewhere"),
        ({"told_by": "/etc/sysconfig/docker", "texts": {}}, "driver-told-elsewhere"),
        ({"texts": {"/etc/docker/daemon.json": "{no json"}}, "unreadable-file"),
    ],
)
def test_an_engine_that_cannot_be_moved(changed: dict[str, object], code: str) -> None:
    engine = replace(DEVICEMAPPER, **changed)  # type: ignore[arg-type]  # a table of fields

    (refusal,) = planned(TO_OVERLAY2, host(engine)).refusals

    assert refusal.code == code
    assert refusal.remedy


def test_who_runs_is_named() -> None:
    engine = replace(DEVICEMAPPER, running=("web", "db"))

    (refusal,) = planned(TO_OVERLAY2, host(engine)).refusals

    assert "web, db" in refusal.why
    assert refusal.remedy.endswith("docker stop web db")


@pytest.mark.parametrize(
    ("driver", "version", "code"),
    [
        (Driver.DEVICEMAPPER, "25.0.1", "no-devicemapper"),
        (Driver.CONTAINERD, "20.10.24", "no-image-store"),
    ],
)
def test_an_engine_that_does_not_have_the_driver(driver: Driver, version: str, code: str) -> None:
    engine = replace(OVERLAY2, version=version)
    made = Made(pool=("docker", "docker-pool"))

    assert codes(planned(Storage(driver=driver), host(engine), lambda _: made)) == {code}


def test_a_filesystem_on_which_overlay2_does_not_work() -> None:
    mounts = (Mount("/", "/dev/sda1", "xfs", free=100 * GIB, type_in_directories=False),)

    assert codes(planned(TO_OVERLAY2, host(mounts=mounts))) == {"no-ftype"}
    assert codes(planned(TO_OVERLAY2, host(mounts=mounts), new_root)) == set()


def test_a_filesystem_where_nothing_may_be_run() -> None:
    mounts = (Mount("/", "/dev/sda1", "ext4", ("noexec",), free=100 * GIB),)

    assert codes(planned(TO_OVERLAY2, host(mounts=mounts))) == {"noexec"}


def test_a_filesystem_with_too_few_inodes() -> None:
    mounts = (Mount("/", "/dev/sda1", "ext4", free=100 * GIB, inodes=9000, inodes_free=5000),)

    assert codes(planned(TO_OVERLAY2, host(mounts=mounts))) == {"no-inodes"}


def test_a_volume_that_would_hide_the_data_root() -> None:
    above = replace(NEW_ROOT, target="/var/lib")

    assert "mount-above-data-root" in codes(
        planned(TO_OVERLAY2, host(), lambda _: Made(MAKING, above))
    )


def test_a_disk_mounted_within_the_data_root() -> None:
    mounts = (
        Mount("/", "/dev/sda1", "xfs", free=100 * GIB),
        Mount(f"{ROOT}/volumes", "/dev/sdb1", "xfs"),
        Mount(f"{ROOT}/overlay2/abc/merged", "overlay", "overlay"),
    )

    assert codes(planned(TO_OVERLAY2, host(mounts=mounts), new_root)) == {"mounted-below"}
    assert codes(planned(TO_OVERLAY2, host(mounts=mounts))) == set()


def test_archives_in_a_data_root_that_is_set_aside() -> None:
    wanted = replace(TO_OVERLAY2, archives=f"{ROOT}/copies")

    assert codes(planned(wanted, host(), new_root)) == {"archives-in-the-way"}
    assert codes(planned(wanted, host())) == set()


@pytest.mark.parametrize("free", [0, 6 * GIB])
def test_too_little_room_is_refused_with_the_forecast(free: int) -> None:
    mounts = (Mount("/", "/dev/sda1", "xfs", free=free),)

    (refusal,) = planned(TO_OVERLAY2, host(mounts=mounts)).refusals

    assert (refusal.code, refusal.subject) == ("no-space", "/")
    assert "archives and new store need" in refusal.why


def test_a_new_volume_that_is_too_small() -> None:
    small = replace(NEW_ROOT, size=5 * GIB)

    (refusal,) = planned(TO_OVERLAY2, host(), lambda _: Made(MAKING, small)).refusals

    assert (refusal.code, refusal.subject) == ("no-space", ROOT)


def test_volumes_of_other_drivers_are_told_of() -> None:
    engine = replace(DEVICEMAPPER, foreign_volumes=("nfs-data",))

    assert any("nfs-data" in note for note in planned(TO_OVERLAY2, host(engine)).notes)


@pytest.mark.parametrize("health", ["out_of_data", "metadata_read_only", "check_needed", "failed"])
def test_nothing_is_read_out_of_a_pool_that_is_not_sound(health: str) -> None:
    facts = replace(host(), volumes=(replace(POOL, health=health),))

    (found,) = planned(TO_OVERLAY2, facts).refusals

    assert (found.code, found.subject) == ("pool-unhealthy", "docker/docker-pool")
    assert health in found.why


@pytest.mark.parametrize(
    ("health", "step"),
    [
        ("out_of_data", ExtendVolume("docker", "docker-pool", 20 * GIB)),
        ("metadata_read_only", ExtendMetadata("docker", "docker-pool", 2 * GIB)),
    ],
)
def test_a_pool_that_grows_first_can_be_read(
    health: str, step: ExtendVolume | ExtendMetadata
) -> None:
    facts = replace(host(), volumes=(replace(POOL, health=health),))
    made = Made(steps=(PlannedStep(step, "it is full"),))

    found = planned(TO_OVERLAY2, facts, lambda _: made)

    assert found.refusals == ()
    assert found.steps[0].step == step


def test_what_the_plan_of_the_pool_refused_is_told_once() -> None:
    facts = replace(host(), volumes=(replace(POOL, health="failed"),))
    told = Refusal("pool-unhealthy", "docker/docker-pool", "why", "remedy")

    found = planned(TO_OVERLAY2, facts, lambda _: Made(refusals=(told,)))

    assert found.refusals == (told,)

"""How much a move writes, and on which filesystem."""

from __future__ import annotations

from dataclasses import replace

from wharfinger.hosts.on_host.storage.facts import Engine, Mount, StorageFacts, Usage, Volume
from wharfinger.hosts.on_host.storage.steps import MakePool
from wharfinger.hosts.site.storage import Driver
from wharfinger.hosts.storage import room
from wharfinger.hosts.storage.move_parts import Made, NewRoot, Situation
from wharfinger.hosts.storage.planned import PlannedStep

GIB = 1 << 30
ROOT = "/var/lib/docker"
USAGE = Usage(images=10 * GIB, containers=2 * GIB, volumes=4 * GIB)
MOUNTS = (
    Mount("/", "/dev/sda1", "xfs", free=50 * GIB),
    Mount(ROOT, "/dev/sdb1", "xfs", used=20 * GIB, free=30 * GIB),
)
POOL = Volume("docker", "pool", "u", 40 * GIB, "thin-pool", "/dev/dm-1", True, data_percent=25.0)
TO_OVERLAY2 = Situation(
    facts=StorageFacts("host.test", mounts=MOUNTS, volumes=(POOL,)),
    engine=Engine("docker", "26.1", ROOT, "devicemapper", usage=USAGE),
    source=Driver.DEVICEMAPPER,
    target=Driver.OVERLAY2,
    made=Made(),
    archives="/archives",
    archives_named=True,
    kept=f"{ROOT}.before",
    carried=True,
    fresh=False,
)


def more(amount: int) -> int:
    return amount + amount * 8 // 100


def told(move: Situation) -> dict[str, tuple[int, int]]:
    return {one.place: (one.needed, one.free) for one in room.forecasts(move)}


def test_archives_and_the_new_store_each_where_they_lie() -> None:
    assert told(TO_OVERLAY2) == {
        "/": (more(12 * GIB), 50 * GIB),
        ROOT: (more(12 * GIB), 30 * GIB),
    }


def test_a_new_volume_takes_the_volumes_too_and_is_not_all_room() -> None:
    new = Made(root=NewRoot("/dev/docker/data", ROOT, "xfs", 100 * GIB))

    found = told(replace(TO_OVERLAY2, made=new, fresh=True))

    assert found[ROOT] == (more(4 * GIB) + more(12 * GIB), 98 * GIB)


def test_what_is_copied_whole_needs_what_it_has_now() -> None:
    new = Made(root=NewRoot("/dev/docker/data", ROOT, "xfs", 100 * GIB))
    move = replace(TO_OVERLAY2, source=Driver.OVERLAY2, made=new, fresh=True, carried=False)

    assert told(move) == {ROOT: (20 * GIB, 98 * GIB)}


def test_on_a_filesystem_shared_with_others_what_the_engine_counts_is_needed() -> None:
    new = Made(root=NewRoot("/dev/docker/data", ROOT, "xfs", 100 * GIB))
    move = replace(
        TO_OVERLAY2,
        facts=StorageFacts("host.test", mounts=MOUNTS[:1]),
        source=Driver.OVERLAY2,
        made=new,
        fresh=True,
        carried=False,
    )

    assert told(move) == {ROOT: (more(16 * GIB), 98 * GIB)}
    pool = replace(move, source=Driver.DEVICEMAPPER, target=Driver.DEVICEMAPPER)
    assert told(pool) == {ROOT: (more(4 * GIB), 98 * GIB)}


def test_containerd_has_a_place_of_its_own_and_keeps_layers_twice() -> None:
    engine = replace(TO_OVERLAY2.engine, containerd_root="/var/lib/containerd")
    move = replace(TO_OVERLAY2, engine=engine, target=Driver.CONTAINERD, archives=f"{ROOT}/old")

    assert told(move) == {
        ROOT: (more(12 * GIB), 30 * GIB),
        "/": (more(12 * GIB) + more(10 * GIB), 50 * GIB),
    }


def test_a_pool_has_what_is_free_in_it() -> None:
    move = replace(
        TO_OVERLAY2,
        source=Driver.OVERLAY2,
        target=Driver.DEVICEMAPPER,
        made=Made(pool=("docker", "pool")),
    )
    assert told(move)["thin pool docker/pool"] == (more(12 * GIB), 30 * GIB)

    making = (PlannedStep(MakePool("docker", "new", 7 * GIB, 1 << 20), "asked"),)
    new = replace(move, made=Made(making, pool=("docker", "new")))
    assert told(new)["thin pool docker/new"] == (more(12 * GIB), 7 * GIB)

    unknown = replace(move, made=Made(pool=("docker", "other")))
    assert told(unknown)["thin pool docker/other"] == (more(12 * GIB), 0)


def test_a_volume_that_is_removed_has_no_room_to_count_on() -> None:
    gone = replace(POOL, kind="linear", path="/dev/sdb1")
    move = replace(TO_OVERLAY2, removed=(gone,), fresh=True)

    assert told(move) == {
        "/": (more(16 * GIB), 50 * GIB),
        ROOT: (more(4 * GIB) + more(12 * GIB), 0),
    }

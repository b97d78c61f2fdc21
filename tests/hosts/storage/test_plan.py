"""What a plan asks for, and that a host to which it was done asks for nothing more."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulated_storage import GIB, MIB, NoRoom, after, disk, done, grown, host
from wharfinger.hosts.on_host.storage.facts import Engine, Mount, StorageFacts, Usage, fingerprints
from wharfinger.hosts.on_host.storage.steps import (
    ExtendGroup,
    ExtendMetadata,
    ExtendVolume,
    GrowFilesystem,
    GrowPartition,
    GrowPhysicalVolume,
    MakeFilesystem,
    MakeGroup,
    MakePartition,
    MakePhysicalVolume,
    MakePool,
    MakeVolume,
    MountFilesystem,
    ProveInventory,
    SetAside,
    SetAutoExtend,
    StartEngine,
    StopEngine,
    TakeInventory,
)
from wharfinger.hosts.site.sizes import Size
from wharfinger.hosts.site.storage import AutoExtend, Filesystem, RootVolume, Storage, ThinPool
from wharfinger.hosts.storage.plan import plan

POOL = Storage(devices=("/dev/vdb",), volume_group="docker", thin_pool=ThinPool("docker-pool"))
VOLUME = Storage(
    devices=("/dev/vdb",),
    volume_group="docker",
    root_volume=RootVolume("data", "/srv/data", Size(percent=100, of="FREE")),
    grow_partition=True,
)
RUNNING = Engine(
    "docker",
    "20.10.24",
    "/srv/data/docker",
    "overlay2",
    pid=42,
    stores=("overlay2",),
    running=("web",),
    images=5,
    usage=Usage(1, 1, 1),
)


def steps(wanted, facts):
    found = plan(wanted, facts)
    assert found.refusals == ()
    assert tuple(one.step for one in found.steps) == found.order.steps
    return found.order.steps


def test_a_disk_becomes_a_pool():
    facts = host(disk("/dev/vdb", 8 * GIB))

    assert steps(POOL, facts) == (
        MakePartition("/dev/vdb", "dos"),
        MakePhysicalVolume("/dev/vdb", partitioned=True),
        MakeGroup("docker", ("/dev/vdb",), ("/dev/vdb",)),
        # As docker-storage-setup: 40% of 2047 extents, less metadata and its spare of 3 each.
        MakePool("docker", "docker-pool", 812 * 4 * MIB, 12 * MIB, 512 << 10),
        SetAutoExtend("docker", "docker-pool", 60, 20),
    )


def test_a_disk_beyond_what_a_dos_table_counts_gets_gpt():
    edge = 2199023255040

    assert steps(POOL, host(disk("/dev/vdb", edge)))[0] == MakePartition("/dev/vdb", "dos")
    assert steps(POOL, host(disk("/dev/vdb", edge + 512)))[0] == MakePartition("/dev/vdb", "gpt")


def test_a_disk_becomes_a_volume_with_a_filesystem():
    facts = host(disk("/dev/vdb", 8 * GIB))

    assert steps(VOLUME, facts)[3:] == (
        MakeVolume("docker", "data", 2047 * 4 * MIB),
        MakeFilesystem("/dev/docker/data", "xfs"),
        MountFilesystem("/dev/docker/data", "/srv/data", "xfs", ("pquota",)),
    )


def test_the_pool_comes_first_and_the_volume_has_a_share_of_what_it_leaves():
    facts = host(disk("/dev/vdb", 10 * GIB + 6 * MIB))
    wanted = replace(
        POOL,
        thin_pool=ThinPool("pool", Size(amount=4 * GIB), Size(amount=4 * MIB)),
        root_volume=RootVolume("data", "/srv/data"),
    )

    found = {type(one): one for one in steps(wanted, facts)}

    assert found[MakePool].size == 4 * GIB
    left = 2561 - 1024 - 2
    assert found[MakeVolume].size == left * 40 // 100 * 4 * MIB


def test_the_order_expects_what_the_plan_saw_and_what_it_did_not_see():
    facts = host(disk("/dev/vdb", 8 * GIB))

    order = plan(POOL, facts).order

    assert order.expects == {
        "volume group docker": "",
        "device /dev/vdb": fingerprints(facts)["device /dev/vdb"],
        "device /dev/vdb1": "",
        "volume docker/docker-pool": "",
    }
    assert order.summary == (
        "make volume group docker of /dev/vdb; make thin pool docker/docker-pool"
    )


@pytest.fixture
def with_pool():
    facts = host(disk("/dev/vdb", 8 * GIB), disk("/dev/vdc", 8 * GIB))
    return done(plan(POOL, facts), facts)


@pytest.fixture
def with_volume():
    facts = host(disk("/dev/vdb", 8 * GIB), disk("/dev/vdc", 8 * GIB))
    return done(plan(VOLUME, facts), facts)


def test_what_is_fulfilled_asks_for_nothing(with_pool, with_volume):
    assert plan(POOL, with_pool).steps == ()
    assert plan(VOLUME, with_volume).steps == ()


def test_a_second_disk_makes_the_group_and_the_pool_larger(with_pool):
    wanted = replace(POOL, devices=("/dev/vdb", "/dev/vdc"))

    found = steps(wanted, with_pool)

    assert found[:3] == (
        MakePartition("/dev/vdc", "dos"),
        MakePhysicalVolume("/dev/vdc", partitioned=True),
        ExtendGroup("docker", ("/dev/vdc",), ("/dev/vdc",)),
    )
    assert found[3:] == (
        ExtendMetadata("docker", "docker-pool", 20 * MIB),
        ExtendVolume("docker", "docker-pool", (4094 * 40 // 100 - 10) * 4 * MIB),
    )


def test_a_second_disk_makes_the_filesystem_larger(with_volume):
    wanted = replace(VOLUME, devices=("/dev/vdb", "/dev/vdc"))

    assert steps(wanted, with_volume)[3:] == (
        ExtendVolume("docker", "data", 4094 * 4 * MIB),
        GrowFilesystem("/dev/docker/data", "/srv/data", "xfs"),
    )


def test_a_disk_that_has_grown_is_grown_into_and_nothing_is_removed(with_volume):
    found = steps(VOLUME, grown(with_volume, "/dev/vdb", 12 * GIB))

    assert found[:2] == (GrowPartition("/dev/vdb", 1), GrowPhysicalVolume("/dev/vdb1"))
    assert [type(one) for one in found[2:]] == [ExtendVolume, GrowFilesystem]
    assert found[2].size > 11 * GIB


def test_a_disk_that_is_a_physical_volume_as_a_whole_is_grown_into_too():
    facts = host(disk("/dev/vdb", 8 * GIB))
    for step in (MakePhysicalVolume("/dev/vdb"), MakeGroup("docker", ("/dev/vdb",))):
        facts = after(step, facts)
    wanted = replace(VOLUME, devices=(), grow_partition=False)
    facts = done(plan(wanted, facts), facts)

    found = steps(wanted, grown(facts, "/dev/vdb", 12 * GIB))

    assert [type(one) for one in found] == [GrowPhysicalVolume, ExtendVolume, GrowFilesystem]


def test_a_partition_grows_only_where_the_site_says_so(with_volume):
    found = plan(replace(VOLUME, grow_partition=False), grown(with_volume, "/dev/vdb", 12 * GIB))

    assert found.steps == ()
    assert "growPartition would let it grow" in found.notes[0]


def test_a_partition_that_another_follows_stays(with_volume):
    larger = grown(with_volume, "/dev/vdb", 12 * GIB)
    first = larger.device("/dev/vdb1")
    second = replace(
        first, path="/dev/vdb2", partition=replace(first.partition, number=2, start=16777216)
    )

    found = plan(VOLUME, replace(larger, devices=(*larger.devices, second)))

    assert found.steps == ()
    assert "another partition follows it" in found.notes[0]


def test_a_partition_within_an_extended_one_stays(with_volume):
    larger = grown(with_volume, "/dev/vdb", 12 * GIB)
    logical = tuple(
        replace(one, partition=replace(one.partition, number=5)) if one.partition else one
        for one in larger.devices
    )

    found = plan(VOLUME, replace(larger, devices=logical))

    assert found.steps == ()
    assert "within an extended partition" in found.notes[0]


def test_a_partition_of_a_dos_table_grows_to_what_the_table_can_count():
    facts = host(disk("/dev/vdb", 2 << 40))
    then = done(plan(VOLUME, facts), facts)
    dos = tuple(replace(one, table="dos") if one.table else one for one in then.devices)

    assert plan(VOLUME, grown(replace(then, devices=dos), "/dev/vdb", 3 << 40)).steps == ()


def test_a_volume_that_lvm_keeps_twice_is_for_a_person(with_volume):
    twice = tuple(replace(one, kind="raid1") for one in with_volume.volumes)
    wanted = replace(VOLUME, devices=("/dev/vdb", "/dev/vdc"))

    found = plan(wanted, replace(with_volume, volumes=twice))

    assert not any(isinstance(one.step, ExtendVolume) for one in found.steps)
    assert found.notes == ("docker/data stays as large as it is: we do not grow raid1",)


def test_growth_under_a_running_engine_is_proven(with_volume):
    facts = replace(with_volume, engines=(RUNNING,))
    wanted = replace(VOLUME, devices=("/dev/vdb", "/dev/vdc"))

    found = steps(wanted, facts)

    assert found[0] == TakeInventory("docker", contents=False)
    assert found[-1] == ProveInventory("docker", contents=False)
    assert plan(wanted, facts).disruption == 0


def test_an_engine_that_nothing_grows_under_is_left_alone(with_volume):
    assert steps(VOLUME, replace(with_volume, engines=(RUNNING,))) == ()


def test_a_pool_never_shrinks(with_pool):
    found = plan(replace(POOL, thin_pool=ThinPool("docker-pool", Size(amount=GIB))), with_pool)

    assert found.steps == ()
    assert "more than 1G: it stays so" in found.notes[0]


def test_auto_extension_follows_the_site(with_pool):
    eager = replace(POOL, thin_pool=ThinPool("docker-pool", auto_extend=AutoExtend(80, 10)))
    never = replace(POOL, thin_pool=ThinPool("docker-pool", auto_extend=None))

    assert steps(eager, with_pool) == (SetAutoExtend("docker", "docker-pool", 80, 10),)
    assert steps(never, with_pool) == (SetAutoExtend("docker", "docker-pool", None, None),)
    then = after(SetAutoExtend("docker", "docker-pool", None, None), with_pool)
    (note,) = plan(never, then).notes
    assert note.startswith("docker/docker-pool never grows by itself")


def test_a_pool_that_takes_all_is_said_to_have_nothing_to_grow_into():
    everything = replace(POOL, thin_pool=ThinPool("pool", Size(percent=100, of="FREE")))

    (note,) = plan(everything, host(disk("/dev/vdb", 8 * GIB))).notes

    assert note == "docker/pool cannot grow by itself: nothing of docker is left free"


def test_a_filesystem_that_was_left_behind_grows_to_its_volume(with_volume):
    behind = tuple(replace(one, size=4 * GIB) for one in with_volume.mounts)

    assert steps(VOLUME, replace(with_volume, mounts=behind)) == (
        GrowFilesystem("/dev/docker/data", "/srv/data", "xfs"),
    )


def test_a_volume_that_is_not_mounted_is(with_volume):
    assert steps(VOLUME, replace(with_volume, mounts=())) == (
        MountFilesystem("/dev/docker/data", "/srv/data", "xfs", ("pquota",)),
    )


# What Docker keeps and has to move


def docker_host() -> StorageFacts:
    """Docker keeps its data on the disk of the system."""
    docker = replace(RUNNING, data_root="/var/lib/docker", running=())
    system = Mount("/", "/dev/vda1", "ext4", size=20 * GIB, free=9 * GIB)
    return host(disk("/dev/vdb", 8 * GIB), mounts=(system,), engines=(docker,))


ITS_OWN = replace(
    VOLUME, root_volume=RootVolume("data", "/var/lib/docker", Size(percent=100, of="FREE"))
)


def test_a_volume_for_what_docker_keeps_is_made_first_and_mounted_within_the_move():
    kinds = [type(one) for one in steps(ITS_OWN, docker_host())]

    assert kinds[:5] == [
        MakePartition,
        MakePhysicalVolume,
        MakeGroup,
        MakeVolume,
        MakeFilesystem,
    ]
    assert kinds.index(StopEngine) < kinds.index(SetAside) < kinds.index(MountFilesystem)
    assert kinds[-2:] == [StartEngine, ProveInventory]


def test_an_order_that_moves_keeps_the_old_and_rests_on_the_engine():
    order = plan(ITS_OWN, docker_host()).order

    assert order.keeps == ("/var/lib/docker.before",)
    assert order.expects["mount /var/lib/docker"] == ""
    assert order.expects["engine docker"] != ""
    assert order.summary.endswith("move the data of docker on overlay2 onto /dev/docker/data")


def test_what_stands_against_the_disks_and_against_the_move_is_told_at_once():
    busy = tuple(replace(one, running=("web",)) for one in docker_host().engines)
    disks = (disk("/dev/vdb", 8 * GIB), disk("/dev/vdc", 8 * GIB, read_only=True))
    wanted = replace(ITS_OWN, devices=("/dev/vdb", "/dev/vdc"))

    told = refused(wanted, replace(docker_host(), engines=busy, devices=disks))

    assert told == [("read-only", "/dev/vdc"), ("containers-running", "docker")]


def refused(wanted, facts):
    found = plan(wanted, facts)
    assert found.order.steps == ()
    return [(one.code, one.subject) for one in found.refusals]


@pytest.mark.parametrize(
    ("pool", "code"),
    [
        (ThinPool("pool", Size(amount=9 * GIB)), "no-space"),
        (ThinPool("pool", Size(percent=100, of="FREE"), Size(amount=5 * GIB)), "no-space"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_forecast(pool, code):
    found = plan(replace(POOL, thin_pool=pool), host(disk("/dev/vdb", 8 * GIB)))

    assert [one.code for one in found.refusals] == [code]
    assert not found.forecasts[0].fits


@pytest.mark.parametrize(
    ("volume", "code"),
    [
        (RootVolume("data", "/srv/data", Size(amount=9 * GIB)), "no-space"),
        (RootVolume("data", "/srv/data", Size(amount=200 * MIB)), "too-small"),
        (RootVolume("data", "/srv/data", Size(amount=8 * MIB), Filesystem.EXT4), "too-small"),
    ],
)
def test_a_volume_has_to_hold_its_filesystem_and_the_group_the_volume(volume, code):
    wanted = replace(VOLUME, root_volume=volume)

    assert [one for one, _ in refused(wanted, host(disk("/dev/vdb", 8 * GIB)))] == [code]


def test_a_group_needs_a_disk():
    assert refused(replace(POOL, devices=()), host()) == [("no-group", "docker")]


def test_a_group_that_lacks_a_disk_is_for_a_person(with_pool):
    lost = tuple(replace(one, missing=True) for one in with_pool.physical)

    assert refused(POOL, replace(with_pool, physical=lost)) == [("vanished", "docker")]


def test_an_order_that_has_not_ended_comes_first(with_pool):
    assert refused(POOL, replace(with_pool, unfinished="000003")) == [
        ("unfinished-order", "000003")
    ]


def test_a_pool_that_fails_is_for_a_person(with_pool):
    ill = tuple(replace(one, health="metadata_read_only") for one in with_pool.volumes)

    assert refused(POOL, replace(with_pool, volumes=ill)) == [
        ("pool-unhealthy", "docker/docker-pool")
    ]


def test_a_pool_that_is_only_full_may_grow(with_pool):
    full = tuple(replace(one, health="out_of_data") for one in with_pool.volumes)
    larger = replace(POOL, thin_pool=ThinPool("docker-pool", Size(amount=5 * GIB)))

    assert steps(larger, replace(with_pool, volumes=full)) == (
        ExtendVolume("docker", "docker-pool", 5 * GIB),
    )


def test_more_metadata_helps_a_pool_that_lacks_it_and_more_data_does_not(with_pool):
    full = tuple(replace(one, health="metadata_read_only") for one in with_pool.volumes)
    facts = replace(with_pool, volumes=full)
    (pool,) = full
    own = Size(amount=pool.metadata_size)
    data = ThinPool("docker-pool", Size(amount=5 * GIB), metadata_size=own)
    both = replace(data, metadata_size=Size(amount=64 << 20))

    assert refused(replace(POOL, thin_pool=data), facts) == [
        ("pool-unhealthy", "docker/docker-pool")
    ]
    assert steps(replace(POOL, thin_pool=both), facts) == (
        ExtendMetadata("docker", "docker-pool", 64 << 20),
        ExtendVolume("docker", "docker-pool", 5 * GIB),
    )


def test_a_volume_of_another_kind_is_not_taken(with_pool, with_volume):
    as_volume = replace(VOLUME, root_volume=RootVolume("docker-pool", "/srv/data"))
    as_pool = replace(POOL, thin_pool=ThinPool("data"))

    assert refused(as_volume, with_pool) == [("not-a-volume", "docker/docker-pool")]
    assert refused(as_pool, with_volume) == [("not-a-pool", "docker/data")]


def test_a_volume_that_is_mounted_elsewhere_stays_there(with_volume):
    elsewhere = replace(VOLUME, root_volume=RootVolume("data", "/srv/other"))

    assert refused(elsewhere, with_volume) == [("mounted", "docker/data")]


def test_nothing_is_mounted_over_something_else():
    facts = host(
        disk("/dev/vdb", 8 * GIB), mounts=(Mount("/srv/data", "/dev/vdz", "ext4", size=GIB),)
    )

    assert refused(VOLUME, facts) == [("mounted", "/srv/data")]


def test_nothing_is_mounted_over_what_another_engine_keeps():
    podman = Engine("containers", "4.3.1", "/srv/data/storage", images=3)
    facts = host(disk("/dev/vdb", 8 * GIB), engines=(podman,))

    assert refused(VOLUME, facts) == [("data-in-the-way", "/srv/data")]


# A host after a plan is as the plan's site says


percents = st.integers(1, 100)
sizes = st.builds(Size, percent=percents, of=st.sampled_from(["VG", "FREE"])) | st.builds(
    Size, amount=st.integers(1, 20 * GIB)
)
disks = st.integers(100 * MIB, 40 * GIB) | st.integers(3 << 40, 5 << 40)
pools = st.none() | st.builds(
    ThinPool,
    st.just("pool"),
    sizes,
    st.none() | st.builds(Size, amount=st.integers(2 * MIB, 128 * MIB)),
    auto_extend=st.none() | st.builds(AutoExtend, st.integers(50, 99), st.integers(1, 1000)),
)
volumes = st.none() | st.builds(
    RootVolume, st.just("data"), st.just("/srv/data"), sizes, st.sampled_from(Filesystem)
)


@given(first=disks, second=disks, more=st.integers(0, 20 * GIB), pool=pools, volume=volumes)
@settings(max_examples=200)
def test_a_plan_that_was_done_asks_for_nothing_more_whatever_comes(
    first, second, more, pool, volume
):
    wanted = Storage(
        devices=("/dev/vdb",),
        volume_group="docker",
        thin_pool=pool,
        root_volume=volume,
        grow_partition=True,
    )
    both = replace(wanted, devices=("/dev/vdb", "/dev/vdc"))
    facts = host(disk("/dev/vdb", first), disk("/dev/vdc", second))

    for now, change in (
        (wanted, lambda facts: facts),
        (both, lambda facts: facts),
        (both, lambda facts: grown(facts, "/dev/vdc", second + more)),
    ):
        facts = change(facts)
        found = plan(now, facts)
        if found.refusals:
            return
        facts = done(found, facts)
        assert plan(now, facts).steps == ()


def test_the_simulator_takes_no_more_than_there_is(with_pool):
    with pytest.raises(NoRoom):
        after(ExtendVolume("docker", "docker-pool", 9 * GIB), with_pool)

"""What configurations come to on hosts: steps in order, sizes as LVM counts them, refusals before any."""

from dataclasses import replace

import pytest

from wharfinger.hosts.on_host.storage import steps
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
from wharfinger.hosts.on_host.storage.steps import KeepFile, MakePool, Step
from wharfinger.hosts.setup import keys, options, planning, roots
from wharfinger.hosts.setup.errors import (
    CannotSetUp,
    DeviceInUse,
    NoRoom,
    NotManaged,
    PartitionGiven,
)
from wharfinger.hosts.setup.planning import OUTPUT, Planned, Seen
from wharfinger.hosts.setup.roots import Root
from wharfinger.hosts.site.sizes import Size

GIB = 1 << 30
MIB = 1 << 20
EXTENT = 4 * MIB
DISK = Device("/dev/vdb", "disk", 8 * GIB, "254:16")
PART = Device(
    "/dev/vdb1",
    "part",
    8 * GIB - MIB,
    "254:17",
    ("/dev/vdb",),
    partition=PartitionFacts(1, 2048, 16775168),
)
GROUP = VolumeGroup("vg", "u", 2047 * EXTENT, 2047 * EXTENT, EXTENT)
PHYSICAL = PhysicalVolume("/dev/vdb1", "p", "vg", 2047 * EXTENT, 2047 * EXTENT, PART.size)
BARE = StorageFacts("host", devices=(DISK,))
READY = StorageFacts("host", devices=(DISK, PART), groups=(GROUP,), physical=(PHYSICAL,))
POOL = Volume(
    "vg", "docker-pool", "l", 3 * GIB, "thin-pool", "", active=True, metadata_size=12 * MIB
)
LINE = options.line(
    options.COMPAT_VARIABLE,
    options.devicemapper("/dev/mapper/vg-docker--pool", "", options.Engine()),
)


def compat(facts: StorageFacts, seen: Seen | None = None, **said: str) -> Planned:
    settings = keys.read(keys.merged({}, {}, said, compat=True), compat=True)
    found = tuple(filter(None, map(facts.device, settings.devices)))
    seen = Seen() if seen is None else seen
    return planning.compat(settings, facts, replace(seen, devices=found))


def named(facts: StorageFacts, seen: Seen | None = None, **said: str) -> Planned:
    settings = keys.read(keys.merged({}, {}, said, compat=False), compat=False)
    found = tuple(filter(None, map(facts.device, settings.devices)))
    seen = Seen() if seen is None else seen
    return planning.named("one", "", "", settings, facts, replace(seen, devices=found))


def kinds(planned: Planned) -> list[str]:
    return [steps.name(step) for step in planned.order.steps]


def only(planned: Planned, kind: type[Step]) -> Step:
    (found,) = (step for step in planned.order.steps if isinstance(step, kind))
    return found


def test_a_blank_disk_becomes_a_group_with_a_pool():
    planned = compat(BARE, DEVS="/dev/vdb", VG="vg")

    assert kinds(planned) == [
        "make partition",
        "make physical volume",
        "make volume group",
        "make thin pool",
        "set auto-extension",
        "keep file",
    ]
    # As LVM was seen to do: 818 extents of 2047, less metadata and their spare.
    assert only(planned, MakePool) == MakePool(
        "vg", "docker-pool", 812 * EXTENT, 12 * MIB, 512 * 1024
    )
    assert only(planned, KeepFile) == KeepFile(OUTPUT, LINE)
    assert planned.order.expects.keys() == {
        "device /dev/vdb",
        "volume group vg",
        "volume vg/docker-pool",
    }
    assert planned.order.summary == "docker-storage-setup: set up storage for Docker"


def test_a_disk_over_two_tib_gets_a_gpt():
    limit = 2199023255040
    for size, table in ((limit, "dos"), (limit + 512, "gpt")):
        facts = replace(BARE, devices=(replace(DISK, size=size),))
        planned = compat(facts, DEVS="/dev/vdb", VG="vg", STORAGE_DRIVER="overlay2")
        assert only(planned, steps.MakePartition) == steps.MakePartition("/dev/vdb", table)


def test_what_is_set_up_already_is_left_as_it_is():
    facts = replace(
        READY, volumes=(replace(POOL, profile="vg--docker-pool-extend", threshold=60, percent=20),)
    )
    planned = compat(facts, Seen(output=LINE), DEVS="/dev/vdb", VG="vg", DATA_SIZE="90%FREE")

    assert planned.order.steps == ()
    assert any("already partitioned" in note for note in planned.notes)
    assert any("DATA_SIZE" in note for note in planned.notes)


def test_only_whether_a_pool_grows_by_itself_changes_later():
    plain = replace(READY, volumes=(POOL,))
    extended = replace(
        READY, volumes=(replace(POOL, profile="vg--docker-pool-extend", threshold=60, percent=20),)
    )

    assert compat(plain, Seen(output=LINE)).order.steps == (
        steps.SetAutoExtend("vg", "docker-pool", 60, 20),
    )
    assert compat(plain, Seen(output=LINE), AUTO_EXTEND_POOL="no").order.steps == ()
    others = replace(READY, volumes=(replace(POOL, profile="site", threshold=90, percent=5),))
    assert compat(others, Seen(output=LINE), AUTO_EXTEND_POOL="no").order.steps == ()
    assert compat(extended, Seen(output=LINE), AUTO_EXTEND_POOL="no").order.steps == (
        steps.SetAutoExtend("vg", "docker-pool", None, None),
    )


def test_a_missing_output_file_is_written_for_the_pool_that_is_there():
    facts = replace(READY, volumes=(POOL,))
    planned = compat(facts, VG="vg", AUTO_EXTEND_POOL="no")

    assert planned.order.steps == (KeepFile(OUTPUT, LINE),)


def test_another_driver_changes_nothing_and_says_so_loudly():
    facts = replace(READY, volumes=(POOL,))
    planned = compat(facts, Seen(output=LINE), STORAGE_DRIVER="overlay2", VG="vg")

    assert planned.order.steps == ()
    assert "wharf storage plan" in planned.loud[0]


def test_no_driver_sets_up_disks_and_no_more():
    planned = compat(BARE, STORAGE_DRIVER="", DEVS="/dev/vdb", VG="vg", DOCKER_ROOT_VOLUME="yes")

    assert kinds(planned) == ["make partition", "make physical volume", "make volume group"]


def test_devices_without_a_group_are_told_and_not_touched():
    planned = compat(BARE, STORAGE_DRIVER="overlay2", DEVS="/dev/vdb")

    assert kinds(planned) == ["keep file"]
    assert "VG is not set" in planned.loud[0]


@pytest.mark.parametrize(
    ("said", "extents"),
    [
        ({"DATA_SIZE": "4G"}, 1024),
        ({"DATA_SIZE": "50%VG"}, 1023 - 6),
        ({"DATA_SIZE": "10%FREE"}, 512),
        ({"DATA_SIZE": "1G"}, 512),
        ({"DATA_SIZE": "1G", "MIN_DATA_SIZE": ""}, 256),
        ({"DATA_SIZE": "100%FREE"}, 2047 - 6),
        ({"DATA_SIZE": "100%FREE", "POOL_META_SIZE": "16M"}, 2047 - 8),
    ],
)
def test_the_size_of_a_pool_is_as_lvm_counts_it(said: dict[str, str], extents: int):
    made = only(compat(READY, VG="vg", **said), MakePool)

    assert isinstance(made, MakePool)
    assert made.size == extents * EXTENT


@pytest.mark.parametrize(
    "said",
    [{"DATA_SIZE": "8G"}, {"MIN_DATA_SIZE": "9G"}, {"DATA_SIZE": "0", "MIN_DATA_SIZE": ""}],
    ids=str,
)
def test_a_pool_that_does_not_fit_is_refused_before_anything(said: dict[str, str]):
    with pytest.raises(NoRoom):
        compat(READY, VG="vg", **said)
    with pytest.raises(NoRoom):
        compat(BARE, VG="vg", DEVS="/dev/vdb", **said)


def test_a_pool_needs_a_group():
    with pytest.raises(CannotSetUp):
        compat(BARE)
    with pytest.raises(CannotSetUp):
        compat(BARE, VG="vg")


@pytest.mark.parametrize(
    ("seen", "error"),
    [
        (Seen(output='DOCKER_STORAGE_OPTIONS="--storage-opt dm.datadev=/dev/x"'), CannotSetUp),
        (Seen(output='DOCKER_STORAGE_OPTIONS="--log-level debug"'), CannotSetUp),
        (Seen(output=LINE.replace("docker--pool", "other")), NotManaged),
        (Seen(output=LINE), CannotSetUp),
        (Seen(old_metadata=True), CannotSetUp),
    ],
)
def test_what_was_set_up_otherwise_is_refused(seen: Seen, error: type[Exception]):
    with pytest.raises(error):
        compat(READY, seen, VG="vg")


def test_docker_that_keeps_images_with_another_driver_is_not_left_without_them():
    engine = Engine("docker", "20.10", "/var/lib/docker", driver="overlay2", images=3)
    facts = replace(READY, engines=(engine,))

    with pytest.raises(CannotSetUp, match="3 images"):
        compat(facts, VG="vg")
    empty = replace(READY, engines=(replace(engine, images=0),))
    assert "make thin pool" in kinds(compat(empty, VG="vg"))


# Disks


def test_the_signatures_of_somebody_are_refused_or_taken_away_if_that_is_said():
    signed = replace(DISK, signatures=(Signature("xfs", 0),))
    facts = replace(BARE, devices=(signed,))

    with pytest.raises(DeviceInUse, match="xfs at 0x0"):
        compat(facts, DEVS="/dev/vdb", VG="vg")
    planned = compat(facts, DEVS="/dev/vdb", VG="vg", WIPE_SIGNATURES="true")
    assert planned.order.steps[0] == steps.WipeSignatures("/dev/vdb")


def test_a_partitioned_disk_is_wiped_from_the_top():
    part = replace(PART, signatures=(Signature("ext4", 1080),))
    facts = replace(BARE, devices=(replace(DISK, signatures=(Signature("dos", 510),)), part))

    with pytest.raises(DeviceInUse):
        compat(facts, DEVS="/dev/vdb", VG="vg")
    planned = compat(facts, DEVS="/dev/vdb", VG="vg", WIPE_SIGNATURES="true")
    assert planned.order.steps[:2] == (
        steps.WipeSignatures("/dev/vdb1"),
        steps.WipeSignatures("/dev/vdb"),
    )


@pytest.mark.parametrize(
    "used",
    [
        replace(PART, mounts=("/data",)),
        replace(PART, swap=True),
        replace(PART, signatures=(Signature("crypto_LUKS", 0),)),
    ],
)
def test_what_is_used_is_refused_also_when_signatures_may_go(used: Device):
    facts = replace(BARE, devices=(DISK, used))

    with pytest.raises(DeviceInUse):
        compat(facts, DEVS="/dev/vdb", VG="vg", WIPE_SIGNATURES="true")


def test_a_partition_is_refused_in_the_words_that_scripts_look_for():
    facts = replace(BARE, devices=(DISK, PART))

    with pytest.raises(PartitionGiven) as refused:
        compat(facts, DEVS="/dev/vdb1", VG="vg")
    assert str(refused.value) == "Partition specification unsupported at this time."


def test_a_second_disk_joins_the_group():
    second = replace(DISK, path="/dev/vdc", number="254:32")
    facts = replace(READY, devices=(DISK, PART, second))
    planned = compat(facts, DEVS="/dev/vdb /dev/vdc", VG="vg", STORAGE_DRIVER="")

    assert planned.order.steps[-1] == steps.ExtendGroup("vg", ("/dev/vdc",), ("/dev/vdc",))


# Volumes with a filesystem


def test_a_root_volume_takes_its_share_of_what_the_pool_leaves():
    root = Root("root", "/var/lib/containers", Size(percent=40, of="FREE"), unit_wanted=True)
    planned = compat(READY, Seen(root=root), VG="vg")

    made = only(planned, steps.MakeVolume)
    assert made == steps.MakeVolume("vg", "root", (2047 - 818) * 40 // 100 * EXTENT)
    assert kinds(planned)[-4:] == ["make volume", "make filesystem", "keep file", "set mounted"]


def test_under_systemd_the_unit_is_enabled():
    root = Root("root", "/var/lib/containers", Size(amount=GIB), unit_wanted=True)
    facts = replace(READY, systemd=True)
    planned = compat(facts, Seen(root=root), VG="vg", STORAGE_DRIVER="overlay2")

    assert only(planned, steps.SetUnit) == steps.SetUnit("var-lib-containers.mount", enabled=True)


def test_a_root_volume_that_is_there_is_only_mounted():
    root = Root(roots.DOCKER_VOLUME, "/var/lib/docker", Size(amount=GIB))
    volume = Volume("vg", roots.DOCKER_VOLUME, "r", GIB, "linear", "/dev/vg/docker-root-lv", True)
    mount = Mount("/var/lib/docker", volume.device, "xfs")
    facts = replace(READY, volumes=(volume,))
    line = 'DOCKER_STORAGE_OPTIONS="--storage-driver overlay2 "\n'
    seen = Seen(output=line, docker_root=root)

    planned = compat(facts, seen, VG="vg", STORAGE_DRIVER="overlay2")
    assert kinds(planned) == ["set mounted"]
    mounted = replace(facts, mounts=(mount,))
    assert compat(mounted, seen, VG="vg", STORAGE_DRIVER="overlay2").order.steps == ()
    other = replace(facts, mounts=(replace(mount, source="/dev/sdz"),))
    with pytest.raises(CannotSetUp):
        compat(other, seen, VG="vg", STORAGE_DRIVER="overlay2")


def test_xfs_without_ftype_is_refused_for_overlay():
    facts = replace(READY, mounts=(Mount("/", "/dev/vda1", "xfs", type_in_directories=False),))

    with pytest.raises(CannotSetUp, match="ftype"):
        compat(facts, STORAGE_DRIVER="overlay2")
    assert kinds(compat(facts, VG="vg"))[-1] == "keep file"


# The root filesystem


ROOT = Volume("vg", "root", "r", 1024 * MIB, "linear", "/dev/vg/root", active=True)
ON_LVM = replace(
    READY,
    groups=(replace(GROUP, free=(2047 - 256) * EXTENT),),
    volumes=(ROOT,),
    mounts=(Mount("/", ROOT.device, "xfs"),),
)


def test_the_group_of_the_root_filesystem_is_the_one_to_use():
    assert "make thin pool vg/docker-pool" in [
        f"{steps.name(step)} {steps.subject(step)}" for step in compat(ON_LVM).order.steps
    ]


def test_the_root_filesystem_grows_before_the_pool_takes_its_share():
    planned = compat(ON_LVM, ROOT_SIZE="2G")

    made = only(planned, MakePool)
    assert isinstance(made, MakePool)
    assert made.size == ((2047 - 512) * 40 // 100 - 6) * EXTENT
    assert planned.order.steps[-2:] == (
        steps.ExtendVolume("vg", "root", 2 * GIB),
        steps.GrowFilesystem(ROOT.device, "/", "xfs"),
    )


def test_a_root_filesystem_is_not_shrunk_and_does_not_grow_over_the_edge():
    assert "extend volume" not in kinds(compat(ON_LVM, ROOT_SIZE="512M"))
    assert compat(ON_LVM, ROOT_SIZE="+50%FREE").order.steps[-2] == steps.ExtendVolume(
        "vg", "root", (256 + (2047 - 256) // 2) * EXTENT
    )
    with pytest.raises(NoRoom):
        compat(ON_LVM, ROOT_SIZE="+8G")


def test_the_disk_below_the_root_filesystem_is_grown_by_an_order_of_its_own():
    larger = replace(ON_LVM, devices=(replace(DISK, size=12 * GIB), PART))

    planned = compat(larger, GROWPART="true")
    assert planned.growth.steps == (
        steps.GrowPartition("/dev/vdb", 1),
        steps.GrowPhysicalVolume("/dev/vdb1"),
    )
    assert compat(ON_LVM, GROWPART="true").growth.steps == ()
    assert compat(larger).growth.steps == ()


# Named configurations


def test_a_named_configuration_keeps_its_own_files_and_leaves_its_pool_out_at_boot():
    planned = named(BARE, DEVS="/dev/vdb", VG="vg", CONTAINER_THINPOOL="pool")

    assert "skip activation" in kinds(planned)
    kept = [step.path for step in planned.order.steps if isinstance(step, KeepFile)]
    folder = "/var/lib/container-storage-setup/one"
    assert kept == [f"{folder}/{file}" for file in ("infile", "outfile", "metadata", "status")]
    assert planned.record is not None
    assert (planned.record.made_group, planned.record.devices) == (True, ("/dev/vdb",))
    joined = named(READY, VG="vg", CONTAINER_THINPOOL="pool").record
    assert joined is not None
    assert not joined.made_group


def test_a_pool_of_that_name_in_any_group_is_refused():
    with pytest.raises(CannotSetUp):
        named(
            replace(READY, volumes=(replace(POOL, group="other"),)),
            VG="vg",
            CONTAINER_THINPOOL="docker-pool",
        )


def test_without_a_driver_the_options_are_empty():
    planned = named(BARE, STORAGE_DRIVER="")

    outfile = planned.order.steps[1]
    assert isinstance(outfile, KeepFile)
    assert outfile.content == ""

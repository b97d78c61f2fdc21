"""What is taken away, and in which order; and what is refused since somebody would miss it."""

from dataclasses import replace

import pytest

from wharfinger.hosts.on_host.storage import steps
from wharfinger.hosts.on_host.storage.facts import (
    Device,
    Engine,
    Mount,
    PartitionFacts,
    PhysicalVolume,
    StorageFacts,
    Volume,
    VolumeGroup,
)
from wharfinger.hosts.on_host.storage.steps import (
    KeepFile,
    RemoveGroup,
    RemovePartition,
    RemoveTree,
    RemoveVolume,
    SetActive,
    SetAutoExtend,
    SetMounted,
    SetUnit,
)
from wharfinger.hosts.setup import keys, options, roots, taking, units
from wharfinger.hosts.setup.errors import CannotSetUp
from wharfinger.hosts.setup.planning import OUTPUT, Planned, Seen
from wharfinger.hosts.setup.records import Record
from wharfinger.hosts.setup.roots import Root

GIB = 1 << 30
FOLDER = "/var/lib/container-storage-setup/one"
PLACE = "/var/lib/containers"
POOL = Volume(
    "vg", "docker-pool", "p", GIB, "thin-pool", "", active=True, profile="vg--docker-pool-extend"
)
ROOT = Volume("vg", "root", "r", GIB, "linear", "/dev/vg/root", active=True)
MOUNT = Mount(PLACE, ROOT.device, "xfs")
FACTS = StorageFacts(
    "host",
    devices=(
        Device("/dev/vdb", "disk", 8 * GIB, "254:16"),
        Device(
            "/dev/vdb1",
            "part",
            8 * GIB,
            "254:17",
            ("/dev/vdb",),
            partition=PartitionFacts(1, 2048, 9),
        ),
    ),
    groups=(VolumeGroup("vg", "u", 8 * GIB, GIB, 4 << 20),),
    physical=(PhysicalVolume("/dev/vdb1", "v", "vg", 8 * GIB, GIB, 8 * GIB),),
    volumes=(POOL, ROOT),
    mounts=(MOUNT,),
)
LINE = options.line(
    options.COMPAT_VARIABLE,
    options.devicemapper("/dev/mapper/vg-docker--pool", "", options.Engine()),
)
RECORD = Record("devicemapper", "vg", True, ("/dev/vdb",), "docker-pool", "root", PLACE, "yes", "0")
UNMOUNT = SetMounted("/dev/vg/root", PLACE, "xfs", ("pquota",), mounted=False)


def reset(facts: StorageFacts, seen: Seen, **said: str) -> Planned:
    settings = keys.read_for_removal(keys.merged({}, {}, {"VG": "vg", **said}, compat=True))
    return taking.reset(settings, facts, seen)


def test_reset_takes_the_pool_of_the_output_file_whatever_the_driver_is():
    planned = reset(FACTS, Seen(output=LINE), STORAGE_DRIVER="overlay2")

    assert planned.order.steps == (
        SetAutoExtend("vg", "docker-pool", None, None),
        KeepFile(OUTPUT, None),
        RemoveVolume("vg", "docker-pool"),
    )
    assert planned.order.expects.keys() == {"volume vg/docker-pool"}


def test_reset_without_an_output_file_goes_by_the_driver_and_tells_what_it_leaves():
    assert RemoveVolume("vg", "docker-pool") in reset(FACTS, Seen()).order.steps
    left = reset(FACTS, Seen(), STORAGE_DRIVER="overlay2")
    assert left.order.steps == ()
    assert "vg/docker-pool is left" in left.notes[0]


def test_reset_of_nothing_is_well():
    assert reset(StorageFacts("host"), Seen()).order.steps == ()


def test_reset_takes_root_volumes_with_their_mounts_and_units():
    root = Root("root", PLACE, unit_wanted=True, unit="[Mount]")
    docker = Volume("vg", roots.DOCKER_VOLUME, "d", GIB, "linear", "/dev/vg/docker-root-lv", True)
    facts = replace(FACTS, systemd=True, volumes=(ROOT, docker))
    seen = Seen(root=root, docker_root=Root(roots.DOCKER_VOLUME, "/var/lib/docker"))

    assert reset(facts, seen).order.steps == (
        UNMOUNT,
        SetUnit("var-lib-containers.mount", enabled=False),
        KeepFile(units.file(PLACE), None),
        RemoveVolume("vg", "root"),
        RemoveVolume("vg", roots.DOCKER_VOLUME),
    )


def test_a_volume_that_is_mounted_elsewhere_is_not_removed():
    facts = replace(FACTS, mounts=(replace(MOUNT, target="/data"),))

    with pytest.raises(CannotSetUp, match="/data"):
        reset(facts, Seen(root=Root("root", PLACE)))


def test_a_pool_that_an_engine_runs_on_is_not_removed():
    engine = Engine("docker", "20.10", "/var/lib/docker", pool="vg-docker--pool")
    facts = replace(FACTS, engines=(engine,))

    for planned in (
        lambda: reset(facts, Seen(output=LINE)),
        lambda: taking.deactivate("one", RECORD, facts),
        lambda: taking.remove("one", RECORD, facts),
    ):
        with pytest.raises(CannotSetUp, match="docker runs on it"):
            planned()


def test_deactivation_lets_go_of_all_volumes():
    assert taking.deactivate("one", RECORD, FACTS).order.steps == (
        UNMOUNT,
        SetActive("vg", "root", active=False),
        SetActive("vg", "docker-pool", active=False),
        KeepFile(f"{FOLDER}/status", "inactive\n"),
    )


def test_activation_brings_them_back():
    volumes = tuple(replace(one, active=False) for one in FACTS.volumes)
    facts = replace(FACTS, volumes=volumes, mounts=())

    assert taking.activate("one", RECORD, facts).order.steps == (
        SetActive("vg", "docker-pool", active=True),
        SetActive("vg", "root", active=True),
        SetMounted("/dev/vg/root", PLACE, "xfs", ("pquota",), mounted=True),
        KeepFile(f"{FOLDER}/status", "active\n"),
    )
    for missing in ((POOL,), (ROOT,)):
        with pytest.raises(CannotSetUp):
            taking.activate("one", RECORD, replace(FACTS, volumes=missing))


def test_a_configuration_without_a_driver_has_only_a_status():
    status = (KeepFile(f"{FOLDER}/status", "inactive\n"),)

    assert taking.deactivate("one", Record(""), FACTS).order.steps == status


def test_removal_ends_with_what_cannot_be_taken_back():
    assert taking.remove("one", RECORD, FACTS).order.steps == (
        UNMOUNT,
        SetAutoExtend("vg", "docker-pool", None, None),
        KeepFile(f"{FOLDER}/status", "invalid\n"),
        RemoveVolume("vg", "root"),
        RemoveVolume("vg", "docker-pool"),
        RemoveGroup("vg"),
        RemovePartition("/dev/vdb", 1),
        RemoveTree(FOLDER),
    )


def test_a_group_that_was_there_before_stays():
    planned = taking.remove("one", replace(RECORD, made_group=False), FACTS)

    assert not [step for step in planned.order.steps if isinstance(step, RemoveGroup)]


def test_a_group_with_a_volume_of_somebody_else_is_not_removed():
    facts = replace(FACTS, volumes=(*FACTS.volumes, replace(ROOT, name="theirs")))

    with pytest.raises(CannotSetUp, match="theirs"):
        taking.remove("one", RECORD, facts)
    thin = replace(ROOT, name="snapshot", kind="thin", pool="docker-pool")
    taking.remove("one", RECORD, replace(FACTS, volumes=(*FACTS.volumes, thin)))


def test_a_partition_of_a_disk_that_has_another_name_by_now_stays():
    planned = taking.remove("one", replace(RECORD, devices=("/dev/vdc",)), FACTS)

    assert not [step for step in planned.order.steps if isinstance(step, RemovePartition)]
    assert "/dev/vdb1 stays" in planned.notes[0]
    assert all(steps.name(step) for step in planned.order.steps)

from dataclasses import replace

import pytest

from simulated_storage import GIB, disk, done, host
from wharfinger.hosts.on_host.results import Holds
from wharfinger.hosts.on_host.storage.facts import Engine, StorageFacts
from wharfinger.hosts.site.storage import Driver, RootVolume, Storage, ThinPool
from wharfinger.hosts.storage.claims import claims
from wharfinger.hosts.storage.plan import plan

WANTED = Storage(
    devices=("/dev/vdb",),
    volume_group="docker",
    thin_pool=ThinPool("pool"),
    root_volume=RootVolume("data", "/srv/data"),
)


@pytest.fixture
def as_wanted() -> StorageFacts:
    facts = host(disk("/dev/vdb", 8 * GIB))
    then = done(plan(WANTED, facts), facts)
    sound = {"data_percent": 10.0, "metadata_percent": 5.0, "monitored": True}
    return changed(then, "pool", **sound)


def changed(facts: StorageFacts, name: str, **more: object) -> StorageFacts:
    volumes = tuple(replace(one, **more) if one.name == name else one for one in facts.volumes)
    return replace(facts, volumes=volumes)


def failing(facts: StorageFacts, wanted: Storage = WANTED) -> list[str]:
    return [one.why for one in claims(wanted, facts) if one.holds is Holds.NO]


def test_a_host_as_wanted_has_all_that_is_claimed(as_wanted):
    told = claims(WANTED, as_wanted)

    assert [one.holds for one in told] == [Holds.YES] * 4
    assert [one.what for one in told] == [
        "volume group docker has all its disks",
        "thin pool docker/pool is sound",
        "thin pool docker/pool grows by itself",
        "docker/data is mounted at /srv/data",
    ]


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ({"active": False}, "it is not active"),
        ({"health": "out_of_data"}, "LVM says of it: out_of_data"),
        ({"data_percent": 90.0}, "90% of its data are full"),
        ({"metadata_percent": 97.3}, "97% of its metadata are full"),
        ({"monitored": False}, "dmeventd does not look after it"),
    ],
)
def test_a_pool_has_to_be_sound(as_wanted, what, why):
    assert failing(changed(as_wanted, "pool", **what)) == [why]


def test_a_volume_has_to_be_mounted_where_it_is_wanted(as_wanted):
    assert failing(replace(as_wanted, mounts=())) == ["nothing is mounted there"]
    other = tuple(replace(one, source="/dev/vdz") for one in as_wanted.mounts)
    assert failing(replace(as_wanted, mounts=other)) == ["/dev/vdz is mounted there"]


def test_a_disk_that_is_gone_is_told(as_wanted):
    gone = tuple(replace(one, missing=True) for one in as_wanted.physical)

    assert failing(replace(as_wanted, physical=gone)) == [
        "physical volume uuid-/dev/vdb1 is not there"
    ]


def test_a_bare_host_has_nothing_of_it():
    assert failing(host()) == [
        "there is no such group",
        "there is no such pool",
        "there is no such volume",
    ]


@pytest.mark.parametrize(
    ("driver", "holds"),
    [("overlayfs", Holds.YES), ("overlay2", Holds.NO), ("", Holds.UNKNOWN)],
)
def test_docker_has_to_use_the_driver_that_is_wanted(driver, holds):
    facts = host(engines=(Engine("docker", "28.0", "/var/lib/docker", driver),))

    (told,) = claims(Storage(driver=Driver.CONTAINERD), facts)

    assert told.holds is holds


def test_a_site_that_says_nothing_claims_nothing():
    assert claims(Storage(), host()) == ()

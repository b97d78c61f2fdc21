from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fake_storage import GIB, MIB
from wharfinger.hosts.on_host.storage.extending import Extension, Rule, extension
from wharfinger.hosts.on_host.storage.facts import (
    PhysicalVolume,
    StorageFacts,
    Volume,
    VolumeGroup,
    fingerprints,
)
from wharfinger.hosts.on_host.storage.steps import ExtendMetadata, ExtendVolume

EXTENT = 4 * MIB


def pool(**changes: Any) -> Volume:
    full = Volume(
        "docker",
        "pool",
        "u-1",
        10 * GIB,
        "thin-pool",
        "/dev/mapper/docker-pool",
        active=True,
        data_percent=70.0,
        metadata_percent=20.0,
        metadata_size=100 * MIB,
        threshold=60,
        percent=20,
    )
    return replace(full, **changes)


def host(*volumes: Volume, free: int = 10 * GIB, **changes: Any) -> StorageFacts:
    group = VolumeGroup("docker", "u-2", 20 * GIB, free, EXTENT)
    return replace(StorageFacts("quay1", groups=(group,), volumes=volumes), **changes)


def codes(found: Extension) -> list[str]:
    return [one.code for one in found.troubles]


def test_a_pool_over_its_threshold_grows_by_its_percentage():
    facts = host(pool())

    found = extension(facts, Rule())

    assert found.order.steps == (ExtendVolume("docker", "pool", 12 * GIB),)
    assert found.troubles == ()
    told = fingerprints(facts)
    names = ("volume group docker", "volume docker/pool")
    assert found.order.expects == {name: told[name] for name in names}


def test_a_pool_below_its_threshold_is_left_alone():
    assert extension(host(pool(data_percent=59.0)), Rule()) == Extension()


def test_metadata_grows_first_and_by_half():
    found = extension(host(pool(metadata_percent=80.0)), Rule())

    assert found.order.steps == (
        ExtendMetadata("docker", "pool", 152 * MIB),  # whole extents
        ExtendVolume("docker", "pool", 12 * GIB),
    )


def test_a_pool_that_lvm_is_told_nothing_for_follows_the_rule_or_nobody():
    untold = pool(threshold=None, percent=None)

    assert extension(host(untold), Rule()) == Extension()
    found = extension(host(untold), Rule(threshold=65, percent=50))
    assert found.order.steps == (ExtendVolume("docker", "pool", 15 * GIB),)


def test_it_takes_the_room_there_is_and_says_that_there_is_too_little():
    found = extension(host(pool(), free=GIB), Rule(reserve=0))

    assert found.order.steps == (ExtendVolume("docker", "pool", 11 * GIB),)
    assert codes(found) == ["no-room"]


def test_the_reserve_stays_free():
    found = extension(host(pool(), free=2 * GIB), Rule(reserve=10))

    assert found.order.steps == ()
    assert codes(found) == ["no-room"]


def test_nothing_is_done_in_a_group_that_lacks_a_device_or_beside_another_order():
    gone = PhysicalVolume("[unknown]", "u", "docker", GIB, GIB, 0, missing=True)

    assert extension(host(pool(), physical=(gone,)), Rule()) == Extension()
    assert extension(host(pool(), unfinished="000001"), Rule()) == Extension()


def test_what_is_no_pool_or_not_active_is_left_alone():
    volumes = (pool(kind="thin"), pool(active=False))

    assert extension(host(*volumes), Rule()) == Extension()


@given(
    free=st.integers(0, 4096).map(lambda extents: extents * EXTENT),
    reserve=st.integers(0, 99),
    percents=st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), max_size=4),
)
def test_it_never_takes_more_than_there_is(
    free: int, reserve: int, percents: list[tuple[int, int]]
):
    pools = [
        pool(name=f"p{at}", data_percent=float(data), metadata_percent=float(metadata))
        for at, (data, metadata) in enumerate(percents)
    ]
    facts = host(*pools, free=free)

    found = extension(facts, Rule(reserve=reserve))

    grown = 0
    for step in found.order.steps:
        assert isinstance(step, (ExtendVolume, ExtendMetadata))
        assert step.size % EXTENT == 0
        if isinstance(step, ExtendVolume):
            assert step.size > 10 * GIB
            grown += step.size - 10 * GIB
        else:
            assert step.size > 100 * MIB
            grown += 2 * (step.size - 100 * MIB)
    assert grown <= max(free - 20 * GIB * reserve // 100, 0)

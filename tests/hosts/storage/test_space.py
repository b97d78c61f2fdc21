import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulated_storage import GIB, MIB
from wharfinger.hosts.on_host.storage.facts import PhysicalVolume, VolumeGroup
from wharfinger.hosts.site.sizes import Size
from wharfinger.hosts.storage import space
from wharfinger.hosts.storage.space import Space

EDGE = 2199023255040
"""The most that a DOS table can count."""

ROOM = Space("docker", 4 * MIB, total=2047, free=1000)


@pytest.mark.parametrize(
    ("size", "has", "extents"),
    [
        (Size(percent=40, of="VG"), 0, 818),
        (Size(percent=40, of="VG"), 500, 818),
        (Size(percent=40, of="FREE"), 0, 400),
        (Size(percent=40, of="FREE"), 500, 600),
        (Size(percent=100, of="FREE"), 1047, 2047),
        (Size(amount=10 * MIB), 0, 3),
        (Size(amount=GIB), 500, 256),
    ],
)
def test_amounts_are_rounded_up_and_shares_down(size, has, extents):
    assert ROOM.target(size, has) == extents


@given(st.integers(0, 4000), st.integers(0, 4000), st.integers(1, 100))
def test_a_share_of_what_is_free_asks_for_the_same_once_it_is_fulfilled(has, free, percent):
    share = Size(percent=percent, of="FREE")
    before = Space("docker", total=8000, free=free)
    target = max(before.target(share, has), has)

    assert before.without(target - has).target(share, target) <= target


@pytest.mark.parametrize(
    ("disk", "table", "extents"),
    [
        (8 * GIB, "dos", 2047),  # as vgs says of docker-storage-setup's own
        (EDGE, "dos", 524287),
        (EDGE + 512, "gpt", 524287),
        (3 << 40, "gpt", 786431),
        (MIB, "dos", 0),
    ],
)
def test_a_whole_disk_gives_what_its_table_and_label_leave(disk, table, extents):
    assert space.table_for(disk) == table
    assert space.extents_on(space.partition_size(disk), 4 * MIB) == extents


def test_the_partition_of_a_gpt_is_that_of_sfdisk():
    assert space.partition_size(3 << 40) == 6442446848 * 512
    assert space.partition_size((3 << 40) + 1) == 6442446848 * 512


def test_what_lvm_aligns_to_is_no_growth():
    volume = PhysicalVolume("/dev/vdb", "u", "docker", 8 * GIB, 0, 8 * GIB)

    assert space.gain(volume, 8 * GIB + 11 * MIB, 4 * MIB) == 0
    assert space.gain(volume, 9 * GIB, 4 * MIB) == 254


def test_what_is_foretold_is_worth_each_extent_and_what_stands_is_not():
    found = Space.of(VolumeGroup("docker", "u", 8 * GIB, GIB, 4 * MIB), volumes=2)

    assert (found.total, found.free, found.trifle) == (2048, 256, 6)
    assert found.with_device(8 * GIB).trifle == 0

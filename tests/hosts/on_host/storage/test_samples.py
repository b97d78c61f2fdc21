from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_host import FullDisk
from wharfinger.hosts.on_host.states import DiskFull
from wharfinger.hosts.on_host.storage import samples
from wharfinger.hosts.on_host.storage.fill import DATA, FILESYSTEM, Fill
from wharfinger.hosts.on_host.storage.samples import Sample
from wharfinger.hosts.on_host.tree import Tree

NOW = 1_700_000_000.0
FILL = (Fill(DATA, "docker/pool", 10, 100), Fill(FILESYSTEM, "/mnt/my files", 20, 200))


def at(time: float, used: int = 10) -> Sample:
    return Sample(time, {"data docker/pool": (used, 100)})


def test_what_is_added_is_read_again(tmp_path: Path):
    tree = Tree(str(tmp_path))

    first = samples.add(tree, samples.sample(NOW, FILL))
    second = samples.add(tree, at(NOW + 60))

    assert samples.read(tree) == second == [*first, at(NOW + 60)]
    assert first == [
        Sample(NOW, {"data docker/pool": (10, 100), "filesystem /mnt/my files": (20, 200)})
    ]


def test_only_root_may_read_them(tmp_path: Path):
    samples.add(Tree(str(tmp_path)), at(NOW))

    path = tmp_path / samples.PATH.lstrip("/")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "torn",
    [b'{"time": 17', b"\xff\xfe", b"[]", b"7", b'{"time": 1, "fill": {"a": [1]}}', b'{"time": 1}'],
)
def test_a_torn_line_takes_no_other_with_it(tmp_path: Path, torn: bytes):
    tree = Tree(str(tmp_path))
    samples.add(tree, at(NOW))
    path = tmp_path / samples.PATH.lstrip("/")
    path.write_bytes(path.read_bytes() + torn)

    assert samples.add(tree, at(NOW + 60)) == [at(NOW), at(NOW + 60)]
    assert samples.read(tree) == [at(NOW), at(NOW + 60)]


def test_the_file_does_not_grow_without_end(tmp_path: Path):
    tree = Tree(str(tmp_path))
    path = tmp_path / samples.PATH.lstrip("/")
    path.parent.mkdir(parents=True)
    many = [at(NOW - 60 * count) for count in range(samples.MOST)]
    path.write_bytes(b"".join(b'{"time":%f,"fill":{}}\n' % one.time for one in many))

    kept = samples.add(tree, at(NOW + 60))

    assert len(kept) < samples.MOST / 2
    assert samples.read(tree) == kept
    assert kept[-1] == at(NOW + 60)


@given(st.lists(st.integers(0, 20 * 86400), max_size=500, unique=True))
def test_the_newest_are_kept_and_the_oldest_go_first(ages: list[int]):
    given_ones = [at(NOW - age) for age in sorted(ages, reverse=True)]

    kept = samples.thinned(given_ones, NOW)

    assert set(map(id, kept)) <= set(map(id, given_ones))
    assert [one.time for one in kept] == sorted(one.time for one in kept)
    assert all(NOW - one.time <= 14 * 86400 for one in kept)
    if given_ones and NOW - given_ones[-1].time <= 14 * 86400:
        assert kept[-1] is given_ones[-1]
    assert samples.thinned(kept, NOW) == kept


def test_a_full_disk_is_told_and_loses_nothing(tmp_path: Path):
    samples.add(Tree(str(tmp_path)), at(NOW))
    full = Tree(str(tmp_path), disk=FullDisk(0))

    with pytest.raises(DiskFull):
        samples.add(full, at(NOW + 60))

    assert samples.read(Tree(str(tmp_path))) == [at(NOW)]


def test_forecasts_are_of_what_the_samples_know(tmp_path: Path):
    seen = [at(NOW - 300 * (20 - count), used=count) for count in range(21)]

    (found,) = samples.forecasts((*FILL, Fill(DATA, "other/pool", 1, 2)), seen, NOW)

    assert (found.kind, found.name) == (DATA, "docker/pool")
    assert found.seconds == pytest.approx(90 * 300)

from __future__ import annotations

import os
import signal
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from fake_host import FullDisk
from fake_storage import GIB, MIB, StorageHost, lvm
from wharfinger.errors import WharfingerError
from wharfinger.hosts.on_host.journal import Journal
from wharfinger.hosts.on_host.machine import Machine, Ran
from wharfinger.hosts.on_host.storage import run, samples, watch
from wharfinger.hosts.on_host.storage.extending import Rule
from wharfinger.hosts.on_host.storage.facts import StorageFacts, Volume, VolumeGroup
from wharfinger.hosts.on_host.storage.outcomes import Ending
from wharfinger.hosts.on_host.storage.reports import ReportFailed
from wharfinger.hosts.on_host.storage.watch import Look, NotRoot, Watch

POOL = Volume(
    "docker",
    "pool",
    "u-1",
    GIB,
    "thin-pool",
    "/dev/mapper/docker-pool",
    active=True,
    data_percent=95.0,
    metadata_percent=20.0,
    metadata_size=100 * MIB,
    threshold=60,
    percent=20,
    monitored=True,
)
GROUP = VolumeGroup("docker", "u-2", 20 * GIB, 10 * GIB, 4 * MIB)
FULL = StorageFacts("quay1", groups=(GROUP,), volumes=(POOL,))
SOUND = replace(FULL, volumes=(replace(POOL, data_percent=10.0),))
EXTENDING = Watch(Rule())


class Pool:
    """What there is to see; an lvextend of the fake host makes the pool larger."""

    def __init__(self, host: StorageHost, facts: StorageFacts) -> None:
        self.facts = facts
        self.commands: list[tuple[str, ...]] = []
        self.fails = False
        self.meets_sigterm = False
        self._size = POOL.size
        host.answers = self._answer

    def read(self, _: Machine) -> StorageFacts:
        volumes = [
            replace(one, size=self._size, data_percent=(one.data_percent or 0) * GIB / self._size)
            for one in self.facts.volumes
        ]
        return replace(self.facts, volumes=tuple(volumes))

    def _answer(self, command: tuple[str, ...]) -> Ran:
        if command[0] == "lvs":
            return lvm("lv", {"lv_size": str(self._size), "lv_metadata_size": "104857600"})
        if command[0] == "lvextend":
            self.commands.append(command)
            if self.meets_sigterm:
                os.kill(os.getpid(), signal.SIGTERM)
            if self.fails:
                return Ran(5, "  Volume group is locked")
            self._size += GIB // 5
        return Ran(0, "")


@pytest.fixture
def host(tmp_path: Path) -> StorageHost:
    return StorageHost(tmp_path)


def test_a_trouble_is_told_when_it_comes_and_when_it_goes(host: StorageHost):
    pool = Pool(host, FULL)

    looks = [watch.look(host, Watch(), read=pool.read) for _ in range(2)]
    pool.facts = SOUND
    looks.append(watch.look(host, Watch(), read=pool.read))

    assert [[one.code for one in look.began] for look in looks] == [["data-high"], [], []]
    assert [look.ended for look in looks] == [(), (), ("data-high docker/pool",)]
    assert [len(look.troubles) for look in looks] == [1, 1, 0]


def test_each_look_leaves_a_sample_and_metrics(host: StorageHost, tmp_path: Path):
    watch.look(host, Watch(metrics="/w.prom"), read=Pool(host, FULL).read)

    (sample,) = samples.read(host.files)
    assert sample.fill["data docker/pool"] == (round(GIB * 0.95), GIB)
    assert 'used_ratio{kind="data",name="docker/pool"} 0.95\n' in (tmp_path / "w.prom").read_text()


def test_a_pool_over_its_threshold_is_extended_by_an_order(host: StorageHost):
    pool = Pool(host, FULL)

    look = watch.look(host, EXTENDING, read=pool.read)

    assert look.extended is not None
    assert look.extended.ending is Ending.APPLIED
    assert [one.id for one in run.history(host)] == [look.extended.id]
    assert len(pool.commands) == 1
    assert look.fills[0].size == GIB + GIB // 5  # told as it is now
    assert look.began == ()


def test_without_being_told_to_it_extends_nothing(host: StorageHost):
    pool = Pool(host, FULL)

    assert watch.look(host, Watch(), read=pool.read).extended is None
    assert pool.commands == []


def test_where_somebody_else_is_at_work_it_waits_for_the_next_look(host: StorageHost):
    pool = Pool(host, FULL)

    with Journal(host.files).locked():
        look = watch.look(host, EXTENDING, read=pool.read)

    assert (look.extended, pool.commands) == (None, [])
    assert watch.look(host, EXTENDING, read=pool.read).extended is not None


def test_an_extension_that_failed_is_told_and_not_repeated_until_something_changes(
    host: StorageHost,
):
    pool = Pool(host, FULL)
    pool.fails = True

    looks = [watch.look(host, EXTENDING, read=pool.read) for _ in range(3)]

    assert len(pool.commands) == 1
    assert [[one.code for one in look.began] for look in looks] == [
        ["data-high", "extension-failed"],
        [],
        [],
    ]
    pool.fails = False
    pool.facts = replace(FULL, groups=(replace(GROUP, free=11 * GIB),))
    last = watch.look(host, EXTENDING, read=pool.read)
    assert last.extended is not None
    assert "extension-failed volume docker/pool" in last.ended


def test_an_extension_that_could_not_be_begun_is_told_and_tried_again(host: StorageHost):
    pool = Pool(host, FULL)
    disk = host.files.disk
    host.files.disk = FullDisk(0)

    look = watch.look(host, EXTENDING, read=pool.read)
    host.files.disk = disk

    assert {one.code for one in look.began} == {"data-high", "extension-failed", "not-noted"}
    assert pool.commands == []
    assert watch.look(host, EXTENDING, read=pool.read).extended is not None


def test_a_group_without_room_is_told_once(host: StorageHost):
    pool = Pool(host, replace(FULL, groups=(replace(GROUP, free=0),)))

    looks = [watch.look(host, EXTENDING, read=pool.read) for _ in range(2)]

    assert [[one.code for one in look.began] for look in looks] == [["data-high", "no-room"], []]
    assert pool.commands == []


def test_a_disk_that_is_full_is_told_and_does_not_blind_us(host: StorageHost):
    host.files.disk = FullDisk(0)

    look = watch.look(host, Watch(), read=Pool(host, FULL).read)

    assert [one.code for one in look.troubles] == ["data-high", "not-noted"]


@pytest.mark.parametrize("memory", ["", "{", "7", '{"told": 7}', '{"failed": []}'])
def test_a_memory_that_makes_no_sense_is_none(host: StorageHost, tmp_path: Path, memory: str):
    pool = Pool(host, FULL)
    watch.look(host, Watch(), read=pool.read)
    (tmp_path / "var/lib/wharfinger-host/storage/watch.json").write_text(memory)

    assert [one.code for one in watch.look(host, Watch(), read=pool.read).began] == ["data-high"]


def test_only_root_can_watch(host: StorageHost):
    host.fake_kernel.root = False

    with pytest.raises(NotRoot):
        watch.look(host, Watch(), read=Pool(host, FULL).read)


def test_it_goes_on_after_a_look_that_failed_until_it_is_ended(host: StorageHost):
    pool = Pool(host, FULL)
    stop = threading.Event()
    failed: list[WharfingerError] = []
    seen: list[Look] = []

    def read(machine: Machine) -> StorageFacts:
        if not failed:
            raise ReportFailed(("lvs",), Ran(5, "locked"))
        return pool.read(machine)

    def tell(look: Look) -> None:
        seen.append(look)
        stop.set()

    watch.keep_looking(host, Watch(), 0.0, tell, failed.append, stop=stop, read=read)

    assert (len(failed), len(seen)) == (1, 1)


def test_sigterm_ends_the_watch_and_leaves_signals_as_they_were():
    before = signal.getsignal(signal.SIGTERM)

    with watch.until_signalled() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait(10)

    assert signal.getsignal(signal.SIGTERM) is before


def test_an_extension_that_meets_sigterm_is_done_and_then_the_watch_ends(host: StorageHost):
    pool = Pool(host, FULL)
    pool.meets_sigterm = True
    seen: list[Look] = []
    failed: list[WharfingerError] = []

    with watch.until_signalled() as stop:
        watch.keep_looking(
            host, EXTENDING, 600.0, seen.append, failed.append, stop=stop, read=pool.read
        )

    assert [one.extended and one.extended.ending for one in seen] == [Ending.APPLIED]
    assert failed == []


def test_a_look_is_told_as_json(host: StorageHost):
    look = watch.look(host, EXTENDING, read=Pool(host, FULL).read)

    told = watch.to_json(look)

    assert told["extended"]["ending"] == "applied"
    assert told["fills"][0]["name"] == "docker/pool"
    assert 0 < told["fills"][0]["ratio"] < 1

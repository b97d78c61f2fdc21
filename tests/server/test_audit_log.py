"""Entries reach the file as they were given, and what cannot be written is not lost in silence."""

from __future__ import annotations

import errno
import json
import logging
from pathlib import Path

import pytest

from wharfinger.server.audit_log import AuditFailed, AuditFile, AuditLog
from wharfinger.server.metrics import Metrics


class Disk:
    """Takes `room` bytes, at most `at_once` of them in one call, and is full then."""

    def __init__(self, room: int = 1 << 20, at_once: int = 7) -> None:
        self.room, self.at_once, self.data, self.closed = room, at_once, b"", False

    def write(self, data: bytes) -> int:
        taken = data[: min(self.at_once, self.room)]
        if not taken:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.data += taken
        self.room -= len(taken)
        return len(taken)

    def close(self) -> None:
        self.closed = True

    @property
    def entries(self) -> list[object]:
        return [json.loads(line) for line in self.data.splitlines()]


async def at_once(_: float) -> None:
    return None


def dropped(metrics: Metrics) -> float:
    return metrics.registry.get_sample_value("wharfinger_audit_events_dropped_total") or 0


async def test_entries_are_written_one_to_a_line():
    disk, metrics = Disk(), Metrics()
    log = AuditLog(disk, metrics)
    log.write({"auditID": "1"})
    log.write({"auditID": "2"})

    await log.flush()

    assert disk.entries == [{"auditID": "1"}, {"auditID": "2"}]
    assert dropped(metrics) == 0


async def test_what_a_full_disk_does_not_take_is_written_when_there_is_room_again():
    disk = Disk(room=10)
    log = AuditLog(disk, Metrics())
    log.write({"auditID": "1"})
    with pytest.raises(AuditFailed, match="No space left"):
        await log.flush()
    log.write({"auditID": "2"})
    disk.room = 1000

    await log.flush()

    assert disk.entries == [{"auditID": "1"}, {"auditID": "2"}]


async def test_the_task_dies_of_a_full_disk_so_that_the_server_is_not_ready():
    log = AuditLog(Disk(room=0), Metrics(), pause=at_once)
    log.write({"auditID": "1"})

    with pytest.raises(AuditFailed):
        await log.run()


async def test_beyond_the_room_in_memory_entries_are_dropped_and_counted():
    disk, metrics = Disk(room=0), Metrics()
    log = AuditLog(disk, metrics, room=40)
    log.write({"auditID": "1"})
    with pytest.raises(AuditFailed):
        await log.flush()
    log.write({"auditID": "2"})
    log.write({"auditID": "3"})
    disk.room = 1000

    await log.flush()

    assert disk.entries == [{"auditID": "1"}, {"auditID": "2"}]
    assert dropped(metrics) == 1


async def test_closing_writes_what_waits_and_tells_what_is_lost(caplog):
    disk = Disk()
    log = AuditLog(disk, Metrics())
    log.write({"auditID": "1"})
    await log.close()
    assert disk.closed
    assert disk.entries == [{"auditID": "1"}]

    full = AuditLog(Disk(room=0), Metrics())
    full.write({"auditID": "2"})
    with caplog.at_level(logging.ERROR):
        await full.close()
    assert "are lost" in caplog.text


def written(file: AuditFile, *lines: bytes) -> None:
    for line in lines:
        assert file.write(line) == len(line)


def test_the_file_is_for_its_owner_alone(tmp_path: Path):
    path = tmp_path / "audit.log"
    file = AuditFile(path)
    written(file, b"1\n")
    file.close()

    assert path.read_bytes() == b"1\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_full_file_is_set_aside_and_the_oldest_goes(tmp_path: Path):
    path = tmp_path / "audit.log"
    file = AuditFile(path, full=1, kept=2)
    written(file, b"1\n", b"2\n", b"3\n", b"4\n")
    file.close()

    found = {one.name: one.read_bytes() for one in tmp_path.iterdir()}
    assert found == {"audit.log": b"4\n", "audit.log.1": b"3\n", "audit.log.2": b"2\n"}


def test_a_file_that_somebody_moved_is_made_again(tmp_path: Path):
    path = tmp_path / "audit.log"
    file = AuditFile(path)
    written(file, b"1\n")
    path.rename(tmp_path / "old")
    written(file, b"2\n")
    (tmp_path / "audit.log").unlink()
    written(file, b"3\n")
    file.close()

    assert path.read_bytes() == b"3\n"


def test_a_line_that_was_cut_by_a_kill_stays_alone(tmp_path: Path):
    path = tmp_path / "audit.log"
    path.write_bytes(b'{"audit')
    file = AuditFile(path)
    written(file, b"{}\n")
    file.close()

    assert path.read_bytes() == b'{"audit\n{}\n'


def test_a_link_in_place_of_the_file_is_not_followed(tmp_path: Path):
    path = tmp_path / "audit.log"
    path.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(OSError, match="symbolic links"):
        AuditFile(path).write(b"1\n")

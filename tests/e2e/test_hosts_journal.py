"""
The bundle as a host runs it, killed at random moments and on a disk that fills up: always all of the
old or all of the new, and undo brings back every byte, mode and label.

`WHARF_HOST_KILLS` sets the number of kills.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import fake_host
from e2e import machine
from wharfinger.hosts import bundle
from wharfinger.hosts.on_host import apply, changes, drift, states
from wharfinger.hosts.on_host.changes import FileChange, Order, RemoveFile
from wharfinger.hosts.on_host.machine import Machine
from wharfinger.hosts.on_host.results import Ending, Outcome
from wharfinger.hosts.on_host.states import DiskFull

pytestmark = pytest.mark.e2e

KILLS = int(os.environ.get("WHARF_HOST_KILLS", "20"))
KIBIBYTE = 1024
FILES = 40

Picture = dict[str, tuple[object, ...]]


class Host:
    """A tree with many files, and the bundle beside it."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.root = root
        self._program = folder / "wharf-host.pyz"
        self._program.write_bytes(bundle.content())
        self._program.chmod(0o755)

    def fill(self) -> None:
        for number in range(FILES):
            path = f"/etc/docker/certs.d/registry{number}.test/ca.crt"
            fake_host.put(self.root, path, b"old %d" % number, mode=0o640)
        labelled = self.root / "etc/docker/certs.d/registry0.test/ca.crt"
        os.setxattr(labelled, "user.label", b"theirs")

    def order(self, *, size: int = 100) -> Order:
        """Changes a third of the files, removes a third, and adds as many as there are."""
        files: list[FileChange] = []
        for number in range(FILES):
            path = f"/etc/docker/certs.d/registry{number}.test/ca.crt"
            old = b"old %d" % number
            if number % 3 == 0:
                files.append(fake_host.write(path, b"n" * size, over=old))
            elif number % 3 == 1:
                files.append(RemoveFile(path, states.digest(old)))
            new = f"/etc/containers/certs.d/new{number}.test/wharfinger.crt"
            files.append(fake_host.write(new, b"n" * size))
        return Order(tuple(files))

    def command(self, *words: str) -> tuple[str, ...]:
        return (str(self._program), *words, "--root", str(self.root))

    def call(self, *words: str, given: str = "") -> Any:
        done = machine.run(*self.command(*words), given=given)
        assert not done.err, done.err
        return json.loads(done.out)

    def picture(self) -> Picture:
        return fake_host.picture(self.root)

    def gist(self) -> Picture:
        """Without times, which are those of now for what is new."""
        return {path: seen[:5] for path, seen in self.picture().items()}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    root = tmp_path / "root"
    root.mkdir()
    host = Host(tmp_path, root)
    host.fill()
    return host


def test_killed_at_any_moment_it_ends_old_or_new(host: Host) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}, {KILLS} kills")
    dice = random.Random(seed)
    order = json.dumps(changes.to_json(host.order()))
    old, here = host.picture(), Machine(str(host.root))
    assert host.call("apply", given=order)["ending"] == "applied"
    new = host.gist()
    assert host.call("undo")["ending"] == "undone"
    assert host.picture() == old

    unfinished = 0
    for _ in range(KILLS):
        undoes = host.picture() != old
        kill(host, "undo" if undoes else "apply", order, dice.uniform(0, 0.1))
        unfinished += apply.history(here)[-1].ending is Ending.UNFINISHED
        apply.recover(here)
        assert host.picture() == old or host.gist() == new
        assert apply.recover(here) == []
        assert drift.drift(here) == []
    print(f"{unfinished} of them in the middle")
    assert unfinished > 0
    while host.picture() != old:
        assert host.call("undo")["ending"] == "undone"


def kill(host: Host, word: str, order: str, seconds: float) -> None:
    """Begin with it, and kill it so long after the journal says that it changes something."""
    with subprocess.Popen(
        host.command(word),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(order.encode())
        process.stdin.close()
        begun = ("*.changing.json", "*.undoing.json")
        machine.eventually(
            f"{word} to begin",
            lambda: process.poll() is not None or any(map(has(host), begun)) or None,
        )
        time.sleep(seconds)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def has(host: Host) -> Callable[[str], bool]:
    journal = host.root / "var/lib/wharfinger-host"
    return lambda pattern: any(journal.glob(pattern))


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Host]:
    """A host whose file system has 4 MiB."""
    machine.need_root()
    root = tmp_path / "small"
    root.mkdir()
    mounted = machine.run("mount", "-t", "tmpfs", "-o", "size=4m,mode=0755", "tmpfs", root)
    if not mounted.ok:
        raise machine.missing(f"leave to mount: {mounted.err}")
    host = Host(tmp_path, root)
    host.fill()
    try:
        yield host
    finally:
        machine.run("umount", "--lazy", root).check()


def test_on_a_disk_that_fills_up_it_ends_old_or_new(small: Host) -> None:
    """With ever more room, from none to enough: refused at one step after the other."""
    here, order, old = Machine(str(small.root)), small.order(size=3 * KIBIBYTE), small.picture()
    endings = set()
    for room in range(0, 900, 20):
        ballast = leave(small, room * KIBIBYTE)
        ending = ending_of(lambda: apply.apply(order, here))
        ballast.unlink()
        endings.add(ending)
        if ending is Ending.APPLIED:
            break
        assert small.picture() == old
    assert endings == {None, Ending.ROLLED_BACK, Ending.APPLIED}
    new = small.gist()

    endings.clear()
    for room in range(0, 900, 20):
        ballast = leave(small, room * KIBIBYTE)
        ending = ending_of(lambda: apply.undo(here))
        ballast.unlink()
        endings.add(ending)
        if ending is Ending.UNDONE:
            break
        assert small.gist() == new
    assert endings == {None, Ending.UNDONE}
    assert small.picture() == old


def ending_of(act: Callable[[], Outcome]) -> Ending | None:
    """How it ended; `None` where it was refused for want of room."""
    try:
        return act().ending
    except DiskFull:
        return None


def leave(host: Host, room: int) -> Path:
    """Fill the disk but for so many bytes."""
    ballast = host.root / "var/lib/wharfinger-host/ballast"
    ballast.parent.mkdir(parents=True, exist_ok=True)
    found = os.statvfs(host.root)
    size = found.f_bfree * found.f_frsize - room
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, size))
    return ballast

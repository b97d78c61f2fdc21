"""
Kill `apply`, `undo` and their recovery before each of their steps, and look at what stands there
once the next command has run: always all of the old or all of the new.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

import fake_host
from fake_host import Docker, FakeHost, FaultyDisk, FullDisk, Killed, MortalDisk
from wharfinger.errors import WharfingerError
from wharfinger.hosts.on_host import apply, states
from wharfinger.hosts.on_host.changes import (
    Action,
    DockerAnswers,
    MakeDirectory,
    Order,
    RemoveFile,
    WriteFile,
    WriteLink,
)
from wharfinger.hosts.on_host.results import Ending
from wharfinger.hosts.on_host.states import DiskFull

Picture = dict[str, tuple[object, ...]]

OLD = b'{"debug": false}\n'
NEW = b'{"insecure-registries": ["new.test:5000"]}\n'
CERTIFICATE = b"a certificate\n"
ORDER = Order(
    (
        fake_host.write(fake_host.DAEMON_JSON, NEW, over=OLD),
        fake_host.write("/etc/docker/certs.d/new.test:5000/ca.crt", CERTIFICATE),
        fake_host.write("/etc/docker/certs.d/new.test:5000/client.key", b"a key\n", mode=0o600),
        RemoveFile(
            "/etc/containers/registries.conf.d/50-wharfinger.conf", states.digest(b"x = 1\n")
        ),
        WriteFile("/etc/containers/policy.json", b"{}", states.digest(b"{ }"), 0o600, exact=True),
        WriteLink("/etc/containers/link", "policy.json", None),
        RemoveFile("/etc/containers/old-link", "link:nowhere"),
        MakeDirectory("/etc/wharfinger", 0o750),
    ),
    (Action.RELOAD_DOCKER,),
    (DockerAnswers(insecure=("new.test:5000",), same_pid=True),),
)

RESTARTING = replace(
    ORDER,
    actions=(Action.RESTART_DOCKER,),
    proofs=(DockerAnswers(insecure=("new.test:5000",)),),
)
ACCESS_LIST = b"".join(
    (
        struct.pack("<I", 2),
        *(
            struct.pack("<HHI", tag, permissions, user)
            for tag, permissions, user in (
                (0x01, 6, 0xFFFFFFFF),
                (0x02, 4, 1000),
                (0x04, 4, 0xFFFFFFFF),
                (0x10, 4, 0xFFFFFFFF),
                (0x20, 0, 0xFFFFFFFF),
            )
        ),
    )
)
"""User 1000 may read; acl(5), in the form of the kernel's posix_acl_xattr.h."""


def make(root: Path) -> Docker:
    """A host with files that have more than bytes."""
    daemon = fake_host.put(root, fake_host.DAEMON_JSON, OLD, mode=0o640)
    os.setxattr(daemon, "user.note", b"ours")
    with suppress(OSError):  # a file system without access lists
        os.setxattr(daemon, "system.posix_acl_access", ACCESS_LIST)
    if os.geteuid() == 0:
        os.chown(daemon, 3, 4)
    fake_host.put(root, "/etc/containers/registries.conf.d/50-wharfinger.conf", b"x = 1\n")
    fake_host.put(root, "/etc/containers/policy.json", b"{ }", mode=0o644)
    root.joinpath("etc/containers/old-link").symlink_to("nowhere")
    root.joinpath("etc/wharfinger").mkdir(mode=0o700)
    return Docker()


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[[], Path]:
    """Gives an empty directory each time."""
    numbers = iter(range(1 << 20))

    def root() -> Path:
        path = tmp_path / str(next(numbers))
        path.mkdir()
        return path

    return root


@pytest.fixture
def pictures(fresh: Callable[[], Path]) -> tuple[Picture, Picture]:
    root = fresh()
    host = FakeHost(root, docker=make(root))
    old = fake_host.picture(root)
    assert apply.apply(ORDER, host).ending is Ending.APPLIED
    return old, fake_host.picture(root)


def gist(picture: Picture) -> Picture:
    """Without times: a file that is written anew has the time of now."""
    return {
        path: seen[:-1] if len(seen) == 6 and isinstance(seen[-1], int) else seen
        for path, seen in picture.items()
    }


def last_ending(host: FakeHost) -> Ending | None:
    told = apply.history(host)
    return told[-1].ending if told else None


def insecure(host: FakeHost) -> object:
    """What the daemon has taken from its file."""
    return host.docker.config.get("insecure-registries", [])


def deaths(act: Callable[[FakeHost], object], start: Callable[[], FakeHost]) -> Iterator[FakeHost]:
    """Hosts on which `act` was killed before its first step, its second, and so on to the last."""
    for last in range(1, 1000):
        host = start()
        host.files.disk = MortalDisk(last)
        try:
            act(host)
        except Killed:
            yield FakeHost(Path(host.files.root), docker=host.docker)
        else:
            assert last > 40, "there are more steps than that"
            return


def test_an_apply_killed_at_any_step_ends_old_or_new(fresh, pictures):
    old, new = pictures

    def start() -> FakeHost:
        root = fresh()
        return FakeHost(root, docker=make(root))

    endings = set()
    for host in deaths(lambda host: apply.apply(ORDER, host), start):
        apply.recover(host)
        seen = fake_host.picture(Path(host.files.root))
        assert seen == old or gist(seen) == gist(new)
        assert insecure(host) == ([] if seen == old else ["new.test:5000"])
        assert apply.recover(host) == []
        endings.add(seen == old)
        if seen == old:
            assert apply.apply(ORDER, host).ending is Ending.APPLIED
            assert gist(fake_host.picture(Path(host.files.root))) == gist(new)
    assert endings == {True, False}


def test_a_daemon_that_was_to_restart_is_up_whenever_the_apply_was_killed(fresh, pictures):
    old, new = pictures

    def start() -> FakeHost:
        root = fresh()
        return FakeHost(root, docker=make(root))

    stopped = 0
    for host in deaths(lambda host: apply.apply(RESTARTING, host), start):
        stopped += not host.docker.alive
        apply.recover(host)
        seen = fake_host.picture(Path(host.files.root))
        assert seen == old or gist(seen) == gist(new)
        assert host.docker.alive
        assert insecure(host) == ([] if seen == old else ["new.test:5000"])
    assert stopped == 1


def test_the_same_order_given_again_recovers_by_itself(fresh, pictures):
    _, new = pictures

    def start() -> FakeHost:
        root = fresh()
        return FakeHost(root, docker=make(root))

    for host in deaths(lambda host: apply.apply(ORDER, host), start):
        if last_ending(host) is Ending.APPLIED:
            continue
        assert apply.apply(ORDER, host).ending is Ending.APPLIED
        assert gist(fake_host.picture(Path(host.files.root))) == gist(new)


def test_an_undo_killed_at_any_step_ends_old_or_new(fresh, pictures):
    old, new = pictures

    def start() -> FakeHost:
        root = fresh()
        host = FakeHost(root, docker=make(root))
        apply.apply(ORDER, host)
        return host

    endings = set()
    for host in deaths(apply.undo, start):
        apply.recover(host)
        seen = fake_host.picture(Path(host.files.root))
        assert seen == old or gist(seen) == gist(new)
        assert insecure(host) == ([] if seen == old else ["new.test:5000"])
        endings.add(seen == old)
    assert endings == {True, False}


def test_a_recovery_that_is_killed_too_is_finished_by_the_next(fresh, pictures):
    old, new = pictures

    def start() -> FakeHost:
        root = fresh()
        return FakeHost(root, docker=make(root))

    killed = 0
    for number, host in enumerate(deaths(lambda host: apply.apply(ORDER, host), start)):
        host.files.disk = MortalDisk(1 + number % 13)
        try:
            apply.recover(host)
        except Killed:
            killed += 1
        host.files.disk = fake_host.SteppedDisk()
        apply.recover(host)
        seen = fake_host.picture(Path(host.files.root))
        assert seen == old or gist(seen) == gist(new)
    assert killed > 20


@pytest.mark.parametrize("disk", [FullDisk, FaultyDisk])
def test_a_disk_that_fails_at_any_step_leaves_old_or_new(fresh, pictures, disk):
    old, new = pictures
    for step in range(1, 1000):
        root = fresh()
        host = FakeHost(root, disk=disk(step), docker=make(root))
        try:
            ending = apply.apply(ORDER, host).ending
        except WharfingerError:
            ending = None
        if host.files.disk.steps < step:
            assert ending is Ending.APPLIED
            break
        host.files.disk = fake_host.SteppedDisk()
        apply.recover(host)
        seen = fake_host.picture(root)
        assert seen == old or gist(seen) == gist(new)
        assert (seen != old) == (last_ending(host) is Ending.APPLIED)
        assert ending in (None, last_ending(host))
        assert host.docker.alive
    assert step > 40


def test_an_undo_on_a_full_disk_leaves_all_as_it_is_until_there_is_room(fresh, pictures):
    old, new = pictures
    refused = 0
    for step in range(1, 1000):
        root = fresh()
        host = FakeHost(root, docker=make(root))
        apply.apply(ORDER, host)
        host.files.disk = FullDisk(step)
        try:
            apply.undo(host)
        except DiskFull:
            refused += 1
            assert gist(fake_host.picture(root)) == gist(new)
            host.files.disk = fake_host.SteppedDisk()
            apply.undo(host)
        assert fake_host.picture(root) == old
        if host.files.disk.steps < step:
            break
    assert refused > 3

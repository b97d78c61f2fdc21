import os
import subprocess
import sys

import pytest

from wharfinger.system.lock import Lock, Locked, LockUnreadable, holder

HOLD = """
import pathlib, sys
from wharfinger.system.lock import Lock
with Lock(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lock"


@pytest.fixture
def other(path):
    """Another process that holds the lock."""
    process = subprocess.Popen(
        (sys.executable, "-c", HOLD, path), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_lock_that_another_process_holds_is_refused_with_its_pid(path, other):
    with pytest.raises(Locked) as refused:
        Lock(path).acquire()

    assert refused.value.pid == other.pid
    assert str(other.pid) in refused.value.message


def test_a_killed_holder_leaves_nothing_that_must_be_removed(path, other):
    other.kill()
    other.wait()

    assert holder(path) is None
    with Lock(path):
        assert path.read_text() == f"{os.getpid()}\n"


def test_the_holder_is_known_while_it_holds(path, other):
    assert holder(path) == other.pid


def test_nobody_holds_a_lock_that_was_never_taken_or_was_let_go(path):
    assert holder(path) is None

    with Lock(path):
        pass

    assert holder(path) is None


def test_a_link_in_place_of_the_lock_is_not_followed(path, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    path.symlink_to(victim)

    with pytest.raises(LockUnreadable, match="symbolic link"):
        Lock(path).acquire()

    assert victim.read_text() == "precious"

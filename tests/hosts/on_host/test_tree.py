from __future__ import annotations

import os
from pathlib import Path

import pytest

import fake_host
from wharfinger.hosts.on_host import tree as trees
from wharfinger.hosts.on_host.tree import LinkInPath, NotADirectory, Tree, UnsafePath


@pytest.fixture
def root(tmp_path):
    fake_host.put(tmp_path, "/etc/docker/daemon.json", b"{}")
    return tmp_path


@pytest.fixture
def tree(root):
    return Tree(str(root))


def test_a_file_is_read(tree):
    assert tree.read("/etc/docker/daemon.json", limit=2) == b"{}"


def test_what_is_larger_than_the_limit_is_not_read(tree):
    assert tree.read("/etc/docker/daemon.json", limit=1) is None


def test_what_is_not_there_is_none(tree):
    assert tree.look("/etc/no/such/file") is None
    assert tree.read("/etc/no/such/file", limit=9) is None
    assert tree.names("/etc/no") == []


@pytest.mark.parametrize(
    "path",
    [
        "etc/passwd",
        "/etc/../etc/passwd",
        "/etc//passwd",
        "/etc/./passwd",
        "/etc/",
        "",
        "/",
        "/a\nb",
        "/etc/..",
    ],
)
def test_only_plain_absolute_paths_are_used(tree, path):
    with pytest.raises(UnsafePath):
        tree.read(path, limit=9)


@pytest.mark.parametrize("link", ["/etc", "/etc/docker"])
def test_a_link_on_the_way_is_refused_wherever_it_points(root, tree, link):
    place = root / link.lstrip("/")
    place.rename(root / "elsewhere")
    place.symlink_to(root / "elsewhere")

    with pytest.raises(LinkInPath) as refused:
        tree.read("/etc/docker/daemon.json", limit=9)

    assert (refused.value.link, refused.value.target) == (link, str(root / "elsewhere"))


def test_a_link_in_place_of_the_file_is_seen_and_never_followed(root, tree):
    place = root / "etc/docker/daemon.json"
    place.unlink()
    place.symlink_to("/etc/shadow")

    assert tree.target("/etc/docker/daemon.json") == "/etc/shadow"
    with pytest.raises(OSError, match="no regular file"):
        tree.read("/etc/docker/daemon.json", limit=9)


def test_a_pipe_is_not_waited_for(root, tree):
    os.mkfifo(root / "etc/docker/pipe")

    with pytest.raises(OSError, match="no regular file"):
        tree.read("/etc/docker/pipe", limit=9)


def test_a_file_on_the_way_is_no_directory(tree):
    with pytest.raises(NotADirectory):
        tree.look("/etc/docker/daemon.json/inner")


def test_private_directories_are_for_their_owner_alone(root, tree):
    tree.make_private("/var/lib/wharfinger-host")
    tree.make_private("/var/lib/wharfinger-host")

    assert (root / "var/lib/wharfinger-host").stat().st_mode & 0o777 == 0o700
    assert (root / "var/lib").stat().st_mode & 0o777 == 0o755


def test_the_directories_that_lead_to_a_path():
    assert trees.above("/etc/docker/daemon.json") == ["/etc", "/etc/docker"]
    assert trees.above("/etc") == []


def test_no_descriptor_stays_open(root, tree):
    before = len(list(Path("/proc/self/fd").iterdir()))
    (root / "link").symlink_to("etc")
    tree.read("/etc/docker/daemon.json", limit=9)
    with pytest.raises(LinkInPath):
        tree.look("/link/docker")

    assert len(list(Path("/proc/self/fd").iterdir())) == before

from __future__ import annotations

import pytest

from fake_host import FakeHost
from wharfinger.hosts.on_host.kernel import Kernel
from wharfinger.hosts.on_host.storage import trees
from wharfinger.hosts.on_host.storage.steps import RemoveTree
from wharfinger.hosts.on_host.storage.work import Setting

WORKER = trees.WORKERS[RemoveTree]


class Mounts(Kernel):
    def __init__(self, *targets):
        self._targets = targets

    def mount_table(self):
        return "".join(f"1 2 0:3 / {one} rw - xfs /dev/x rw\n" for one in self._targets)


@pytest.fixture
def setting(tmp_path):
    machine = FakeHost(tmp_path)
    machine.kernel = Mounts("/", "/other")
    return Setting(machine, "000001", "/folder")


def test_a_tree_goes_and_what_its_links_point_to_stays(tmp_path, setting):
    deep = tmp_path / "srv/old/a/b"
    deep.mkdir(parents=True)
    (deep / "file").write_text("x")
    outside = tmp_path / "precious"
    outside.mkdir()
    (outside / "file").write_text("x")
    (deep / "link").symlink_to(outside)

    WORKER.do(RemoveTree("/srv/old"), setting)
    WORKER.do(RemoveTree("/srv/old"), setting)

    assert not (tmp_path / "srv/old").exists()
    assert (outside / "file").exists()
    assert (tmp_path / "srv").exists()


@pytest.mark.parametrize("target", ["/srv/old", "/srv/old/inner"])
def test_what_something_is_mounted_in_stays(tmp_path, setting, target):
    (tmp_path / "srv/old/inner").mkdir(parents=True)
    setting.machine.kernel = Mounts("/", target)

    with pytest.raises(trees.MountedThere):
        WORKER.do(RemoveTree("/srv/old"), setting)

    assert (tmp_path / "srv/old/inner").exists()


@pytest.mark.parametrize(
    "path", ["/", "/usr", "/usr/share/doc", "/etc/docker", "/var", "/var/lib", "/home", "/boot/efi"]
)
def test_what_belongs_to_the_system_is_refused_before_anything_begins(setting, path):
    with pytest.raises(trees.SystemDirectory):
        WORKER.check(RemoveTree(path), setting)


def test_a_link_in_place_of_the_tree_goes_itself(tmp_path, setting):
    (tmp_path / "precious").mkdir()
    (tmp_path / "srv").mkdir()
    (tmp_path / "srv/old").symlink_to(tmp_path / "precious")

    WORKER.do(RemoveTree("/srv/old"), setting)

    assert (tmp_path / "precious").exists()
    assert not (tmp_path / "srv/old").is_symlink()

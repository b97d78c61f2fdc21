from __future__ import annotations

import json
from pathlib import Path

import pytest

from fake_host import put
from fake_storage import GIB, StorageHost, full_report, report, room
from wharfinger.hosts.on_host.machine import Machine, Ran
from wharfinger.hosts.on_host.storage import facts as storage_facts
from wharfinger.hosts.on_host.storage import reading
from wharfinger.hosts.on_host.storage.reports import ReportFailed

DISK = {
    "name": "/dev/vda",
    "kname": "/dev/vda",
    "maj:min": "254:0",
    "type": "disk",
    "size": GIB,
    "ro": False,
    "serial": "s-1",
}


@pytest.fixture
def host(tmp_path: Path) -> StorageHost:
    host = StorageHost(tmp_path)
    host.says = {
        ("lsblk",): report({"blockdevices": [DISK]}),
        ("wipefs",): report({"signatures": []}),
        ("lvm",): full_report(),
    }
    host.fake_kernel.mounts = "1 0 254:0 / / rw - ext4 /dev/root rw\n"
    host.fake_kernel.rooms["/"] = room(GIB, GIB // 2)
    put(tmp_path, "/usr/sbin/lvm")
    put(tmp_path, "/usr/bin/podman")
    put(tmp_path, "/etc/containers/storage.conf", b'[storage]\ndriver = "overlay"\n')
    return host


def test_the_facts_of_a_host_travel_as_json(host: StorageHost):
    found = reading.read_storage(host)

    document = json.loads(json.dumps(storage_facts.to_json(found)))
    assert storage_facts.from_json(document) == found
    assert found.tools == ("lvm",)
    assert found.devices[0].mounts == ("/",)
    assert found.mounts[0].source == "/dev/vda"
    assert [(one.name, one.driver) for one in found.engines] == [("containers", "overlay")]


def test_a_host_without_lvm_has_no_groups(host: StorageHost, tmp_path: Path):
    (tmp_path / "usr/sbin/lvm").unlink()
    del host.says["lvm",]

    assert reading.read_storage(host).groups == ()


def test_whoever_is_not_root_is_not_stopped_by_lvm_and_the_journal(host: StorageHost):
    host.fake_kernel.root = False
    host.says["lvm",] = Ran(5, "", "Permission denied")

    found = reading.read_storage(host)

    assert (found.groups, found.unfinished, len(found.devices)) == ((), "", 1)


def test_root_is_told_that_lvm_fails(host: StorageHost):
    host.says["lvm",] = Ran(5, "", "Permission denied")

    with pytest.raises(ReportFailed, match="lvm"):
        reading.read_storage(host)


def test_in_a_directory_tree_nothing_is_run(tmp_path: Path):
    put(tmp_path, "/usr/sbin/dockerd")
    put(tmp_path, "/etc/docker/daemon.json", b'{"data-root": "/srv/d"}')

    found = reading.read_storage(Machine(str(tmp_path)))

    assert (found.devices, found.mounts) == ((), ())
    assert found.engines[0].data_root == "/srv/d"

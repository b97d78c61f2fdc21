from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fake_host import put
from fake_storage import StorageHost
from wharfinger.hosts.on_host.processes import Process
from wharfinger.hosts.on_host.storage import docker_facts
from wharfinger.hosts.on_host.storage.facts import Engine, Usage

CONFIG = "/etc/docker/daemon.json"
INFO: dict[str, Any] = {
    "ServerVersion": "20.10.24+dfsg1",
    "DockerRootDir": "/run/d",
    "Driver": "devicemapper",
    "DriverStatus": [["Pool Name", "vg--0-docker--pool"], ["Udev Sync Supported", "true"]],
    "Containers": 2,
    "Images": 5,
    "Swarm": {"LocalNodeState": "inactive"},
    "SecurityOptions": ["name=seccomp,profile=default"],
}


@pytest.fixture
def host(tmp_path: Path) -> StorageHost:
    """A daemon that runs and answers."""
    host = StorageHost(tmp_path)
    put(tmp_path, "/usr/sbin/dockerd")
    host.daemons["dockerd"] = Process(100, ("dockerd",), unit="docker.service")
    host.api = {
        "/info": INFO,
        "/containers/json?all=1": [
            {"Id": "aaa", "Names": ["/web"], "State": "running"},
            {"Id": "bbb", "Names": ["/old"], "State": "exited"},
        ],
        "/volumes": {
            "Volumes": [{"Name": "data", "Driver": "local"}, {"Name": "far", "Driver": "nfs"}]
        },
        "/system/df": {
            "LayersSize": 1000,
            "Containers": [{"SizeRw": 10}, {"SizeRw": 20}],
            "Volumes": [
                {"Driver": "local", "UsageData": {"Size": 300}},
                {"Driver": "local", "UsageData": {"Size": -1}},
                {"Driver": "nfs", "UsageData": {"Size": 7}},
            ],
        },
    }
    return host


def read(host: StorageHost, *, usage: bool = False) -> Engine:
    found = docker_facts.read(host, usage=usage)
    assert found is not None
    return found


def stop(host: StorageHost) -> None:
    host.daemons.clear()
    host.api.clear()


def test_a_running_daemon_is_asked(host: StorageHost):
    found = read(host, usage=True)

    assert (found.version, found.driver, found.data_root) == (
        "20.10.24+dfsg1",
        "devicemapper",
        "/run/d",
    )
    assert (found.pool, found.pid, found.unit) == ("vg--0-docker--pool", 100, "docker.service")
    assert (found.running, found.containers, found.images) == (("web",), 2, 5)
    assert found.container_ids == ("aaa", "bbb")
    assert found.foreign_volumes == ("far",)
    assert found.usage == Usage(images=1000, containers=30, volumes=300)
    assert (found.swarm, found.rootless, found.snapshots) == (False, False, False)


def test_counting_is_left_where_nobody_asks_for_it(host: StorageHost):
    assert read(host).usage is None


def test_a_daemon_of_version_24_can_keep_images_in_containerd(host: StorageHost):
    host.api["/info"] = {**INFO, "ServerVersion": "24.0.7", "Driver": "overlayfs"}

    assert read(host).snapshots


def test_a_swarm_and_a_rootless_daemon_are_told(host: StorageHost):
    host.api["/info"] = {
        **INFO,
        "Swarm": {"LocalNodeState": "active"},
        "SecurityOptions": ["name=rootless"],
    }

    found = read(host)

    assert (found.swarm, found.rootless) == (True, True)


@pytest.mark.parametrize("answer", [None, [], {"Driver": None, "DriverStatus": 7}])
def test_an_answer_of_another_form_is_nothing(host: StorageHost, answer: Any):
    host.api = {"/info": answer}

    found = read(host)

    assert (found.driver, found.pid) == ("", 100)


def test_of_one_that_stands_still_its_files_tell(host: StorageHost, tmp_path: Path):
    stop(host)
    content = json.dumps({"data-root": "/srv/docker", "storage-driver": "overlay2"})
    put(tmp_path, CONFIG, content.encode())
    put(tmp_path, "/srv/docker/overlay2/l/x")
    (tmp_path / "srv/docker/devicemapper").mkdir()

    found = read(host)

    assert found == Engine(
        "docker",
        "",
        "/srv/docker",
        told_by=CONFIG,
        containerd_root="/var/lib/containerd",
        texts={CONFIG: content},
        stores=("overlay2",),
    )


def test_there_is_none_where_it_is_not_installed(tmp_path: Path):
    assert docker_facts.read(StorageHost(tmp_path), usage=True) is None


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("/etc/sysconfig/docker-storage", 'DOCKER_STORAGE_OPTIONS="--storage-driver overlay2 "'),
        ("/etc/default/docker", "DOCKER_OPTS='-s devicemapper'"),
        ("/etc/sysconfig/docker", "OPTIONS='--storage-driver=vfs'"),
        ("/etc/systemd/system/docker.service.d/driver.conf", "ExecStart=dockerd -s vfs"),
    ],
)
def test_the_file_that_says_the_driver_is_named(
    host: StorageHost, tmp_path: Path, path: str, line: str
):
    put(tmp_path, path, line.encode())
    stop(host)

    found = read(host)

    assert (found.told_by, found.texts) == (path, {path: line})


def test_a_comment_says_no_driver(host: StorageHost, tmp_path: Path):
    put(tmp_path, "/etc/default/docker", b"# DOCKER_OPTS='-s vfs'\nDOCKER_OPTS='--debug-some'\n")
    stop(host)

    assert read(host).told_by == ""


def test_a_driver_on_the_command_line_alone_is_told_so(host: StorageHost):
    host.daemons["dockerd"] = Process(100, ("dockerd", "--storage-driver", "vfs"))

    assert read(host).told_by == "command line"


def test_a_file_that_the_running_daemon_was_not_started_with_says_nothing(
    host: StorageHost, tmp_path: Path
):
    put(tmp_path, "/etc/default/docker", b"DOCKER_OPTS='-s vfs'\n")

    assert read(host).told_by == ""


def test_the_data_root_of_one_that_stands_still_may_be_an_option_in_a_file(
    host: StorageHost, tmp_path: Path
):
    put(tmp_path, "/etc/sysconfig/docker", b"OPTIONS='--selinux-enabled -g /data/docker'\n")
    stop(host)

    assert read(host).data_root == "/data/docker"


def test_a_containerd_that_docker_started_has_its_root_below_docker(host: StorageHost):
    host.daemons["containerd"] = Process(101, ("containerd",), parent=100)

    assert read(host).containerd_root == "/run/d/containerd/daemon"


def test_the_containerd_of_the_system_says_its_root_in_its_file(host: StorageHost, tmp_path: Path):
    content = b'version = 2\nroot = "/data/containerd"\n[plugins]\nroot = "/no"\n'
    put(tmp_path, "/etc/containerd/config.toml", content)

    assert read(host).containerd_root == "/data/containerd"

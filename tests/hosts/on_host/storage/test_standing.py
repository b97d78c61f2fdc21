from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_docker import DockerHost, FakeDocker, Notebook, container, image, tar_of
from fake_host import FakeHost, put
from wharfinger.hosts.on_host.results import Holds
from wharfinger.hosts.on_host.storage import boot_mounts, standing
from wharfinger.hosts.on_host.storage.docker import engine, inventory
from wharfinger.hosts.on_host.storage.journal import Journal, Phase
from wharfinger.hosts.on_host.storage.steps import MakeGroup, ProveInventory, StorageOrder

TARGET = "/var/lib/docker"
UNIT = f"{boot_mounts.UNITS}/var-lib-docker.mount"
WANTS = f"{boot_mounts.UNITS}/local-fs.target.wants/var-lib-docker.mount"
FIRST = image(tar_of({"bin/sh": b"shell"}), tags=("first:v1",))
SECOND = image(tar_of({"bin/sh": b"other"}), tags=("second:v1",))


@pytest.mark.parametrize(
    ("files", "holds"),
    [
        ({"/etc/fstab": "UUID=a /var/lib/docker xfs pquota 0 0\n"}, Holds.YES),
        ({"/etc/fstab": "UUID=a /var/lib/docker-old xfs pquota 0 0\n"}, Holds.NO),
        ({"/etc/fstab": "# UUID=a /var/lib/docker xfs pquota 0 0\n"}, Holds.NO),
        ({}, Holds.NO),
        ({"/run/systemd/system/x": "", UNIT: "[Mount]", WANTS: ""}, Holds.YES),
        ({"/run/systemd/system/x": "", UNIT: "[Mount]"}, Holds.NO),
        ({"/run/systemd/system/x": ""}, Holds.NO),
        (
            {"/run/systemd/system/x": "", "/etc/fstab": "/dev/d/x /var/lib/docker xfs defaults\n"},
            Holds.YES,
        ),
        # Without systemd nobody reads its units.
        ({UNIT: "[Mount]", WANTS: ""}, Holds.NO),
    ],
)
def test_a_mount_is_there_at_boot_by_a_line_or_by_a_unit_that_is_started(tmp_path, files, holds):
    for path, text in files.items():
        put(tmp_path, path, text.encode())

    told = standing.at_boot(FakeHost(tmp_path), TARGET)

    assert told.holds is holds
    assert bool(told.why) is (holds is Holds.NO)


@pytest.fixture
def docker(tmp_path: Path) -> Iterator[FakeDocker]:
    held = FakeDocker(tmp_path / "docker")
    with held.serving(tmp_path / "socket"):
        yield held


@pytest.fixture
def folder(docker: FakeDocker, tmp_path: Path) -> Path:
    """That of an order, which found two images, a volume and a container at its end."""
    docker.hold(FIRST, SECOND)
    docker.containers.append(container("web", FIRST))
    book = Notebook(DockerHost(tmp_path / "socket"), tmp_path)
    setting = book.setting()
    inventory.take(
        engine.connect(setting.machine), setting, contents=False, folder=str(tmp_path / "after")
    )
    return tmp_path


def test_what_was_proven_and_is_there_holds(docker, folder):
    docker.hold(image(tar_of({"new": b""}), tags=("new:v1",)))

    assert standing.still_there("000001", str(folder), host(folder)).holds is Holds.YES


def test_what_was_removed_since_is_told_and_not_judged(docker, folder):
    del docker.images[SECOND.id]
    docker.containers.clear()

    told = standing.still_there("000001", str(folder), host(folder))

    assert told.holds is Holds.UNKNOWN
    assert told.why == "not any more: image second:v1, container web"


def test_an_image_is_known_by_its_content_where_the_store_gives_it_another_id(docker, folder):
    docker.snapshots = True

    assert standing.still_there("000001", str(folder), host(folder)).holds is Holds.YES


def test_an_order_whose_inventory_is_gone_is_not_judged(docker, tmp_path):
    told = standing.still_there("000001", str(tmp_path), host(tmp_path))

    assert (told.holds, bool(told.why)) == (Holds.UNKNOWN, True)


def host(folder: Path) -> DockerHost:
    return DockerHost(folder / "socket")


def test_the_last_order_that_has_proven_something_counts(tmp_path):
    machine = FakeHost(tmp_path)
    journal = Journal(machine.files)
    assert standing.last_proof(machine) is None

    for step, phase in (
        (ProveInventory("docker", contents=False), Phase.APPLIED),
        (MakeGroup("docker", ("/dev/vdb",)), Phase.APPLIED),
        (ProveInventory("docker", contents=False), Phase.ROLLED_BACK),
    ):
        journal.end(journal.add(StorageOrder((step,)), 1.0), phase)

    told = standing.last_proof(machine)
    assert told is not None
    assert told.what == "what order 000001 has proven is there"
    assert told.holds is Holds.UNKNOWN

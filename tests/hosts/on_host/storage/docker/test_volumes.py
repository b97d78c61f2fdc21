from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fake_docker import FakeDocker, Notebook
from wharfinger.hosts.on_host.storage.docker import volumes
from wharfinger.hosts.on_host.storage.steps import ExportVolumes, ImportVolumes


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(tmp_path / "archives")


@pytest.fixture
def place(docker: FakeDocker) -> Path:
    """Where the files of one of two volumes are: the other one is mounted by its driver."""
    asked = {"Driver": "local", "Labels": {"a": "b"}}
    made = docker._volume({**asked, "Name": "data", "DriverOpts": None})
    docker._volume({**asked, "Name": "mounted", "DriverOpts": {"type": "nfs"}})
    place = Path(made["Mountpoint"])
    place.chmod(0o711)
    place.joinpath("one").write_text("content")
    place.joinpath("two").hardlink_to(place / "one")
    return place


def test_volumes_come_back_with_their_files(
    docker: FakeDocker, book: Notebook, folder: str, place: Path
) -> None:
    volumes.export(ExportVolumes("docker", folder), book.setting())
    before = dict(docker.volumes)
    docker.volumes.clear()
    shutil.rmtree(docker.root)

    for _ in range(2):
        volumes.bring_back(ImportVolumes("docker", folder), book.setting())

    assert docker.volumes == before
    assert place.joinpath("two").read_text() == "content"
    assert place.joinpath("two").samefile(place / "one")
    assert place.stat().st_mode & 0o777 == 0o711


def test_the_way_back_removes_those_that_were_made(
    docker: FakeDocker, book: Notebook, folder: str, place: Path
) -> None:
    volumes.export(ExportVolumes("docker", folder), book.setting())
    del docker.volumes["data"]

    volumes.bring_back(ImportVolumes("docker", folder), book.setting())
    volumes.take_out(ImportVolumes("docker", folder), book.setting())

    assert list(docker.volumes) == ["mounted"]


def test_a_copy_that_was_cut_short_goes_on(
    docker: FakeDocker, book: Notebook, folder: str, place: Path
) -> None:
    place.joinpath("file").write_text("x" * 5000)
    volumes.export(ExportVolumes("docker", folder), book.setting())
    copy = next(Path(folder).glob("volumes/*/file"))
    copy.unlink()
    Path(folder, "volumes.json").unlink()

    volumes.export(ExportVolumes("docker", folder), book.setting())

    assert copy.read_text() == "x" * 5000

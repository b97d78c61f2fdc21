from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fake_docker import FakeDocker, Notebook, container, digest_of, image, names_in, tar_of
from wharfinger.hosts.on_host.storage.docker import containers, images
from wharfinger.hosts.on_host.storage.docker.api import EngineFailed
from wharfinger.hosts.on_host.storage.steps import (
    ExportContainers,
    ExportImages,
    ImportContainers,
    ImportImages,
)
from wharfinger.hosts.on_host.storage.work import Refused

BASE = image(tar_of({"etc/passwd": b"root"}), tags=("app:v1",))


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(tmp_path / "archives")


def fill(docker: FakeDocker) -> None:
    docker.hold(BASE)
    wrote = container("wrote", BASE)
    wrote.changes, wrote.files = {"/new": 1}, {"new": b"written", "etc/passwd": b"root"}
    deleted = container("deleted", BASE)
    deleted.changes, deleted.files = {"/etc/passwd": 2, "/new": 1}, {"new": b"written"}
    beside = container("beside", BASE)
    beside.inspected["HostConfig"]["NetworkMode"] = f"container:{wrote.inspected['Id']}"
    docker.containers += [beside, wrote, deleted]


def export(folder: str, book: Notebook) -> None:
    images.export(ExportImages("docker", folder), book.setting())
    containers.check_export(ExportContainers("docker", folder), book.setting())
    containers.export(ExportContainers("docker", folder), book.setting())


def forget(docker: FakeDocker) -> None:
    docker.images.clear()
    docker.containers.clear()
    docker.driver = "overlay2"


def bring_back(folder: str, book: Notebook) -> None:
    images.bring_back(ImportImages("docker", folder), replace(book.setting(), notes={}))
    book.notes = {}
    containers.bring_back(ImportContainers("docker", folder), book.setting())


def test_containers_come_back_with_what_they_wrote(
    docker: FakeDocker, book: Notebook, folder: str
) -> None:
    fill(docker)
    export(folder, book)
    forget(docker)

    bring_back(folder, book)

    wrote = docker.found_container("wrote")
    assert wrote is not None
    assert wrote.files == {"new": b"written"}
    assert wrote.inspected["Config"]["Image"] == "app:v1"
    beside = docker.found_container("beside")
    assert beside is not None
    assert beside.inspected["HostConfig"]["NetworkMode"] == "container:wrote"
    names = [one.inspected["Name"] for one in docker.containers]
    assert names.index("/wrote") < names.index("/beside")


def test_what_was_deleted_is_a_layer_of_an_image_of_its_own(
    docker: FakeDocker, book: Notebook, folder: str
) -> None:
    fill(docker)
    export(folder, book)
    forget(docker)

    bring_back(folder, book)

    held = docker.found_container("deleted")
    assert held is not None
    given = docker.images[held.inspected["Image"]]
    assert given.layers[:-1] == BASE.layers
    assert names_in(given.layers[-1]) == ["new", "etc/.wh.passwd"]
    assert held.changes == {}
    assert containers.given_images(book.setting()) == {"deleted": given.id}


def test_a_container_that_may_not_write_gets_an_image_of_its_own_too(
    docker: FakeDocker, book: Notebook, folder: str
) -> None:
    fill(docker)
    wrote = docker.found_container("wrote")
    assert wrote is not None
    wrote.inspected["HostConfig"]["ReadonlyRootfs"] = True
    export(folder, book)
    forget(docker)

    bring_back(folder, book)

    assert sorted(containers.given_images(book.setting())) == ["deleted", "wrote"]


def test_a_copy_gives_the_same_images_however_often_it_is_made(
    docker: FakeDocker, book: Notebook, folder: str, tmp_path: Path
) -> None:
    fill(docker)
    export(folder, book)
    first = {path.name for path in tmp_path.glob("archives/configs/*")}
    export(folder, book)

    assert {path.name for path in tmp_path.glob("archives/configs/*")} == first
    assert len(first) == 2


def test_what_was_half_made_when_it_failed_is_made_anew(
    docker: FakeDocker, book: Notebook, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(docker)
    export(folder, book)
    forget(docker)
    container_request = docker._container

    def die(method: str, name: str, rest: list[str], *more: object) -> object:
        if rest == ["archive"]:
            return 500
        return container_request(method, name, rest, *more)  # type: ignore[arg-type]  # as it was given

    monkeypatch.setattr(docker, "_container", die)
    with pytest.raises(EngineFailed, match="give container wrote"):
        bring_back(folder, book)
    assert docker.found_container("wrote") is None
    monkeypatch.setattr(docker, "_container", container_request)

    containers.bring_back(ImportContainers("docker", folder), book.setting())

    assert sorted(one.inspected["Name"] for one in docker.containers) == [
        "/beside",
        "/deleted",
        "/wrote",
    ]


def test_those_that_are_there_are_left_alone_and_stay_on_the_way_back(
    docker: FakeDocker, book: Notebook, folder: str
) -> None:
    fill(docker)
    export(folder, book)
    forget(docker)
    docker.hold(BASE)
    own = container("wrote", BASE)
    docker.containers.append(own)

    bring_back(folder, book)
    made = len(docker.containers)
    containers.take_out(ImportContainers("docker", folder), book.setting())

    assert made == 3
    assert docker.containers == [own]
    assert set(docker.images) == {BASE.id}


def test_networks_are_made_where_they_are_missing(
    docker: FakeDocker, book: Notebook, folder: str
) -> None:
    fill(docker)
    docker.networks = [
        {"Name": "inner", "Driver": "bridge", "Labels": {"a": "b"}, "Scope": "local"}
    ]
    export(folder, book)
    forget(docker)
    docker.networks = []

    bring_back(folder, book)

    (made,) = docker.networks
    assert (made["Name"], made["Driver"], made["Labels"]) == ("inner", "bridge", {"a": "b"})


def test_containers_that_run_are_not_copied(
    docker: FakeDocker, book: Notebook, folder: str
) -> None:
    fill(docker)
    docker.containers[1].running = True

    with pytest.raises(Refused, match="wrote"):
        export(folder, book)


def test_the_digest_of_what_was_written_names_its_archive(
    docker: FakeDocker, book: Notebook, folder: str, tmp_path: Path
) -> None:
    fill(docker)
    export(folder, book)

    (path,) = tmp_path.glob("archives/written/*")
    assert digest_of(path.read_bytes())[7:] == path.name

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from fake_docker import DockerHost, FakeDocker, Notebook, digest_of, image, tar_of
from fake_host import FullDisk
from wharfinger.hosts.on_host.storage.docker import images
from wharfinger.hosts.on_host.storage.docker.api import EngineFailed
from wharfinger.hosts.on_host.storage.steps import ExportImages, ImportImages
from wharfinger.hosts.on_host.storage.work import Refused, StepFailed

BASE = tar_of({"bin/sh": b"shell" * 1000})
ONE, TWO = tar_of({"one": b"1"}), tar_of({"two": b"2"})
FIRST = image(BASE, ONE, tags=("first:v1", "127.0.0.1:5000/first:v1"))
SECOND = image(BASE, TWO, parent=FIRST.id, note="built from the first")
NO_LAYER_MORE = image(BASE, ONE, parent=FIRST.id, note="another configuration")
ALL = (FIRST, SECOND, NO_LAYER_MORE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "archives"


def export(folder: Path, book: Notebook) -> None:
    step = ExportImages("docker", str(folder))
    images.check_export(step, book.setting())
    images.export(step, book.setting())


def bring_back(folder: Path, book: Notebook) -> None:
    book.notes = images.bring_back(ImportImages("docker", str(folder)), book.setting())


@pytest.mark.parametrize("layout", ["legacy", "oci"])
def test_each_layer_is_kept_once_by_its_digest(
    docker: FakeDocker, book: Notebook, folder: Path, layout: str
) -> None:
    docker.layout = layout
    docker.hold(*ALL)

    export(folder, book)

    layers = {path.name: path.read_bytes() for path in folder.joinpath("layers").iterdir()}
    assert layers == {digest_of(one)[7:]: one for one in (BASE, ONE, TWO)}
    configs = {path.name for path in folder.joinpath("configs").iterdir()}
    assert configs == {one.id[7:] for one in ALL}


def test_another_engine_gets_names_layers_and_parents(
    docker: FakeDocker, book: Notebook, folder: Path
) -> None:
    docker.hold(*ALL)
    export(folder, book)
    before = dict(docker.images)
    docker.images.clear()
    docker.driver = "overlay2"

    bring_back(folder, book)

    assert docker.images == before


def test_only_what_is_wanting_is_copied_again(
    docker: FakeDocker, book: Notebook, folder: Path
) -> None:
    docker.hold(*ALL)
    export(folder, book)
    folder.joinpath("layers", digest_of(TWO)[7:]).unlink()
    docker.asked.clear()

    export(folder, book)

    assert docker.asked.count("GET /images/get") == 1


def test_a_configuration_is_read_where_the_engine_has_it(
    docker: FakeDocker, book: Notebook, folder: Path
) -> None:
    docker.hold(*ALL)
    place = docker.root / "image" / docker.driver / "imagedb" / "content" / "sha256"
    place.mkdir(parents=True)
    for one in ALL:
        (place / one.id[7:]).write_bytes(one.config)

    export(folder, book)

    assert docker.asked.count("GET /images/get") == 2  # the third has no layer of its own


def test_an_archive_that_breaks_off_fails_and_leaves_nothing_half(
    docker: FakeDocker, book: Notebook, folder: Path
) -> None:
    docker.hold(FIRST)
    docker.cut = 3000

    with pytest.raises(EngineFailed, match="untouched"):
        export(folder, book)

    assert list(folder.joinpath("layers").iterdir()) == []
    assert not folder.joinpath("images.json").exists()
    docker.cut = 0
    export(folder, book)


def test_the_reason_that_an_engine_writes_into_an_archive_is_told(
    docker: FakeDocker, book: Notebook, folder: Path
) -> None:
    docker.hold(FIRST)
    docker.cut = 1024
    docker.last_words = json.dumps(
        {"errorDetail": {"message": "input/output error"}, "error": "input/output error"},
        separators=(",", ":"),
    ).encode()

    with pytest.raises(EngineFailed, match=r"input/output error$"):
        export(folder, book)


def test_bytes_that_are_not_those_of_the_digest_are_not_kept(
    docker: FakeDocker, book: Notebook, folder: Path
) -> None:
    docker.hold(replace(FIRST, layers=(BASE, TWO)))

    with pytest.raises(EngineFailed, match=digest_of(ONE)):
        export(folder, book)

    kept = [path.name for path in folder.joinpath("layers").iterdir()]
    assert kept == [digest_of(BASE)[7:]]


def test_too_little_room_is_seen_before_anything_is_copied(
    docker: FakeDocker, book: Notebook, folder: Path
) -> None:
    huge = image(BASE, tags=("huge:v1",))
    docker.hold(huge)
    docker.layers_size = 1 << 60
    docker.inspected = lambda one: {**FakeDocker.inspected(docker, one), "Size": 1 << 60}  # type: ignore[method-assign]  # an engine with a huge image

    with pytest.raises(Refused, match="MiB are free"):
        export(folder, book)

    assert "GET /images/get" not in docker.asked


@pytest.mark.parametrize("first", range(20, 56, 3))
def test_a_disk_that_fills_up_stops_the_copy_cleanly(
    docker: FakeDocker, book: Notebook, folder: Path, tmp_path: Path, first: int
) -> None:
    docker.hold(*ALL)
    full = Notebook(DockerHost(tmp_path / "socket", disk=FullDisk(first)), tmp_path / "order")

    with pytest.raises((StepFailed, OSError), match=r"No space left"):
        export(folder, full)

    assert not folder.joinpath("incoming").exists()
    layers = folder.glob("layers/*")
    assert all(digest_of(path.read_bytes())[7:] == path.name for path in layers)
    export(folder, book)


def test_a_load_that_fails_with_status_200_fails(
    docker: FakeDocker, book: Notebook, folder: Path
) -> None:
    docker.hold(FIRST)
    export(folder, book)
    docker.images.clear()
    docker.refusal = "no space left on device"

    with pytest.raises(EngineFailed, match="no space left on device"):
        bring_back(folder, book)


def test_a_blob_that_has_changed_is_not_loaded(
    docker: FakeDocker, book: Notebook, folder: Path
) -> None:
    docker.hold(FIRST)
    export(folder, book)
    docker.images.clear()
    path = folder / "layers" / digest_of(BASE)[7:]
    path.write_bytes(path.read_bytes().replace(b"shell", b"rotten"[:5]))

    with pytest.raises(StepFailed, match="changed since"):
        bring_back(folder, book)

    assert docker.images == {}


def test_images_that_are_there_are_not_loaded_again(
    docker: FakeDocker, book: Notebook, folder: Path
) -> None:
    docker.hold(*ALL)
    export(folder, book)

    bring_back(folder, book)

    assert "POST /images/load" not in docker.asked


def test_the_way_back_removes_what_was_loaded_and_nothing_else(
    docker: FakeDocker, book: Notebook, folder: Path
) -> None:
    docker.hold(*ALL)
    export(folder, book)
    docker.images.clear()
    docker.hold(FIRST)

    bring_back(folder, book)
    images.take_out(ImportImages("docker", str(folder)), book.setting())

    assert list(docker.images) == [FIRST.id]


def test_a_store_of_containerd_gets_whole_images_and_knows_them_by_content(
    docker: FakeDocker, book: Notebook, folder: Path
) -> None:
    docker.hold(*ALL)
    export(folder, book)
    docker.images.clear()
    docker.snapshots, docker.driver = True, "overlayfs"

    bring_back(folder, book)
    docker.asked.clear()
    bring_back(folder, book)

    assert {one.layers for one in docker.images.values()} == {one.layers for one in ALL}
    assert {one.parent for one in docker.images.values()} == {""}  # it knows no parents
    assert "POST /images/load" not in docker.asked


def test_the_way_back_finds_in_containerd_what_was_loaded(
    docker: FakeDocker, book: Notebook, folder: Path
) -> None:
    docker.hold(*ALL)
    export(folder, book)
    docker.images.clear()
    docker.snapshots = True

    bring_back(folder, book)
    images.take_out(ImportImages("docker", str(folder)), book.setting())

    assert docker.images == {}


def test_images_are_not_copied_out_of_containerd(
    docker: FakeDocker, book: Notebook, folder: Path
) -> None:
    docker.snapshots = True

    with pytest.raises(Refused):
        export(folder, book)

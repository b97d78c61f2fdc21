from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fake_docker import FakeDocker, Notebook, container, image, tar_of
from wharfinger.hosts.on_host.storage.docker import proof
from wharfinger.hosts.on_host.storage.docker.proof import NotProven, WouldBeLost
from wharfinger.hosts.on_host.storage.steps import ProveInventory, TakeInventory
from wharfinger.hosts.on_host.storage.work import Refused, StepFailed

BASE = image(tar_of({"etc/passwd": b"root"}), tags=("app:v1",))
TAKE, PROVE = TakeInventory("docker", contents=True), ProveInventory("docker", contents=True)


@pytest.fixture
def place(docker: FakeDocker) -> Path:
    """Where the files of a volume are."""
    docker.hold(BASE)
    docker.containers.append(container("web", BASE))
    made = docker._volume({"Name": "data", "Driver": "local", "Labels": None, "DriverOpts": None})
    place = Path(made["Mountpoint"])
    place.joinpath("file").write_text("content")
    return place


def test_what_is_as_before_is_proven(docker: FakeDocker, book: Notebook, place: Path) -> None:
    proof.check_take(TAKE, book.setting())
    proof.take(TAKE, book.setting())
    docker.driver = "overlay2"

    notes = proof.prove(PROVE, book.setting())

    assert notes["proven"] == ["1 image, 1 volume, 1 container are as before"]


def test_what_is_not_as_before_is_told_line_by_line(
    docker: FakeDocker, book: Notebook, place: Path
) -> None:
    proof.take(TAKE, book.setting())
    place.joinpath("file").write_text("CONTENT")
    place.joinpath("more").touch()
    docker.images[BASE.id] = replace(BASE, tags=("app:v2",))

    with pytest.raises(NotProven) as caught:
        proof.prove(PROVE, book.setting())

    assert caught.value.details == (
        f"image {BASE.id[7:19]} lacks the name app:v1",
        "container web differs: image name was 'app:v1', is ''",
        "volume data: 2 files differ: file: another content, more was not there",
    )


def test_without_contents_nothing_is_asked_that_has_to_be_mounted(
    docker: FakeDocker, book: Notebook, place: Path
) -> None:
    """A pool that is full could not."""
    (web,) = docker.containers
    web.changes, web.files = {"/note": 1}, {}

    proof.take(TakeInventory("docker", contents=False), book.setting())
    notes = proof.prove(ProveInventory("docker", contents=False), book.setting())

    assert notes["proven"][0] == "1 image, 1 volume, 1 container are as before"
    asked = [one for one in docker.asked if one.endswith(("/changes", "/export"))]
    assert asked == []


def test_what_runs_again_may_write(docker: FakeDocker, book: Notebook, place: Path) -> None:
    (web,) = docker.containers
    mount = {"Type": "volume", "Name": "data", "Destination": "/data", "RW": True}
    web.inspected["Mounts"] = [mount]
    proof.take(TAKE, book.setting())
    web.running = True
    web.changes, web.files = {"/log": 1}, {"log": b"it runs"}
    place.joinpath("file").write_text("CONTENT")

    notes = proof.prove(PROVE, book.setting())

    assert notes["proven"][1:] == [
        "container web runs again: what it has written since is not compared"
    ]


@pytest.fixture
def moved(docker: FakeDocker, book: Notebook, place: Path) -> None:
    proof.take(TAKE, book.setting())
    proof.prove(PROVE, book.setting())


@pytest.mark.usefixtures("moved")
def test_what_is_as_it_was_proven_may_be_taken_back(book: Notebook) -> None:
    proof.check_undo(PROVE, book.setting())


@pytest.mark.usefixtures("moved")
def test_what_has_come_since_the_proof_is_not_thrown_away(
    docker: FakeDocker, book: Notebook, place: Path
) -> None:
    later = image(tar_of({"new": b"layer"}), tags=("later:v1",))
    docker.hold(later)
    docker.containers.append(container("later", later))
    docker._volume({"Name": "later", "Driver": "local", "Labels": None, "DriverOpts": None})
    place.joinpath("file").write_text("CONTENT")

    with pytest.raises(WouldBeLost) as caught:
        proof.check_undo(PROVE, book.setting())

    assert caught.value.details == (
        "image later:v1 is new",
        "volume later is new",
        "container later is new",
        "volume data: 1 file differs: file: another content",
    )


def test_without_an_inventory_nothing_is_proven(book: Notebook, place: Path) -> None:
    with pytest.raises(StepFailed, match="has not ended"):
        proof.prove(PROVE, book.setting())


def test_contents_are_not_read_while_somebody_may_write(
    docker: FakeDocker, book: Notebook, place: Path
) -> None:
    docker.containers[0].running = True

    with pytest.raises(Refused, match="web"):
        proof.take(TAKE, book.setting())


def test_another_engine_is_refused(book: Notebook) -> None:
    with pytest.raises(Refused, match="podman"):
        proof.check_take(TakeInventory("podman", contents=False), book.setting())

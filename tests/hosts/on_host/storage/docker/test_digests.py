from __future__ import annotations

import json
from pathlib import Path

import pytest

from fake_docker import Notebook
from fake_host import picture
from wharfinger.hosts.on_host.storage.docker import digests
from wharfinger.hosts.on_host.storage.steps import CarryDigests
from wharfinger.hosts.on_host.storage.work import StepFailed

NAMES = {"app": {"app:v1": "sha256:1", "app@sha256:d": "sha256:1"}, "gone": {"gone:v1": "sha256:2"}}


@pytest.fixture
def root(tmp_path: Path, book: Notebook) -> Path:
    assert book.machine.docker is not None
    book.machine.docker.alive = False
    store = tmp_path / "docker" / "image" / "devicemapper"
    store.joinpath("distribution", "diffid-by-digest", "sha256").mkdir(parents=True)
    store.joinpath("distribution", "diffid-by-digest", "sha256", "1").write_text("sha256:2")
    store.joinpath("repositories.json").write_text(json.dumps({"Repositories": NAMES}))
    return tmp_path / "docker"


def carry(root: Path) -> CarryDigests:
    return CarryDigests(str(root), str(root), "devicemapper", "overlay2")


def names(root: Path) -> dict[str, dict[str, str]]:
    content = root.joinpath("image", "overlay2", "repositories.json").read_text()
    found: dict[str, dict[str, str]] = json.loads(content)["Repositories"]
    return found


def test_names_and_digests_stand_in_the_new_store(book: Notebook, root: Path) -> None:
    source = picture(root / "image" / "devicemapper")
    for _ in range(2):
        digests.carry(carry(root), book.setting())

    assert names(root) == NAMES
    copied = root / "image/overlay2/distribution/diffid-by-digest/sha256/1"
    assert copied.read_text() == "sha256:2"
    assert root.joinpath("image", "overlay2", "repositories.json").stat().st_mode & 0o777 == 0o600
    assert picture(root / "image" / "devicemapper") == source


def test_what_the_new_store_says_already_stays(book: Notebook, root: Path) -> None:
    store = root / "image" / "overlay2"
    store.mkdir()
    held = {"app": {"app:v1": "sha256:3"}, "new": {"new:v1": "sha256:4"}}
    store.joinpath("repositories.json").write_text(json.dumps({"Repositories": held}))

    digests.carry(carry(root), book.setting())

    assert names(root) == {
        "app": {"app:v1": "sha256:3", "app@sha256:d": "sha256:1"},
        "gone": {"gone:v1": "sha256:2"},
        "new": {"new:v1": "sha256:4"},
    }


def test_the_way_back_takes_a_store_that_was_not_there(book: Notebook, root: Path) -> None:
    before = picture(root)
    digests.carry(carry(root), book.setting())
    root.joinpath("overlay2", "l").mkdir(parents=True)  # as the engine makes it
    root.joinpath("image", "overlay2", "imagedb").mkdir()

    digests.take_back(carry(root), book.setting())

    assert picture(root) == before


def test_the_way_back_leaves_a_store_that_was_there(book: Notebook, root: Path) -> None:
    store = root / "image" / "overlay2"
    store.joinpath("imagedb").mkdir(parents=True)
    root.joinpath("overlay2", "l").mkdir(parents=True)
    before = picture(root)

    digests.carry(carry(root), book.setting())
    digests.take_back(carry(root), book.setting())

    assert picture(root) == before


def test_an_engine_that_runs_would_write_over_them(book: Notebook, root: Path) -> None:
    assert book.machine.docker is not None
    book.machine.docker.alive = True

    with pytest.raises(StepFailed, match="runs"):
        digests.carry(carry(root), book.setting())


def test_a_file_that_docker_does_not_write_is_not_guessed_at(book: Notebook, root: Path) -> None:
    root.joinpath("image", "devicemapper", "repositories.json").write_text("[]")

    with pytest.raises(StepFailed, match="not as Docker writes it"):
        digests.carry(carry(root), book.setting())

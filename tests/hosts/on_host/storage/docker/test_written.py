from __future__ import annotations

import io
from pathlib import Path

import pytest

from fake_docker import FakeDocker, container, image, names_in, tar_of
from wharfinger.hosts.on_host.storage.docker import written
from wharfinger.hosts.on_host.storage.docker.api import Api, EngineFailed

BASE = image(tar_of({"etc/passwd": b"root"}), tags=("app:v1",))


@pytest.fixture
def api(docker: FakeDocker, tmp_path: Path) -> Api:
    held = container("web", BASE)
    held.changes = {
        "/opt": 0,
        "/opt/file": 0,
        "/etc/hosts": 1,
        "/new": 1,
        "/new/file": 1,
        "/gone": 2,
        "/data": 1,
        "/mnt": 0,
        "/mnt/volume": 1,
    }
    held.files = {
        "opt": None,
        "opt/file": b"changed",
        "opt/other": b"of the image",
        "etc/hosts": b"",
        "new": None,
        "new/file": b"new",
        "mnt": None,
    }
    docker.containers.append(held)
    return Api(str(tmp_path / "socket"))


def changes(api: Api) -> written.Changes:
    return written.changes(api, "web", ("/data", "/mnt/volume"))


def copied(api: Api, *, as_layer: bool) -> list[str]:
    into = io.BytesIO()
    written.copy(api, "web", changes(api), into, as_layer=as_layer)
    return names_in(into.getvalue())


def test_what_is_mounted_over_is_not_what_a_container_wrote(api: Api) -> None:
    found = changes(api)

    assert found.added | found.modified == {"/opt", "/opt/file", "/new", "/new/file"}
    assert found.leading == {"/mnt"}
    assert found.deleted == {"/gone"}


def test_an_archive_has_what_was_added_and_changed_and_the_way_to_mounts(api: Api) -> None:
    assert copied(api, as_layer=False) == ["opt", "opt/file", "new", "new/file", "mnt"]


def test_a_layer_deletes_too(api: Api) -> None:
    assert copied(api, as_layer=True)[-1] == ".wh.gone"


def test_a_directory_that_was_made_anew_hides_what_was_in_it(api: Api, docker: FakeDocker) -> None:
    (held,) = docker.containers
    held.changes = {"/opt": 2, "/opt/file": 1}

    assert copied(api, as_layer=True) == ["opt", "opt/.wh..wh..opq", "opt/file"]


def test_directories_that_only_changed_do_not_count(api: Api) -> None:
    found = written.fingerprints(api, "web", changes(api))

    assert sorted(found) == ["/gone", "/new", "/new/file", "/opt/file"]
    assert found["/gone"] == "deleted"


def test_other_bytes_are_another_fingerprint(api: Api, docker: FakeDocker) -> None:
    before = written.fingerprints(api, "web", changes(api))
    docker.containers[0].files["new/file"] = b"old"
    after = written.fingerprints(api, "web", changes(api))

    assert [path for path in before if before[path] != after[path]] == ["/new/file"]


def test_nothing_is_read_of_a_container_that_wrote_nothing(api: Api, docker: FakeDocker) -> None:
    docker.containers[0].changes = {}

    assert written.fingerprints(api, "web", changes(api)) == {}
    assert not any("export" in asked for asked in docker.asked)


def test_an_export_that_fails_in_the_middle_fails(api: Api, docker: FakeDocker) -> None:
    docker.last_words = b'{"errorDetail":{"message":"bad disk"},"error":"bad disk"}'

    with pytest.raises(EngineFailed, match="bad disk"):
        written.fingerprints(api, "web", changes(api))

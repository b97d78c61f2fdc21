"""An archive is read for its names, and copied without what nobody decided on."""

from __future__ import annotations

import gzip
import io
import json
import tarfile

import pytest

from wharfinger.hosts.on_host.docker_authz.archive import Archive, InvalidArchive


def entry(name, content=b"", *, kind=tarfile.REGTYPE, link=""):
    member = tarfile.TarInfo(name)
    member.size, member.type, member.linkname = len(content), kind, link
    return member, content


def saved(*entries, names=("good.test/a:1",), layers=("l1/layer.tar", "l2/layer.tar")):
    manifest = [{"Config": "c.json", "RepoTags": list(names), "Layers": list(layers)}]
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for member, content in (
            entry("l1/layer.tar", b"one" * 1000),
            entry("l2/layer.tar", b"two"),
            entry("c.json", b"{}"),
            entry("repositories", b'{"bad.test/a": {"1": "l2"}}'),
            entry("index.json", b"{}"),
            entry("manifest.json", json.dumps(manifest).encode()),
            *entries,
        ):
            tar.addfile(member, io.BytesIO(content))
    return raw.getvalue()


def opened(raw):
    return Archive(io.BytesIO(raw))


def names(archive):
    return [name.full() for image in archive.images for name in image.names]


def copied(archive):
    with tarfile.open(fileobj=io.BytesIO(b"".join(archive.copy()))) as tar:
        members = tar.getmembers()
        assert all(member.isreg() for member in members)
        return {member.name: tar.extractfile(member).read() for member in members}


def test_a_copy_holds_the_images_and_nothing_else():
    files = copied(opened(saved()))
    (image,) = json.loads(files.pop("manifest.json"))

    assert image["RepoTags"] == ["good.test/a:1"]
    assert files.pop(image["Config"]) == b"{}"
    assert [files.pop(layer) for layer in image["Layers"]] == [b"one" * 1000, b"two"]
    assert files == {}


def test_compression_is_undone():
    assert copied(opened(gzip.compress(saved()))) == copied(opened(saved()))


def test_a_layer_that_is_a_link_becomes_a_layer():
    link = entry("l3/layer.tar", kind=tarfile.SYMTYPE, link="../l1/layer.tar")
    files = copied(opened(saved(link, layers=("l3/layer.tar", "./l1/../l1/layer.tar"))))
    (image,) = json.loads(files["manifest.json"])

    assert len(set(image["Layers"])) == 1
    assert files[image["Layers"][0]] == b"one" * 1000


def test_of_two_manifests_the_one_that_was_read_is_sent():
    later = entry(
        "./manifest.json", b'[{"Config": "c.json", "RepoTags": ["bad.test/b:1"], "Layers": []}]'
    )
    archive = opened(saved(later))
    (image,) = json.loads(copied(archive)["manifest.json"])

    assert names(archive) == image["RepoTags"] == ["bad.test/b:1"]


def test_names_are_filled_in_as_the_engine_does():
    assert names(opened(saved(names=("busybox:1",)))) == ["docker.io/library/busybox:1"]


def test_an_image_may_be_without_a_name():
    raw = saved(entry("manifest.json", b'[{"Config": "c.json", "RepoTags": null, "Layers": []}]'))

    assert names(opened(raw)) == []


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no archive",
        gzip.compress(b"no archive", mtime=0),
        saved()[:1000],
        saved(names=("../etc",)),
        saved(layers=("none",)),
        saved(layers=("../../etc/passwd",)),
        saved(entry("manifest.json", b"{")),
        saved(entry("manifest.json", b"[1]")),
        saved(entry("manifest.json", b'[{"RepoTags": []}]')),
        saved(entry("manifest.json", kind=tarfile.SYMTYPE, link="manifest.json")),
        saved(entry("manifest.json", kind=tarfile.SYMTYPE, link="/etc/passwd")),
        saved(entry("c.json", kind=tarfile.FIFOTYPE)),
        saved(entry("manifest.json", b"[" + b" " * (8 << 20) + b"]")),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(raw):
    with pytest.raises(InvalidArchive):
        opened(raw)

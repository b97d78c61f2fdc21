"""`wharf copy` between our server, docker-registry, layouts and archives, and what others read of it afterwards."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import made_images
from e2e import clients, images, machine, stalling_registry
from e2e.clients import Docker, Kubectl, Skopeo
from e2e.docker_daemon import DockerDaemon
from e2e.docker_registry import DockerRegistry
from e2e.machine import Done
from e2e.stalling_registry import StallingRegistry
from e2e.wharf import WHARF, Wharf
from wharfinger.oci.names import Tag
from wharfinger.remote.layouts.oci_layout import OciLayout

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    registry = DockerRegistry(tmp_path_factory.mktemp("other") / "registry")
    yield registry
    registry.stop()


@pytest.fixture
def token(admin: Kubectl, project: str) -> str:
    """A token of somebody who may do all to the images of the project, which this makes."""
    admin("create", "namespace", project).check()
    admin("-n", project, "create", "serviceaccount", "editor").check()
    grant = ("--clusterrole=registry-editor", f"--serviceaccount={project}:editor")
    admin("-n", project, "create", "rolebinding", "editor", *grant).check()
    return admin.token(project, "editor")


class Copier:
    """Somebody whose login for our server is in the file that docker writes."""

    def __init__(self, wharf: Wharf, token: str, folder: Path) -> None:
        self._folder = folder
        self._certificates = clients.certificates(folder, wharf)
        pair = base64.b64encode(f"anyone:{token}".encode()).decode()
        self._auth = folder / "auth.json"
        self._auth.write_text(json.dumps({"auths": {wharf.host: {"auth": pair}}}))
        self._ours = f"docker://{wharf.host}/"

    def __call__(self, source: str, target: str, *words: str) -> Done:
        sides = [f"--authfile={self._auth}", "--progress=plain"]
        for side, name in (("src", source), ("dest", target)):
            if name.startswith(self._ours):
                sides.append(f"--{side}-cert-dir={self._certificates}")
            elif name.startswith("docker://"):
                sides.append(f"--{side}-tls-verify=false")
        environ = {"HOME": str(self._folder)}
        return machine.run(WHARF, "copy", *sides, *words, source, target, environ=environ)

    def json(self, source: str, target: str, *words: str) -> Any:
        return json.loads(self(source, target, "-o", "json", *words).check())


@pytest.fixture
def copy(wharf: Wharf, token: str, tmp_path: Path) -> Copier:
    folder = tmp_path / "copier"
    folder.mkdir()
    return Copier(wharf, token, folder)


def test_an_index_goes_round_unchanged(
    wharf: Wharf, other: DockerRegistry, copy: Copier, token: str, project: str, tmp_path: Path
) -> None:
    digest = images.multi_arch_layout(tmp_path / "in", ("amd64", "arm64"))
    there, here = f"docker://{other.host}/round/app:1", f"docker://{wharf.host}/{project}/app:1"
    skopeo = Skopeo(tmp_path / "skopeo", wharf, token)

    copy(f"oci:{tmp_path / 'in'}", there).check()
    first = copy.json(there, here)
    again = copy.json(there, here)
    moved = copy.json(here, f"docker://{wharf.host}/{project}/more/app:1")
    copy(here, f"oci:{tmp_path / 'out'}:x").check()

    assert first["copied"] == again["same"] == [{"image": "1", "digest": digest}]
    assert (first["bytes"] > 0, again["bytes"], moved["bytes"]) == (True, 0, 0)
    assert images.digest_of(skopeo.inspect(here, "--raw").check().encode()) == digest
    raw = machine.run("skopeo", "inspect", "--raw", f"oci:{tmp_path / 'out'}:x").check()
    assert images.digest_of(raw.encode()) == digest
    refused = copy(f"{here.removesuffix(':1')}@{digest}", f"{there}@sha256:{'a' * 64}")
    assert "has the digest" in refused.err


def test_docker_reads_archives_of_ours_and_we_read_those_of_docker(
    wharf: Wharf,
    other: DockerRegistry,
    docker_daemon: DockerDaemon,
    copy: Copier,
    project: str,
    tmp_path: Path,
) -> None:
    docker = Docker(machine.need("docker"), docker_daemon, tmp_path / "docker")
    name, there = f"{other.host}/archived/app:1", f"docker://{other.host}/archived/app:1"
    docker("import", "-", name, given=images.root_file_system()).check()
    config = docker("image", "inspect", "--format={{.Id}}", name).check()
    docker("save", "-o", tmp_path / "saved.tar", name).check()
    docker.forget(name)

    copy(f"docker-archive:{tmp_path / 'saved.tar'}:{name}", there).check()
    docker("pull", name).check()
    assert docker("image", "inspect", "--format={{.Id}}", name).check() == config
    docker.forget(name)
    copy(there, f"docker://{wharf.host}/{project}/app:2").check()
    copy(f"docker://{wharf.host}/{project}/app:2", f"docker-archive:{tmp_path / 'ours.tar'}:{name}")
    docker("load", "-i", tmp_path / "ours.tar").check()

    assert docker("image", "inspect", "--format={{.Id}}", name).check() == config
    machine.run("skopeo", "inspect", f"docker-archive:{tmp_path / 'ours.tar'}:{name}").check()
    docker.forget(name)


async def test_a_repository_is_mirrored_with_what_is_about_its_images(
    wharf: Wharf, other: DockerRegistry, copy: Copier, token: str, project: str, tmp_path: Path
) -> None:
    layout = OciLayout.to_write(tmp_path / "in")
    image = made_images.image(made_images.tar(tide=b"high"))
    about = made_images.image(b"signed", about=image.digest)
    for one, reference in ((image, Tag("1")), (about, about.digest)):
        for digest, blob in one.blobs.items():
            await layout.put_blob(digest, len(blob), made_images.pieces(blob, 1 << 20))
        await layout.put_manifest(reference, one.manifest)
    await layout.put_manifest(Tag("2"), image.manifest)
    there, here = f"docker://{other.host}/mirrored/app", f"docker://{wharf.host}/{project}/app"
    copy(f"oci:{tmp_path / 'in'}", there, "--all-tags", "--referrers").check()
    copy(f"oci:{tmp_path / 'in'}:1", f"{here}:old").check()
    words = ("--all-tags", "--referrers", "--delete-extra")

    plan = copy.json(there, here, *words, "--plan")
    unasked = copy(there, here, *words)
    done = copy.json(there, here, *words, "--yes")

    changes = {one["image"]: one["change"] for one in plan["changes"]}
    assert (changes["1"], changes["old"]) == ("new", "delete")
    assert unasked.code == 2
    assert done["deleted"] == ["old"]
    fallback = f"sha256-{image.digest.hex}"
    assert tags(wharf, f"{project}/app", token) == {"1", "2", fallback}
    listed = ask(wharf, f"/v2/{project}/app/referrers/{image.digest}", token)
    assert [one["digest"] for one in listed["manifests"]] == [str(about.digest)]
    assert copy.json(there, here, *words)["copied"] == []


def test_what_was_stopped_is_gone_on_with(tmp_path: Path) -> None:
    with stalling_registry.serving() as registry:
        out = tmp_path / "out"
        for number in (signal.SIGINT, signal.SIGKILL):
            process = started(registry, out)
            assert registry.stalled.wait(60)
            machine.eventually("the other blobs", lambda: len(whole(out)) == 2 or None)
            process.send_signal(number)
            code = process.wait(30)
            registry.stalled.clear()
            assert code == (130 if number == signal.SIGINT else -signal.SIGKILL)
            assert len(whole(out)) == 2
        registry.released.set()

        assert started(registry, out).wait(60) == 0

    assert dict(registry.asked) == {str(one): 1 for one in registry.blobs} | {registry.slow: 3}
    manifest = OciLayout.existing(out).entry("1").descriptor.digest
    assert manifest == registry.manifest.digest
    assert not [one for one in (out / "blobs/sha256").iterdir() if one.name.startswith(".")]


def started(registry: StallingRegistry, out: Path) -> subprocess.Popen[bytes]:
    words = ("--src-tls-verify=false", "-q", f"docker://{registry.host}/slow/app:1", f"oci:{out}")
    return subprocess.Popen((WHARF, "copy", *words), env={**os.environ, "HOME": str(out.parent)})


def whole(layout: Path) -> list[str]:
    """The blobs that a layout has, without those that are being written."""
    found = layout.glob("blobs/sha256/*")
    return [one.name for one in found if not one.name.startswith(".")]


def tags(wharf: Wharf, repository: str, token: str) -> set[str]:
    return set(ask(wharf, f"/v2/{repository}/tags/list", token)["tags"])


def ask(wharf: Wharf, path: str, token: str) -> Any:
    request = urllib.request.Request(wharf.url + path)
    pair = base64.b64encode(f"anyone:{token}".encode()).decode()
    request.add_header("Authorization", f"Basic {pair}")
    with urllib.request.urlopen(request, timeout=10, context=wharf.context()) as answer:
        return json.load(answer)

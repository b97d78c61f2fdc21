"""
Real Podman and Skopeo do as the site file says: search, allow, block, mirrors, insecure registries and
a private authority. Each test ends with an undo that brings back every byte.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import made_certificates
from e2e import containers_host, every_registry, machine
from e2e.lone_host import LoneHost
from e2e.machine import Done

pytestmark = pytest.mark.e2e

NAMES = ("registry.test", "other.test", "mirror.test", "plain.test")
TRUST = """
trust:
  registries:
    registry.test: {ca: ca.crt}
    'registry.test:443': {ca: ca.crt}
    'registry.test:5000': {ca: ca.crt}
    'other.test:5000': {ca: ca.crt}
    mirror.test: {ca: ca.crt}
    'mirror.test:443': {ca: ca.crt}
    'mirror.test:5000': {ca: ca.crt}
"""
POLICY = "/etc/containers/policy.json"
DROP_IN = "/etc/containers/registries.conf.d/50-wharfinger.conf"
SIGNED = """\
{   "default": [ {"type": "insecureAcceptAnything"} ],
    "transports": {
        "docker": { "registry.test:5000/signed":
            [ {"type": "signedBy", "keyType": "GPGKeys", "keyPath": "/etc/site.gpg"} ] },
        "docker-daemon": {"": [{"type": "insecureAcceptAnything"}]}
    }
}
"""


class Containers:
    """A host with both tools, and a registry under all names: with a private authority at 443 and
    5000, without TLS at 5002. The host's own `policy.json` asks for signatures below one path."""

    def __init__(self, folder: Path) -> None:
        for tool in ("podman", "skopeo"):
            machine.need(tool)
        self.host = LoneHost(folder, *NAMES)
        authority = made_certificates.authority()
        server = made_certificates.server(authority, *NAMES)
        (folder / "ca.crt").write_bytes(authority.pem)
        (folder / "server.pem").write_bytes(server.pem + server.key_pem)
        self.host.write(POLICY, SIGNED)
        self.host.write("/etc/site.gpg", "no key\n")
        self._asked = folder / "asked"
        self.host.start(
            *(sys.executable, every_registry.__file__, self._asked),
            *(f"443,{folder / 'server.pem'}", f"5000,{folder / 'server.pem'}", "5002"),
            name="registry",
        )
        machine.eventually("a registry", lambda: every_registry.is_ready(self._asked))
        self.applied = 0
        self._stores = folder / "stores"
        self._stores.mkdir()

    def apply(self, site: str) -> Done:
        self.applied += 1
        (self.host.folder / "site.yaml").write_text(site)
        program = containers_host.__file__
        return self.host.run(sys.executable, program, "apply", self.host.folder / "site.yaml")

    def undo(self) -> None:
        for _ in range(self.applied):
            self.host.run(sys.executable, containers_host.__file__, "undo").check()
        self.applied = 0

    def podman(self, *words: str | Path) -> Done:
        """With a store of its own, so that nothing is there already."""
        store = Path(tempfile.mkdtemp(dir=self._stores))
        return self.host.run(
            *("podman", "--root", store / "root", "--runroot", store / "run"),
            *("--storage-driver", "vfs", *words),
        )

    def skopeo(self, image: str) -> Done:
        target = tempfile.mkdtemp(dir=self._stores)
        return self.host.run("skopeo", "copy", f"docker://{image}", f"dir:{target}")

    def asked(self) -> list[str]:
        """The hosts and repositories that were asked for a manifest since the last time."""
        lines = self._asked.read_text().splitlines()
        self._asked.write_text("")
        return list(dict.fromkeys(line.partition("/manifests/")[0] for line in lines))


@pytest.fixture(scope="module")
def started() -> Iterator[Containers]:
    with tempfile.TemporaryDirectory(prefix="wharf-", ignore_cleanup_errors=True) as folder:
        containers = Containers(Path(folder))
        yield containers
        containers.host.stop()


@pytest.fixture(scope="module")
def trusting(started: Containers) -> Iterator[Containers]:
    before = started.host.tree("/etc/containers")
    assert all("x509" in done.err for done in both(started, "registry.test:5000/app"))
    assert "proven" in started.apply(TRUST).check()
    started.applied = 0
    yield started
    started.applied = 1
    started.undo()
    assert started.host.tree("/etc/containers") == before


@pytest.fixture
def containers(trusting: Containers) -> Iterator[Containers]:
    """What a test applies is undone, and not a byte is left of it."""
    before = trusting.host.tree("/etc/containers")
    yield trusting
    trusting.undo()
    assert trusting.host.tree("/etc/containers") == before


def both(containers: Containers, image: str) -> list[Done]:
    return [containers.podman("pull", image), containers.skopeo(image)]


def test_a_private_authority_is_trusted_for_its_registry(containers: Containers) -> None:
    for done in both(containers, "registry.test:5000/app"):
        done.check()
    for done in both(containers, "other.test/app"):
        assert "x509" in done.err
    assert "nothing to do" in containers.apply(TRUST).check()
    containers.applied = 0


def test_only_what_is_insecure_is_reached_without_tls(containers: Containers) -> None:
    assert not any(done.ok for done in both(containers, "plain.test:5002/app"))

    containers.apply("registries: {insecure: ['plain.test:5002']}").check()

    for done in both(containers, "plain.test:5002/app"):
        done.check()
    assert not any(done.ok for done in both(containers, "other.test:5002/app"))


def test_a_blocked_registry_is_not_even_asked(containers: Containers) -> None:
    site = "registries: {block: ['other.test:5000', registry.test/old]}\n"
    containers.apply(site).check()
    containers.asked()

    for image in ("other.test:5000/app", "registry.test/old/app", "registry.test:443/old/app"):
        for done in both(containers, image):
            assert "is blocked in" in done.err
    assert containers.asked() == []
    for done in both(containers, "registry.test/older/app"):
        done.check()
    pushed = containers.host.run(
        *("skopeo", "copy", "docker://registry.test/app", "docker://other.test:5000/app")
    )
    assert "other.test:5000 is blocked in" in pushed.err


def test_an_allow_list_refuses_registries_and_no_archives(containers: Containers) -> None:
    site = "registries: {allow: ['registry.test:5000', mirror.test/team], block: [all]}\n"
    containers.apply(site).check()

    for image in ("registry.test:5000/app", "mirror.test/team/app", "mirror.test:443/team"):
        for done in both(containers, image):
            done.check()
    for image in ("other.test:5000/app", "registry.test/app", "mirror.test/teams/app"):
        for done in both(containers, image):
            assert "rejected by policy" in done.err
    target = tempfile.mkdtemp(dir=containers.host.folder)
    containers.host.run(
        *("skopeo", "copy", "docker://registry.test:5000/app", f"oci-archive:{target}/app.tar")
    ).check()
    containers.podman("load", "--input", f"{target}/app.tar").check()


def test_a_mirror_is_asked_first_and_the_registry_after_it(containers: Containers) -> None:
    site = "registries: {mirrors: {registry.test: [mirror.test:5000/hub, nobody.test]}}\n"
    containers.apply(site).check()
    containers.asked()

    containers.skopeo("registry.test/team/app").check()
    assert containers.asked() == ["mirror.test:5000 /v2/hub/team/app"]

    gone = "registries: {mirrors: {registry.test: [nobody.test]}}\n"
    containers.apply(gone).check()
    containers.podman("pull", "registry.test/team/app").check()
    assert containers.asked() == ["registry.test /v2/team/app"]


def test_a_short_name_is_searched_in_order(containers: Containers) -> None:
    site = (
        "registries: {search: [other.test, 'registry.test:5000'], block: [other.test], "
        "shortNames: permissive}\n"
    )
    containers.apply(site).check()
    containers.asked()

    containers.podman("pull", "harbour/app").check()

    assert containers.asked() == ["registry.test:5000 /v2/harbour/app"]
    enforced = site.replace("permissive", "enforcing")
    containers.apply(enforced).check()
    assert "cannot prompt without a TTY" in containers.podman("pull", "harbour/app").err


def test_signatures_are_asked_for_through_block_and_allow(containers: Containers) -> None:
    image = "registry.test:5000/signed/app"
    containers.apply("registries: {block: ['registry.test:5000']}\n").check()
    policy = json.loads(containers.host.path(POLICY).read_text())
    scopes = policy["transports"]["docker"]
    assert [one["type"] for one in scopes["registry.test:5000/signed"]] == ["signedBy", "reject"]

    site = "registries: {allow: ['registry.test:5000'], block: [all]}\n"
    containers.apply(site).check()

    for done in both(containers, image):
        assert not done.ok
        assert "signature" in done.err or "key" in done.err
    for done in both(containers, "registry.test:5000/unsigned/app"):
        done.check()


def test_explain_names_the_file_that_decides(containers: Containers) -> None:
    site = "registries: {allow: ['registry.test:5000'], block: [all]}\n"
    containers.apply(site).check()

    refused = containers.host.wharf("explain", "other.test:5000/app", "-o", "json")
    allowed = containers.host.wharf("explain", "registry.test:5000/app", "-o", "json")

    (found,) = _of_containers(refused)
    line = int(found["decidedBy"].removeprefix(f"{POLICY}:"))
    assert (
        '"": [{"type": "reject"}]'
        in containers.host.path(POLICY).read_text().splitlines()[line - 1]
    )
    assert not found["allowed"]
    (found,) = _of_containers(allowed)
    (source,) = found["sources"]
    assert found["allowed"]
    assert not source["insecure"]
    assert source["authorities"][0].startswith("/etc/containers/certs.d/registry.test:5000/wharf")


def _of_containers(done: Done) -> list[dict]:
    return [one for one in json.loads(done.out)["items"] if one["runtime"] == "containers"]

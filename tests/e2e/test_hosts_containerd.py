"""
A real containerd pulls as the site file says: with a private authority, a client certificate, through
a mirror, insecurely, and not at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import made_certificates
from e2e import images, machine
from e2e.lone_host import LoneHost
from e2e.machine import Done

pytestmark = pytest.mark.e2e

CONFIG = "/etc/containerd/config.toml"
CERTS_D = "/etc/containerd/certs.d"
NAMES = ("registry.test", "guarded.test", "plain.test", "upstream.test", "other.test")


class Containerd:
    """The daemon, and registries: one with a private authority at 5000, one that asks for a client
    certificate at 5001, a plain one at 5002. Each holds `app:1` and `hub/app:1`."""

    def __init__(self, folder: Path) -> None:
        for program in ("containerd", "ctr", "curl", "docker-registry", "skopeo"):
            machine.need(program)
        self.host = LoneHost(folder, *NAMES)
        self.folder = folder
        self._make_certificates()
        images.multi_arch_layout(folder / "image", ("amd64",))
        self._registry(5000, tls=True)
        self._registry(5001, tls=True, clients=True)
        self._registry(5002)
        self.host.write(CONFIG, self.config())
        self.host.start("containerd", name="containerd")
        self.host.eventually("containerd", lambda: self.host.run("ctr", "version").ok or None)

    def config(self) -> str:
        return (
            f'version = 2\nroot = "{self.folder}/containerd"\n\n'
            '# set by hand\n[plugins."io.containerd.internal.v1.opt"]\n'
            f'  path = "{self.folder}/opt"\n'
        )

    def _make_certificates(self) -> None:
        authority = made_certificates.authority()
        server = made_certificates.server(authority, *NAMES, "127.0.0.1", "::1")
        client = made_certificates.client(authority)
        for name, content in {
            "ca.crt": authority.pem,
            "server.crt": server.pem,
            "server.key": server.key_pem,
            "client.cert": client.pem,
            "client.key": client.key_pem,
        }.items():
            (self.folder / name).write_bytes(content)
            (self.folder / name).chmod(0o600)

    def _registry(self, port: int, *, tls: bool = False, clients: bool = False) -> None:
        name = f"registry-{port}"
        http: dict[str, object] = {"addr": f":{port}"}
        if tls:
            certificate = {key: f"{self.folder}/server.{end}" for key, end in _PAIR.items()}
            trusted = {"clientcas": [f"{self.folder}/ca.crt"]} if clients else {}
            http["tls"] = {**certificate, **trusted}
        settings = {
            "version": 0.1,
            "storage": {"filesystem": {"rootdirectory": str(self.folder / name)}},
            "http": http,
        }
        (self.folder / f"{name}.yml").write_text(json.dumps(settings))
        self.host.start(
            *("env", "OTEL_TRACES_EXPORTER=none"),
            *("docker-registry", "serve", self.folder / f"{name}.yml"),
            name=name,
        )
        for image in ("app:1", "hub/app:1"):
            self.host.eventually(name, lambda image=image: self._seed(port, image) or None)

    def _seed(self, port: int, image: str) -> bool:
        certificates = self.folder / "seeding"
        certificates.mkdir(exist_ok=True)
        for end in ("cert", "key"):
            (certificates / f"c.{end}").write_bytes((self.folder / f"client.{end}").read_bytes())
        return self.host.run(
            *("skopeo", "copy", "--all", "--dest-tls-verify=false"),
            *("--dest-cert-dir", certificates, f"oci:{self.folder / 'image'}"),
            f"docker://127.0.0.1:{port}/{image}",
        ).ok

    def pull(self, image: str) -> Done:
        return self.host.run("ctr", "images", "pull", "--hosts-dir", CERTS_D, image)

    def cri_status(self, image: str) -> str:
        """Pull as the kubelet does, by the gRPC call PullImage; return its `grpc-status`, 0 if it worked."""
        name = image.encode()
        spec = b"\x0a" + bytes([len(name)]) + name  # ImageSpec.image
        request = b"\x0a" + bytes([len(spec)]) + spec  # PullImageRequest.image
        done = self.host.run(
            *(
                "curl",
                "-sS",
                "--http2-prior-knowledge",
                "--dump-header",
                "-",
                "--output",
                "/dev/null",
            ),
            *("--unix-socket", "/run/containerd/containerd.sock", "--data-binary", "@-"),
            *("-H", "content-type: application/grpc", "-H", "te: trailers"),
            "http://localhost/runtime.v1.ImageService/PullImage",
            given=b"\0" + len(request).to_bytes(4, "big") + request,
        )
        found = re.search(r"^grpc-status: (\d+)", done.check(), re.MULTILINE)
        assert found is not None, done.out
        return found[1]

    def pulled(self, image: str) -> bool:
        """Pull as if for the first time."""
        self.host.run("ctr", "images", "rm", "--sync", image)
        return self.pull(image).ok


_PAIR = {"certificate": "crt", "key": "key"}


@pytest.fixture
def containerd(short_path: Path) -> Iterator[Containerd]:
    daemon = Containerd(short_path)
    yield daemon
    daemon.host.stop()


def test_pulls_are_as_the_site_file_says(containerd: Containerd) -> None:
    host = containerd.host
    before = host.tree("/etc/containerd")
    trusted = ("registry.test:5000/app:1", "127.0.0.1:5000/app:1", "[::1]:5000/app:1")
    guarded, plain = "guarded.test:5001/app:1", "plain.test:5002/app:1"
    through_mirror = "upstream.test:6000/app:1"
    for image in (*trusted, guarded, plain, through_mirror):
        assert not containerd.pulled(image), image

    done = host.apply(
        """
registries:
  insecure: ["plain.test:5002"]
  mirrors:
    "upstream.test:6000": ["registry.test:5000/hub"]
trust:
  registries:
    "registry.test:5000": {ca: ca.crt}
    "127.0.0.1:5000": {ca: ca.crt}
    "[::1]:5000": {ca: ca.crt}
    "guarded.test:5001": {ca: ca.crt, client: {cert: client.cert, key: client.key}}
"""
    )

    assert "restart containerd" in done.check()
    taken = host.run("containerd", "config", "dump").check()
    assert f'config_path = "{CERTS_D}"' in taken
    cri = host.run("ctr", "plugins", "ls", "id==cri").check().split()
    assert cri[-1] == "ok"
    for image in (*trusted, guarded, plain, through_mirror):
        containerd.pull(image).check()
    # The kubelet's grammar of image names has no IPv6 addresses.
    for image in (*trusted[:2], guarded, plain, through_mirror):
        assert containerd.cri_status(image) == "0", image
    assert containerd.cri_status("other.test:5000/app:1") != "0"
    key = host.path(f"{CERTS_D}/guarded.test:5001/wharfinger.key")
    assert key.stat().st_mode & 0o777 == 0o600
    assert "nothing to do" in host.wharf("apply", containerd.folder / "site.yaml", "--yes").check()

    host.wharf("undo").check()

    assert host.tree("/etc/containerd") == before
    assert not containerd.pulled(trusted[0])


def test_blocked_registries_are_not_pulled_from_and_nothing_restarts_for_it(
    containerd: Containerd,
) -> None:
    host = containerd.host
    trust = """
trust:
  registries:
    "registry.test:5000": {ca: ca.crt}
    "other.test:5000": {ca: ca.crt}
"""
    host.apply(trust).check()
    assert containerd.pulled("other.test:5000/app:1")
    pid = host.run("pidof", "containerd").check()

    host.apply('registries: {block: ["other.test:5000"]}' + trust).check()

    refused = containerd.pull("other.test:5000/app:1")
    assert "no resolve hosts" in refused.err + refused.out
    assert containerd.pulled("registry.test:5000/app:1")

    host.apply('registries: {allow: ["registry.test:5000"], block: [all]}' + trust).check()

    assert containerd.pulled("registry.test:5000/app:1")
    for image in ("other.test:5000/app:1", "127.0.0.1:5000/app:1", "docker.io/library/app:1"):
        refused = containerd.pull(image)
        assert "no resolve hosts" in refused.err + refused.out
        assert containerd.cri_status(image) != "0"
    assert containerd.cri_status("registry.test:5000/app:1") == "0"
    assert host.run("pidof", "containerd").check() == pid

    host.apply("registries: {block: []}" + trust).check()

    assert containerd.pulled("other.test:5000/app:1")
    assert not host.path(f"{CERTS_D}/_default").exists()


def test_the_older_form_in_config_toml_is_refused_before_containerd_would(
    containerd: Containerd,
) -> None:
    legacy = '\n[plugins."io.containerd.grpc.v1.cri".registry.mirrors."a.test"]\nendpoint = ["http://b.test"]\n'
    containerd.host.write(CONFIG, containerd.config() + legacy)

    refused = containerd.host.apply('registries: {insecure: ["plain.test:5002"]}')

    assert not refused.ok
    assert f"beside registry.mirrors, given in {CONFIG}:8" in refused.err

"""Each runtime's own files are read as that runtime reads them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import made_certificates as made
from wharfinger.hosts.on_host import runtime_trust
from wharfinger.hosts.on_host.changes import SystemTrusts
from wharfinger.hosts.on_host.results import Holds
from wharfinger.hosts.on_host.tree import Tree
from wharfinger.oci.registry_host import RegistryHost

A, B, C = (made.authority(name) for name in ("A", "B", "C"))
CLIENT = made.client(A)
HOST = RegistryHost.parse("registry.test:5000")
NAME = "registry.test:5000"


class Root:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, path: str, content: bytes | str) -> None:
        file = self.at(path)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())

    def link(self, path: str, target: str) -> None:
        self.at(path).symlink_to(target)

    def at(self, path: str) -> Path:
        file = self.folder / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        return file

    def of(self, runtime: str, registry: RegistryHost = HOST) -> runtime_trust.Trusted:
        return runtime_trust.of(Tree(str(self.folder)), runtime, registry)


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


@pytest.mark.parametrize("path", runtime_trust.BUNDLES)
def test_the_bundle_of_the_distribution_is_what_the_system_trusts(root, path):
    root.put(path, "# Größe\n".encode() + A.pem + b"junk\n" + B.pem)

    for runtime in runtime_trust.RUNTIMES:
        assert root.of(runtime).authorities == (A.der, B.der)


def test_a_bundle_that_is_a_link_is_followed_inside_the_root(root):
    root.put("/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", A.pem)
    root.link(
        "/etc/pki/tls/certs/ca-bundle.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"
    )

    assert root.of("system").authorities == (A.der,)


def test_a_link_in_a_circle_and_one_to_nowhere_are_nothing(root):
    root.link("/etc/ssl/certs/ca-certificates.crt", "ca-certificates.crt")
    root.link("/etc/pki/tls/certs/ca-bundle.crt", "../../../../../../../../nowhere")

    assert root.of("system").authorities == ()


def test_a_link_does_not_lead_out_of_the_root(root, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "ca.crt"
    outside.write_bytes(A.pem)
    root.link(f"/etc/docker/certs.d/{NAME}/ca.crt", str(outside))

    trusted = root.of("docker")

    assert trusted.authorities == ()
    assert "ca.crt is not there" in trusted.fault


def test_docker_reads_crt_files_and_a_client_certificate(root):
    for name, content in (
        ("a.crt", A.pem + B.pem),
        ("b.pem", C.pem),
        ("wharfinger.cert", CLIENT.pem),
        ("wharfinger.key", CLIENT.key_pem),
    ):
        root.put(f"/etc/docker/certs.d/{NAME}/{name}", content)

    trusted = root.of("docker")

    assert trusted.authorities == (A.der, B.der)
    assert trusted.client == (CLIENT.pem, CLIENT.key_pem)
    assert trusted.places == (f"/etc/docker/certs.d/{NAME}",)
    assert CLIENT.key_pem.decode().splitlines()[1] not in repr(trusted)
    assert root.of("docker", RegistryHost.parse("registry.test")).authorities == ()


@pytest.mark.parametrize("runtime", ["docker", "containers", "containerd"])
@pytest.mark.parametrize(
    ("name", "missing"),
    [("ca.cert", "ca.key beside it; a CA is named .crt"), ("me.key", "me.cert beside it")],
)
def test_the_naming_trap_is_told(root, runtime, name, missing):
    above = f"/etc/{runtime}/certs.d"
    root.put(f"{above}/{NAME}/{name}", A.pem)

    assert root.of(runtime).fault.endswith(missing)


def test_containers_read_the_first_directory_only(root):
    root.put(f"/etc/docker/certs.d/{NAME}/ca.crt", A.pem)
    assert root.of("containers").authorities == (A.der,)

    root.put(f"/etc/containers/certs.d/{NAME}/ca.crt", B.pem)
    assert root.of("containers").authorities == (B.der,)

    root.put(f"/root/.config/containers/certs.d/{NAME}/readme", "nothing")
    assert root.of("containers").authorities == ()


HOSTS = """
server = "https://registry.test:5000"
ca = "own.crt"
[host."https://mirror.test"]
ca = "/etc/mirror.crt"
"""


def test_containerd_reads_the_entry_of_the_registry(root):
    folder = "/etc/containerd/certs.d/registry.test_5000_"
    root.put(f"{folder}/hosts.toml", HOSTS)
    root.put(f"{folder}/own.crt", A.pem)
    root.put("/etc/mirror.crt", B.pem)

    assert root.of("containerd").authorities == (A.der,)

    root.put(f"{folder}/hosts.toml", HOSTS.replace("mirror.test", "registry.test:5000"))
    assert root.of("containerd").authorities == (B.der,)


def test_containerd_looks_where_its_configuration_says(root):
    root.put(
        "/etc/containerd/config.toml",
        '[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/srv/certs:/other"\n',
    )
    root.put(f"/srv/certs/{NAME}/hosts.toml", 'ca = "/etc/a.crt"\nskip_verify = true\n')
    root.put("/etc/a.crt", A.pem)

    trusted = root.of("containerd")

    assert (trusted.authorities, trusted.unverified) == ((A.der,), "skip_verify")


def test_containerd_falls_back_on_what_is_said_for_all(root):
    root.put("/etc/containerd/certs.d/_default/ca.crt", A.pem)
    assert root.of("containerd").authorities == (A.der,)

    root.put(f"/etc/containerd/certs.d/{NAME}/hosts.toml", "")
    assert root.of("containerd").authorities == ()


def test_a_client_certificate_of_containerd_is_read(root):
    folder = f"/etc/containerd/certs.d/{NAME}"
    root.put(f"{folder}/hosts.toml", 'client = [["me.cert", "me.key"]]')
    root.put(f"{folder}/me.cert", CLIENT.pem)
    root.put(f"{folder}/me.key", CLIENT.key_pem)

    assert root.of("containerd").client == (CLIENT.pem, CLIENT.key_pem)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("ca = [", "cannot be read"),
        ('ca = "missing.crt"', "is not there"),
        ('ca = "hosts.toml"', "has no certificate in it"),
        ('server = "https://quay.test"', "sends pulls to https://quay.test instead"),
    ],
)
def test_what_containerd_would_stumble_over_is_told(root, text, fault):
    root.put(f"/etc/containerd/certs.d/{NAME}/hosts.toml", text)

    assert fault in root.of("containerd").fault


def test_a_port_that_goes_without_saying_is_the_same_place():
    at = runtime_trust._is_at

    assert at("https://registry.test:443/v2", RegistryHost.parse("registry.test"))
    assert at("registry.test", RegistryHost.parse("registry.test:443"))
    assert not at("http://registry.test", RegistryHost.parse("registry.test"))
    assert not at("https://registry.test.evil.test", RegistryHost.parse("registry.test"))
    assert not at("", RegistryHost.parse("registry.test"))
    assert not at("https://bad host", RegistryHost.parse("registry.test"))


def test_an_authority_in_the_bundle_is_proven(root):
    root.put("/etc/ssl/certs/ca-certificates.crt", A.pem)
    files = Tree(str(root.folder))

    there = runtime_trust.prove(files, SystemTrusts(A.read.fingerprint))
    not_there = runtime_trust.prove(files, SystemTrusts(B.read.fingerprint))

    assert (there.holds, not_there.holds) == (Holds.YES, Holds.NO)


def test_docker_takes_any_certificate_where_it_is_told_and_on_loopback(root):
    told = ["10.1.0.0/16", "registry.test:5000", "nonsense/x", "10.2.3.4"]
    root.put("/etc/docker/daemon.json", json.dumps({"insecure-registries": told}))

    trusted = root.of("docker")

    assert trusted.unverified == "insecure-registries"
    assert list(map(str, trusted.insecure)) == ["127.0.0.0/8", "10.1.0.0/16"]
    assert root.of("docker", RegistryHost.parse("registry.test")).unverified == ""
    assert root.of("containers").insecure == ()


def test_a_broken_configuration_of_docker_is_told(root):
    root.put("/etc/docker/daemon.json", "{")

    assert "daemon.json cannot be read" in root.of("docker").fault

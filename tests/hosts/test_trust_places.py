"""Each file in a trust directory is told with its owner, its certificate and what is wrong."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

import made_certificates as made
from made_certificates import DAY
from wharfinger.hosts import trust_places
from wharfinger.hosts.on_host.facts import Facts, FoundFile
from wharfinger.hosts.trust_places import Standing

NOW = datetime.now(UTC)
ROOT = made.authority()
CLIENT = made.client(ROOT)
DOCKER = "/etc/docker/certs.d/registry.test:5000"


def file(content: bytes | None, mode: int = 0o644) -> FoundFile:
    return FoundFile("file", mode, digest="sha256:0", content=content)


def find(**files: FoundFile) -> list[Standing]:
    return trust_places.find(Facts("h", "debian", "Debian", files=files), NOW)


def one(path: str, found: FoundFile, **beside: FoundFile) -> Standing:
    (standing,) = [each for each in find(**{path: found}, **beside) if each.path == path]
    return standing


def test_runtime_and_registry_follow_from_the_place():
    paths = {
        "/usr/local/share/ca-certificates/sub/a.crt": ("system", ""),
        "/etc/pki/ca-trust/source/anchors/a.pem": ("system", ""),
        f"{DOCKER}/a.crt": ("docker", "registry.test:5000"),
        "/etc/containers/certs.d/[::1]:5000/a.crt": ("containers", "[::1]:5000"),
        "/etc/containerd/certs.d/registry.test_5000_/a.pem": ("containerd", "registry.test:5000"),
        "/srv/certs/quay.test/a.crt": ("containerd", "quay.test"),
    }
    config = file(b'config_path = "/srv/certs"')

    found = find(
        **{path: file(ROOT.pem) for path in paths}, **{"/etc/containerd/config.toml": config}
    )

    assert {each.path: (each.runtime, each.registry) for each in found} == paths
    assert [each.runtime for each in found] == sorted(
        (each.runtime for each in found), key=trust_places._order
    )
    assert all(each.trouble == "" and each.certificate == ROOT.read for each in found)


def test_what_we_put_there_is_known_from_what_others_did():
    assert one(f"{DOCKER}/{ROOT.read.file_name}", file(ROOT.pem)).ours
    assert not one(f"{DOCKER}/ca.crt", file(ROOT.pem)).ours


def test_files_that_nobody_reads_are_not_told():
    quiet = {f"{DOCKER}/readme", f"{DOCKER}/ca.pem", "/etc/docker/daemon.json", "/etc/x/a.crt"}

    assert find(**{path: file(ROOT.pem) for path in quiet}) == []


def test_every_certificate_of_a_bundle_is_told():
    other = made.authority("Other CA")

    found = find(**{f"{DOCKER}/ca.crt": file(ROOT.pem + other.pem)})

    assert [each.certificate for each in found] == [ROOT.read, other.read]


LATE = made.authority("Late CA", begins=-9 * DAY, ends=-DAY)


@pytest.mark.parametrize(
    ("path", "found", "trouble"),
    [
        (f"{DOCKER}/ca.crt", file(LATE.pem), "it expired on"),
        (f"{DOCKER}/ca.crt", file(CLIENT.pem), "does not allow TLS servers"),
        (f"{DOCKER}/ca.crt", file(ROOT.der), "only PEM is read here"),
        (f"{DOCKER}/ca.crt", file(b"nothing"), "neither PEM"),
        (f"{DOCKER}/ca.crt", file(None), "there is a private key in it"),
        (f"{DOCKER}/ca.crt", FoundFile("symlink", target="/etc/x"), "a link to /etc/x"),
        (f"{DOCKER}/ca.crt", FoundFile("other"), "it was not read"),
        (f"{DOCKER}/ca.cert", file(ROOT.pem), "ca.key is missing beside it: docker refuses the"),
        (f"{DOCKER}/ca.cert", file(ROOT.pem), "a CA is named .crt"),
        (f"{DOCKER}/me.key", file(None, 0o600), "me.cert is missing beside it"),
        ("/usr/local/share/ca-certificates/ca.pem", file(ROOT.pem), "names that end in .crt"),
    ],
)
def test_what_is_wrong_is_told(path, found, trouble):
    assert trouble in one(path, found).trouble


def test_der_is_read_among_the_anchors_of_red_hat():
    assert one("/etc/pki/ca-trust/source/anchors/ca.der", file(ROOT.der)).trouble == ""


def test_a_client_certificate_with_its_key_is_in_order():
    path = f"{DOCKER}/me.cert"
    with_key = {f"{DOCKER}/me.key": file(None, 0o600)}

    assert one(path, file(CLIENT.pem), **with_key).trouble == ""
    assert one(f"{DOCKER}/me.key", file(None, 0o600), **{path: file(CLIENT.pem)}).trouble == ""
    assert one(f"{DOCKER}/me.key", file(None, 0o644), **{path: file(CLIENT.pem)}).trouble == (
        "others can read it"
    )


def test_registries_are_those_that_a_directory_is_named_after():
    names = ("/etc/containerd/certs.d/_default/hosts.toml", f"{DOCKER}/x", "/etc/docker/x/y")
    facts = Facts("h", "debian", "Debian", files={path: file(b"") for path in names})

    assert list(map(str, trust_places.registries(facts))) == ["registry.test:5000"]

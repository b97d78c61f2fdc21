"""A tree of trust per registry: our files come and go, those of others stay."""

from __future__ import annotations

import made_certificates
from wharfinger.hosts.on_host.facts import Facts, FoundFile
from wharfinger.hosts.runtimes import certs_d
from wharfinger.hosts.site.model import ClientCertificate, RegistryTrust
from wharfinger.oci.registry_host import RegistryHost

ROOT = "/etc/docker/certs.d"
REGISTRY = RegistryHost.parse("registry.test:5000")


def facts(*paths: str) -> Facts:
    files = {path: FoundFile("file", digest="sha256:0", content=b"") for path in paths}
    return Facts("node", "debian", "Debian 12", files=files)


def test_authorities_and_a_client_stand_under_the_name_of_the_registry() -> None:
    authority = made_certificates.authority()
    trust = RegistryTrust((authority.pem,), ClientCertificate(b"certificate", b"key"))

    authority_file, certificate, key = certs_d.files(ROOT, {REGISTRY: trust}, facts())

    folder = f"{ROOT}/registry.test:5000"
    assert authority_file.path == f"{folder}/{authority.read.file_name}"
    assert authority_file.content == authority.pem
    assert (certificate.path, certificate.content) == (f"{folder}/wharfinger.cert", b"certificate")
    assert (key.path, key.content) == (f"{folder}/wharfinger.key", b"key")
    assert (key.mode, key.secret, certificate.secret) == (0o600, True, False)


def test_an_ipv6_address_keeps_its_brackets() -> None:
    trust = {RegistryHost.parse("[::1]:5000"): RegistryTrust((made_certificates.authority().pem,))}

    (file,) = certs_d.files(ROOT, trust, facts())

    assert file.path.startswith(f"{ROOT}/[::1]:5000/wharfinger-")


def test_ours_that_the_site_no_longer_wants_go_and_those_of_others_stay() -> None:
    there = facts(
        f"{ROOT}/old.test/wharfinger-0123456789abcdef.crt",
        f"{ROOT}/old.test/wharfinger.key",
        f"{ROOT}/old.test/ca.crt",
        f"{ROOT}/old.test/wharfinger.txt",
        "/etc/containers/certs.d/old.test/wharfinger-0123456789abcdef.crt",
    )

    gone = certs_d.files(ROOT, {}, there)

    assert [(file.path, file.content, file.secret) for file in gone] == [
        (f"{ROOT}/old.test/wharfinger-0123456789abcdef.crt", None, False),
        (f"{ROOT}/old.test/wharfinger.key", None, True),
    ]


def test_an_authority_that_somebody_else_s_file_has_is_left_to_it() -> None:
    authority = made_certificates.authority()
    there = FoundFile("file", digest="sha256:0", content=b"the site's\n" + authority.pem)
    trust = {REGISTRY: RegistryTrust((authority.pem,))}

    for path, doubled in (
        (f"{ROOT}/registry.test:5000/ca.crt", False),
        (f"{ROOT}/registry.test:5000/ca.cert", True),
        (f"{ROOT}/registry.test/ca.crt", True),
    ):
        found = Facts("node", "debian", "Debian 12", files={path: there})
        assert bool(certs_d.files(ROOT, trust, found)) is doubled
        assert certs_d.files(ROOT, trust, found, by_name=True)


def test_a_client_certificate_without_its_key_is_found() -> None:
    there = facts(f"{ROOT}/a.test/ca.cert", f"{ROOT}/b.test/c.cert", f"{ROOT}/b.test/c.key")

    assert list(certs_d.keyless(ROOT, there)) == [f"{ROOT}/a.test/ca.cert"]

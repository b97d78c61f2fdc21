from datetime import UTC, datetime

import pytest
from cryptography import x509

from wharfinger.server import certificates
from wharfinger.server.certificates import BadCertificate
from wharfinger.server.metrics import Metrics
from wharfinger.server.webhook.certificate import Given, ServedCertificate

NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority():
    return certificates.authority(NOW, "test")


class Kept:
    """The files that somebody else renews."""

    def __init__(self, folder, authority):
        self.authority = authority
        folder.mkdir()
        self.given = Given(folder / "given.crt", folder / "given.key", folder / "clients.crt")
        self.given.clients.write_bytes(authority.certificate)

    def renew(self):
        pair = certificates.issue(self.authority, ["webhook.test"], NOW)
        self.given.certificate.write_bytes(pair.certificate)
        self.given.key.write_bytes(pair.key)
        return pair


@pytest.fixture
def kept(tmp_path, authority):
    made = Kept(tmp_path / "kept", authority)
    made.first = made.renew()
    return made


@pytest.fixture
def served(kept, tmp_path):
    return ServedCertificate(kept.given, tmp_path, Metrics())


def test_what_is_given_is_served_from_files_of_our_own(kept, served, authority):
    assert served.files.certificate.read_bytes() == kept.first.certificate
    assert served.files.clients.read_bytes() == authority.certificate
    assert served.files.key.stat().st_mode & 0o077 == 0


def test_a_new_pair_is_taken_once(kept, served):
    assert not served.look()
    second = kept.renew()

    assert served.look()
    assert not served.look()
    assert x509.load_pem_x509_certificate(served.files.certificate.read_bytes()) == second.leaf


def test_half_of_a_new_pair_leaves_the_old_one_until_the_other_half_comes(kept, served):
    second = certificates.issue(kept.authority, ["webhook.test"], NOW)
    kept.given.certificate.write_bytes(second.certificate)

    assert not served.look()
    assert "belongs to another one" in served.fault
    assert served.files.certificate.read_bytes() == kept.first.certificate

    kept.given.key.write_bytes(second.key)
    assert served.look()
    assert served.fault is None
    assert served.files.certificate.read_bytes() == second.certificate


@pytest.mark.parametrize("content", [b"", b"no PEM"])
def test_files_that_become_unreadable_leave_what_was(kept, served, content):
    kept.given.certificate.write_bytes(content)

    assert not served.look()
    assert served.fault is not None
    kept.given.certificate.write_bytes(kept.first.certificate)
    assert not served.look()
    assert served.fault is None


def test_authorities_of_clients_are_renewed_too(kept, served):
    other = certificates.authority(NOW, "other")
    kept.given.clients.write_bytes(other.certificate)

    assert served.look()
    assert served.files.clients.read_bytes() == other.certificate


def test_authorities_that_are_none_are_refused(kept, tmp_path):
    kept.given.clients.write_bytes(b"nothing")

    with pytest.raises(BadCertificate, match="authorities of clients"):
        ServedCertificate(kept.given, tmp_path, Metrics())


def test_a_file_that_is_not_there_is_an_error_at_the_start(kept, tmp_path):
    kept.given.key.unlink()

    with pytest.raises(BadCertificate, match="cannot read"):
        ServedCertificate(kept.given, tmp_path, Metrics())

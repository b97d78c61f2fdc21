from datetime import UTC, datetime, timedelta

import pytest

from wharfinger.server import certificates, tls
from wharfinger.server.addresses import Addresses
from wharfinger.server.certificates import BadCertificate
from wharfinger.server.directory import StateDirectory
from wharfinger.server.settings import Settings

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def directory(tmp_path):
    made = StateDirectory(tmp_path / "state")
    made.make()
    return made


@pytest.fixture
def given(tmp_path):
    """Settings that name a certificate of one's own, and a function that replaces it."""

    def replace(*names):
        pair = certificates.issue(certificates.authority(NOW, "other"), names, NOW)
        (tmp_path / "c").write_bytes(pair.certificate)
        (tmp_path / "k").write_bytes(pair.key)
        return pair

    settings = Settings(tmp_path / "state", tls_cert=tmp_path / "c", tls_key=tmp_path / "k")
    return settings, replace


def refresh(settings, directory, now=NOW):
    addresses = Addresses(settings.listen, "https", settings.names)
    return tls.refresh(settings, directory, addresses, now)


def test_our_own_authority_vouches_for_the_listener_and_its_names(directory):
    shown = refresh(Settings(directory.path, names=("registry.test",)), directory)

    assert {"127.0.0.1", "::1", "localhost", "registry.test"} <= shown.names
    assert shown.trust == directory.authority_certificate.read_bytes()


def test_nothing_is_renewed_without_need(directory):
    settings = Settings(directory.path)

    assert refresh(settings, directory).renewed is not None
    assert refresh(settings, directory).renewed is None


def test_a_certificate_near_its_end_is_renewed_while_the_server_runs(directory):
    settings = Settings(directory.path)
    first = refresh(settings, directory)

    later = refresh(settings, directory, NOW + timedelta(days=300))

    assert later.renewed is not None
    assert later.ends > first.ends
    assert later.trust == first.trust


def test_a_given_certificate_is_shown_and_no_authority_is_made(directory, given):
    settings, replace = given
    pair = replace("registry.test")

    shown = refresh(settings, directory)

    assert directory.pair() == pair
    assert shown.names == {"registry.test"}
    assert not directory.authority_certificate.exists()


def test_a_replaced_file_is_noticed_once(directory, given):
    settings, replace = given
    replace("old.test")
    refresh(settings, directory)
    replace("new.test")

    assert refresh(settings, directory).renewed is not None
    assert refresh(settings, directory).renewed is None


def test_a_given_file_that_is_not_there_is_reported(directory, given):
    settings, _ = given

    with pytest.raises(BadCertificate, match="cannot read"):
        refresh(settings, directory)


def test_going_back_to_our_own_authority_replaces_the_given_certificate(directory, given):
    settings, replace = given
    replace("registry.test")
    refresh(settings, directory)

    shown = refresh(Settings(directory.path), directory)

    assert "127.0.0.1" in shown.names


def test_a_url_that_the_certificate_does_not_name_is_verified_by_a_name_that_it_has(
    directory, given
):
    settings, replace = given
    replace("b.test", "a.test")
    shown = refresh(settings, directory)

    assert tls.server_name(shown, "127.0.0.1") == "a.test"
    assert tls.server_name(shown, "b.test") is None

from datetime import UTC, datetime, timedelta

import pytest

import made_certificates
from wharfinger.hosts.site import trusted
from wharfinger.hosts.site.model import ClientCertificate, RegistryTrust, Site, Trust
from wharfinger.oci.registry_host import RegistryHost

NOW = datetime.now(UTC)
HOST = RegistryHost("a.test")


@pytest.fixture(scope="module")
def authority():
    return made_certificates.authority()


def test_what_will_do_is_not_spoken_of(authority):
    site = Site(trust=Trust({HOST: RegistryTrust((authority.pem,))}, (authority.pem,)))

    assert trusted.judge(site, NOW) == trusted.Judgement()


def test_what_has_expired_is_named_with_its_place(authority):
    site = Site(trust=Trust({HOST: RegistryTrust((authority.pem,))}, (authority.pem,)))

    found = trusted.judge(site, NOW + timedelta(days=36500))

    assert len(found.unusable) == 2
    assert "trust.registries.a.test.ca: it expired on" in found.unusable[0]
    assert "trust.system: it expired on" in found.unusable[1]


def test_a_client_certificate_needs_its_own_key(authority):
    client = ClientCertificate(authority.pem, made_certificates.authority().key_pem)
    site = Site(trust=Trust({HOST: RegistryTrust((), client)}))

    (told,) = trusted.judge(site, NOW).unusable
    assert "trust.registries.a.test.client" in told
    assert "the key belongs to another certificate" in told

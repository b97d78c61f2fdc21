"""The rule of CVE-2026-33540: which token service may see a login."""

import pytest

from wharfinger.oci.registry_host import RegistryHost
from wharfinger.remote import realm
from wharfinger.remote.origin import Origin, parse
from wharfinger.remote.realm import Realm


@pytest.mark.parametrize(
    ("registry", "where", "verdict"),
    [
        ("quay.io", "https://quay.io/v2/auth", Realm.WITH_LOGIN),
        ("a.test:5000", "https://a.test:5000/token", Realm.WITH_LOGIN),
        ("a.test:5000", "https://a.test:8443/token", Realm.WITH_LOGIN),
        ("registry.gitlab.com", "https://gitlab.com/jwt/auth", Realm.WITH_LOGIN),
        ("registry-1.docker.io", "https://auth.docker.io/token", Realm.WITH_LOGIN),
        ("quay.io", "https://auth.docker.io/token", Realm.ANONYMOUS),
        ("registry.a.test", "https://auth.a.test/token", Realm.ANONYMOUS),
        ("gitlab.com", "https://registry.gitlab.com/token", Realm.ANONYMOUS),
        ("quay.io", "https://quay.io.evil.test/auth", Realm.ANONYMOUS),
        ("quay.io", "https://evilquay.io/auth", Realm.ANONYMOUS),
        ("quay.io", "https://io/auth", Realm.ANONYMOUS),
        ("10.0.0.7", "https://0.0.7/auth", Realm.ANONYMOUS),
        ("quay.io", "http://quay.io/v2/auth", Realm.REFUSED),
        ("quay.io", "http://169.254.169.254/latest", Realm.REFUSED),
    ],
)
def test_a_login_goes_only_where_its_holder_would_send_it(registry, where, verdict):
    asked = Origin.of(RegistryHost.parse(registry))

    assert realm.judge(asked, parse(where)[0]) is verdict


def test_without_tls_only_the_registry_itself_may_see_it():
    asked = Origin.of(RegistryHost.parse("a.test:5000"), scheme="http")

    assert realm.judge(asked, parse("http://a.test:5000/token")[0]) is Realm.WITH_LOGIN
    assert realm.judge(asked, parse("http://a.test:5001/token")[0]) is Realm.REFUSED


def test_the_user_may_name_another_host_and_only_with_tls():
    asked = Origin.of(RegistryHost.parse("registry.a.test"))

    named = {"auth.b.test"}
    assert realm.judge(asked, parse("https://auth.b.test/t")[0], named=named) is Realm.WITH_LOGIN
    assert realm.judge(asked, parse("http://auth.b.test/t")[0], named=named) is Realm.REFUSED

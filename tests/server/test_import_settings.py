import pytest

import made_certificates
from wharfinger.images.importing.trust import Bundle
from wharfinger.oci.registry_host import RegistryHost
from wharfinger.policy.import_policy import ImportPolicy, InvalidImportPolicy
from wharfinger.server import import_settings
from wharfinger.server.import_settings import ImportFileUnreadable

CA = made_certificates.authority()
HUB = RegistryHost("hub.test")


def test_without_a_file_the_defaults_hold():
    assert import_settings.policy(None) == ImportPolicy()
    assert import_settings.authorities(None, "") == Bundle()


def test_a_whole_master_config_will_do(tmp_path):
    path = tmp_path / "master-config.yaml"
    path.write_text(
        "kind: MasterConfig\nimagePolicyConfig:\n"
        "  maxImagesBulkImportedPerRepository: 7\n"
        "  allowedRegistriesForImport:\n  - domainName: quay.io\n"
    )

    read = import_settings.policy(path)

    assert read.max_images == 7
    assert read.allowed is not None


def test_a_file_that_is_wrong_or_absent_is_told(tmp_path):
    path = tmp_path / "policy.yaml"
    with pytest.raises(ImportFileUnreadable):
        import_settings.policy(path)

    path.write_text("maxImagesBulkImportedPerRepository: none\n")
    with pytest.raises(InvalidImportPolicy):
        import_settings.policy(path)


def test_certificates_are_found_from_where_the_policy_is(tmp_path):
    (tmp_path / "ca.pem").write_bytes(CA.pem)
    policy = tmp_path / "policy.yaml"

    found = import_settings.authorities(policy, "ca.pem")

    assert isinstance(found, Bundle)
    assert found.trust(HUB).authorities == (CA.pem,)
    assert import_settings.authorities(policy, str(tmp_path / "ca.pem")) == found


def test_what_is_no_file_is_the_name_of_a_config_map(tmp_path):
    assert import_settings.authorities(tmp_path / "policy.yaml", "site-ca") == "site-ca"
    with pytest.raises(ImportFileUnreadable):
        import_settings.authorities(tmp_path / "policy.yaml", "certs/site-ca")

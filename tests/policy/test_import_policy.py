"""The configuration of imports, in each form in which sites have it."""

import json

import pytest

from wharfinger.policy import import_policy
from wharfinger.policy.import_list import Line
from wharfinger.policy.import_policy import UNLIMITED, ImportPolicy, InvalidImportPolicy, MirrorRule

CONFIG = {
    "maxImagesBulkImportedPerRepository": 3,
    "disableScheduledImport": True,
    "scheduledImageImportMinimumIntervalSeconds": 60,
    "maxScheduledImageImportsPerMinute": -1,
    "allowedRegistriesForImport": [
        {"domainName": "quay.io"},
        {"domainName": "plain.test", "insecure": True},
    ],
    "internalRegistryHostname": "registry.svc:5000",
    "externalRegistryHostname": "registry.test",
    "additionalTrustedCA": "/etc/origin/ca.crt",
}
FORMS = {
    "alone": CONFIG,
    "in master-config.yaml": {"kind": "MasterConfig", "imagePolicyConfig": CONFIG, "dnsConfig": {}},
    "in a part of it": {"imagePolicyConfig": CONFIG},
    "as variable": {"openshift_master_image_policy_config": CONFIG},
    "as variables in JSON": {
        "openshift_master_image_policy_config": json.dumps(
            {key: value for key, value in CONFIG.items() if key != "allowedRegistriesForImport"}
        ),
        "openshift_master_image_policy_allowed_registries_for_import": json.dumps(
            CONFIG["allowedRegistriesForImport"]
        ),
    },
}


def faults(document):
    with pytest.raises(InvalidImportPolicy) as caught:
        import_policy.read(document)
    return {fault.field: fault.message for fault in caught.value.faults}


@pytest.mark.parametrize("document", FORMS.values(), ids=FORMS)
def test_each_form_is_read(document):
    policy = import_policy.read(document)

    assert policy.allowed.lines == (Line("quay.io", "443"), Line("plain.test", "80"))
    assert (policy.max_images, policy.scheduled, policy.interval) == (3, False, 60)
    assert policy.per_minute == UNLIMITED
    assert (policy.internal, policy.external) == ("registry.svc:5000", "registry.test")
    assert policy.additional_ca == "/etc/origin/ca.crt"


def test_the_configuration_of_openshift_4_is_read():
    policy = import_policy.read(
        {
            "apiVersion": "config.openshift.io/v1",
            "kind": "Image",
            "metadata": {"name": "cluster"},
            "spec": {
                "allowedRegistriesForImport": [{"domainName": "quay.io"}],
                "externalRegistryHostnames": ["registry.test"],
                "additionalTrustedCA": {"name": "registry-authorities"},
            },
        }
    )

    assert policy.allowed.lines == (Line("quay.io", "443"),)
    assert (policy.external, policy.additional_ca) == ("registry.test", "registry-authorities")


@pytest.mark.parametrize("document", [{}, {"imagePolicyConfig": None}, {"kind": "MasterConfig"}])
def test_what_is_not_said_has_the_defaults(document):
    assert import_policy.read(document) == ImportPolicy()


def test_no_list_allows_everything_and_an_empty_one_nothing():
    assert import_policy.read({}).allowed is None
    assert import_policy.read({"allowedRegistriesForImport": []}).allowed.lines == ()


def test_all_that_is_wrong_is_told_at_its_place():
    found = faults(
        {
            "imagePolicyConfig": {
                "maxImagesBulkImportedPerRepository": 0,
                "disableScheduledImport": "yes",
                "scheduledImageImportMinimumIntervalSeconds": -1,
                "maxScheduledImageImportsPerMinute": True,
                "allowedRegistriesForImprt": [],
                "allowedRegistriesForImport": [{"domainName": "\\*.docker.io"}],
            }
        }
    )

    assert set(found) == {
        f"imagePolicyConfig.{field}"
        for field in (
            "maxImagesBulkImportedPerRepository",
            "disableScheduledImport",
            "scheduledImageImportMinimumIntervalSeconds",
            "maxScheduledImageImportsPerMinute",
            "allowedRegistriesForImprt",
            "allowedRegistriesForImport[0].domainName",
        )
    }
    assert found["imagePolicyConfig.maxImagesBulkImportedPerRepository"].endswith(
        "must be a positive integer or -1"
    )


@pytest.mark.parametrize(
    "document",
    [7, [], {"openshift_master_image_policy_config": "{"}, {"openshift_master_image_policy_config": "[]"}],
)  # fmt: skip
def test_what_is_no_configuration_is_refused(document):
    assert faults(document)


def test_mirrors_are_read_and_each_must_be_a_place():
    rule = {"source": "quay.test/team", "mirrors": ["mirror.test:5000/quay/team", "other.test"]}
    policy = import_policy.read({"mirrors": [rule]})
    assert policy.mirrors == (MirrorRule("quay.test/team", tuple(rule["mirrors"])),)

    wrong = {"source": "team", "mirrors": ["mirror.test/a:1", "BAD NAME", ""]}
    with pytest.raises(InvalidImportPolicy) as refused:
        import_policy.read({"mirrors": [rule, wrong]})
    assert len(refused.value.faults) == 4
    assert "mirrors[1].source" in refused.value.details[0]

import json

import pytest

from wharfinger.policy.imagepolicy import config, document
from wharfinger.policy.imagepolicy.config import InvalidImagePolicy

POLICY = {"apiVersion": "v1", "kind": "ImagePolicyConfig", "executionRules": [{"name": "a"}]}
PLUGINS = {
    "openshift.io/ImagePolicy": {"configuration": POLICY},
    "ProjectRequestLimit": {"configuration": {"kind": "ProjectRequestLimitConfig"}},
}
ADMISSION = {"pluginConfig": PLUGINS}
MASTER = {"apiVersion": "v1", "kind": "MasterConfig", "admissionConfig": ADMISSION}

FORMS = {
    "itself": POLICY,
    "master": MASTER,
    "admission": {"admissionConfig": ADMISSION},
    "admission inner": ADMISSION,
    "plugins": PLUGINS,
    "4.x plugin": {"image.openshift.io/ImagePolicy": {"configuration": POLICY}},
    "kubernetes": {"kubernetesMasterConfig": {"admissionConfig": ADMISSION}},
    "variable": {"openshift_master_admission_plugin_config": PLUGINS, "other": 1},
    "variable as JSON": {"openshift_master_admission_plugin_config": json.dumps(PLUGINS)},
}


@pytest.mark.parametrize("form", FORMS)
def test_the_configuration_is_found_in(form):
    found = document.extract(FORMS[form])

    assert found == POLICY
    assert config.read(found).execution_rules[0].name == "a"


def test_what_is_found_is_what_stands_there():
    assert document.extract(MASTER) is POLICY


@pytest.mark.parametrize(
    "empty", [None, {}, [], "", "text", 3, {"kind": "Pod"}, {"executionRules": []}, [POLICY]]
)
def test_a_document_without_one_is_refused(empty):
    with pytest.raises(InvalidImagePolicy, match="it has no ImagePolicyConfig"):
        document.extract(empty)


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        ({"location": "p.yaml", "configuration": {}}, "cannot specify both location and embedded"),
        ({}, "must specify either a location or an embedded config"),
        (None, "must specify either a location or an embedded config"),
        ({"location": "policy.yaml"}, "it is in another file: read policy.yaml instead"),
        ({"configuration": "text"}, "must be an object of kind ImagePolicyConfig"),
    ],
)
def test_a_plugin_without_its_configuration_is_refused(plugin, message):
    with pytest.raises(InvalidImagePolicy, match=message):
        document.extract({"openshift.io/ImagePolicy": plugin})


def test_two_configurations_are_not_chosen_from():
    with pytest.raises(InvalidImagePolicy, match="it has more than one"):
        document.extract(PLUGINS | {"image.openshift.io/ImagePolicy": {"configuration": POLICY}})


@pytest.mark.parametrize("text", ["{", '{"a": 1, "a": 2}', "[" * 10_000, "\ud800"])
def test_a_variable_that_is_no_json_is_refused(text):
    with pytest.raises(InvalidImagePolicy, match="is not JSON"):
        document.extract({"openshift_master_admission_plugin_config": text})


def test_depth_is_bounded():
    deep = POLICY
    for _ in range(5000):
        deep = {"admissionConfig": deep}

    with pytest.raises(InvalidImagePolicy):
        document.extract(deep)

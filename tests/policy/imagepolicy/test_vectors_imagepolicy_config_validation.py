"""The recorded cases of defaults and of what a configuration is refused for."""

import json
from pathlib import Path

import pytest

from wharfinger.policy.imagepolicy import config
from wharfinger.policy.imagepolicy.faults import Faults

FILE = Path(__file__).parents[2] / "vectors" / "imagepolicy_config_validation.json"
CASES = json.loads(FILE.read_text())["cases"]
HEAD = {"apiVersion": "image.openshift.io/v1", "kind": config.KIND}
PLUGIN = "image.openshift.io/ImagePolicy"


def cases(operation):
    found = [case for case in CASES if case["input"]["op"] == operation]
    return pytest.mark.parametrize("case", found, ids=lambda case: case["id"])


@cases("validate")
def test_faults_are_told_as_recorded(case):
    faults = Faults()

    # These cases are about what is written, before any default.
    written = config.parse(HEAD | case["input"]["config"], faults)
    config.validate(written.policy, faults)

    expected = case["expect"]["errors"]
    assert [(fault.type, f"{PLUGIN}.{fault.field}") for fault in faults.found] == [
        (error["type"], error["field"]) for error in expected
    ]
    for fault, error in zip(faults.found, expected, strict=True):
        assert fault.message == error.get("message", fault.message)
        assert error.get("messageContains", "") in fault.message


@cases("default")
def test_defaults_are_filled_in_as_recorded(case):
    policy = config.read(HEAD | case["input"]["config"])

    expected = case["expect"]["config"]
    assert policy.resolve_images == expected["resolveImages"]
    assert [resolution(rule) for rule in policy.resolution_rules] == expected["resolutionRules"]
    assert [execution(rule) for rule in policy.execution_rules] == expected["executionRules"]


def resolution(rule):
    return {
        "policy": rule.policy,
        "targetResource": rule.target._asdict(),
        "localNames": rule.local_names,
    }


def execution(rule):
    return {"name": rule.name, "onResources": [one._asdict() for one in rule.on_resources]}


def test_every_operation_of_the_recorded_cases_is_run():
    assert {case["input"]["op"] for case in CASES} == {"validate", "default"}

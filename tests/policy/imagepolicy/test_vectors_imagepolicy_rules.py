"""The recorded cases of execution rules."""

import json
from pathlib import Path

import pytest

from image_world import image
from wharfinger.oci.reference import ImageReference
from wharfinger.policy.imagepolicy import config, rules
from wharfinger.policy.imagepolicy.faults import Faults
from wharfinger.policy.imagepolicy.resources import Resource
from wharfinger.policy.imagepolicy.rules import Attributes

FILE = Path(__file__).parents[2] / "vectors" / "imagepolicy_rules.json"
CASES = json.loads(FILE.read_text())["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_rules_judge_as_recorded(case):
    given = case["input"]
    faults = Faults()
    written = {"apiVersion": "image.openshift.io/v1", "kind": config.KIND}
    policy = config.parse(written | {"executionRules": given["rules"]}, faults).policy
    assert faults.found == []

    if "covers" in given:
        covered = bool(policy.execution(Resource(**given["covers"])))
        assert covered is case["expect"]["covers"]
        return
    asked = given["attributes"]
    reference = ImageReference.parse(asked["ref"]) if asked["ref"] else ImageReference()
    attributes = Attributes(
        registry=reference.registry,
        integrated=asked.get("integratedRegistry", reference.registry in given["matcher"]),
        image=None if asked["image"] is None else image(asked["image"]),
    )
    on_resource = policy.execution(Resource(**asked["resource"]))

    judgement = rules.judge(on_resource, attributes, asked["excludedRules"])

    assert judgement.accepted is case["expect"]["accept"]

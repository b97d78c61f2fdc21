"""The recorded cases of when names are resolved, required and rewritten."""

import json
from pathlib import Path

import pytest

from wharfinger.policy.imagepolicy import config, decision
from wharfinger.policy.imagepolicy.model import Question
from wharfinger.policy.imagepolicy.resources import Resource

FILE = Path(__file__).parents[2] / "vectors" / "imagepolicy_resolution_config.json"
CASES = json.loads(FILE.read_text())["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_resolution_is_configured_as_recorded(case):
    given, expected = case["input"], case["expect"]
    written = {"apiVersion": "image.openshift.io/v1", "kind": config.KIND} | given["config"]
    policy = config.read(written)
    resource = Resource(**given["resource"])
    question = Question(
        operation="UPDATE" if given["update"] else "CREATE",
        group=resource.group,
        resource=resource.resource,
        kind="",
        namespace="default",
        object={},
    )

    resolution = policy.resolution(resource)
    rewrites = decision.may_rewrite(question, policy) and resolution.rewrites(
        local=given["localRewrite"]
    )

    assert resolution.attempted is expected["resolve"]
    assert resolution.required is expected["failOnResolutionFailure"]
    assert rewrites is expected["rewrite"]

from __future__ import annotations

import json

import pytest

from wharfinger.errors import BadInput
from wharfinger.oci.reference import ImageReference
from wharfinger.policy.access import AccessPolicy, InvalidAccessPolicy


def decide(allow, block, name):
    policy = AccessPolicy.from_lists(allow, block)
    return policy.decide(ImageReference.parse(name).with_client_defaults())


@pytest.mark.parametrize(
    ("allow", "block", "name", "allowed", "rule"),
    [
        (None, [], "busybox", True, ""),
        (None, ["docker.io"], "busybox", False, "block: docker.io"),
        (None, ["docker.io"], "quay.io/app", True, ""),
        (None, ["all"], "quay.io/app", False, "block: all"),
        (["quay.io"], ["all"], "quay.io/app", True, "allow: quay.io"),
        (["quay.io"], [], "docker.io/app", False, "allow"),
        ([], [], "docker.io/app", False, "allow"),
        (["quay.io"], ["quay.io/bad"], "quay.io/bad/app", False, "block: quay.io/bad"),
        (["quay.io/bad/but"], ["quay.io/bad"], "quay.io/bad/but", True, "allow: quay.io/bad/but"),
        (["quay.io"], ["quay.io"], "quay.io/app", False, "block: quay.io"),
        (
            ["*.example.test"],
            ["a.example.test"],
            "a.example.test/x",
            False,
            "block: a.example.test",
        ),
        (["a.example.test"], ["*.example.test"], "a.example.test/x", True, "allow: a.example.test"),
        (
            ["*.b.example.test"],
            ["*.example.test"],
            "a.b.example.test/x",
            True,
            "allow: *.b.example.test",
        ),
        (["quay.io:443"], ["quay.io"], "quay.io/app", True, "allow: quay.io:443"),
        (["quay.io:443"], ["quay.io"], "quay.io:80/app", False, "block: quay.io"),
    ],
)
def test_the_most_exact_rule_decides(allow, block, name, allowed, rule):
    verdict = decide(allow, block, name)

    assert (verdict.allowed, verdict.rule) == (allowed, rule)


def test_a_verdict_says_which_rule_and_why():
    assert decide(["quay.io"], ["all"], "busybox").reason == (
        "docker.io is blocked by site rule block: all, not on allow"
    )


def test_a_registry_that_no_grammar_knows_is_refused_and_not_allowed():
    with pytest.raises(BadInput):
        decide(None, ["quay.io"], "quay.io:99999/app")


@pytest.mark.parametrize(
    "policy",
    [
        AccessPolicy(),
        AccessPolicy.from_lists([], ["all"]),
        AccessPolicy.from_lists(["quay.io/team", "*.example.test"], ["all", "quay.io/team/bad"]),
    ],
)
def test_a_policy_travels_as_json(policy):
    assert AccessPolicy.from_json(json.loads(json.dumps(policy.to_json()))) == policy


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"allow": None},
        {"allow": "quay.io", "block": []},
        {"allow": None, "block": None},
        {"allow": [1], "block": []},
        {"allow": None, "block": [], "more": 1},
    ],
)
def test_anything_else_is_no_policy(document):
    with pytest.raises(InvalidAccessPolicy):
        AccessPolicy.from_json(document)

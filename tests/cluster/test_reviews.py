"""Who is this, and may they? Answered as requests are."""

import pytest

from wharfinger.cluster.errors import (
    BadRequest,
    ObjectInvalid,
)
from wharfinger.cluster.kinds.core import SERVICE_ACCOUNT
from wharfinger.cluster.subject import AUTHENTICATED, SYSTEM


async def test_a_subject_learns_who_it_is(world):
    answer = await world.ask("selfsubjectreviews")

    assert answer["kind"] == "SelfSubjectReview"
    assert answer["status"]["userInfo"] == {
        "username": "ada",
        "groups": ["system:authenticated:oauth", "system:authenticated"],
    }


async def test_may_i_and_may_they_answer_what_would_happen(world):
    await world.request("pp")
    attributes = {"verb": "create", "resource": "secrets", "namespace": "pp"}
    mine = await world.ask("selfsubjectaccessreviews", {"resourceAttributes": attributes})
    assert mine["status"]["allowed"] is True
    assert mine["status"]["reason"].startswith("RBAC: allowed by RoleBinding")
    others = await world.ask(
        "selfsubjectaccessreviews", {"resourceAttributes": attributes}, subject=world.bob
    )
    assert others["status"] == {"allowed": False}

    for user, allowed in (("ada", True), ("bob", False)):
        spec = {"resourceAttributes": attributes, "user": user, "groups": [AUTHENTICATED]}
        answer = await world.ask("subjectaccessreviews", spec)
        assert answer["status"]["allowed"] is allowed
        local = await world.ask("localsubjectaccessreviews", spec, namespace="pp")
        assert local["status"]["allowed"] is allowed


async def test_a_path_may_be_asked_for(world):
    for path, allowed in (("/version", True), ("/metrics", False)):
        spec = {"nonResourceAttributes": {"verb": "get", "path": path}}
        answer = await world.ask("selfsubjectaccessreviews", spec)
        assert answer["status"]["allowed"] is allowed


@pytest.mark.parametrize(
    ("plural", "spec", "namespace"),
    [
        ("selfsubjectaccessreviews", {}, ""),
        ("subjectaccessreviews", {"resourceAttributes": {"verb": "get"}}, ""),
        (
            "localsubjectaccessreviews",
            {"user": "ada", "resourceAttributes": {"namespace": "q"}},
            "pp",
        ),
        ("tokenreviews", {}, ""),
        ("serviceaccounts/token", {"expirationSeconds": 599}, "default"),
        ("serviceaccounts/token", {"expirationSeconds": 2**32 + 1}, "default"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(world, plural, spec, namespace):
    await world.objects.create(SERVICE_ACCOUNT, "default", {"metadata": {"name": "x"}}, SYSTEM)
    with pytest.raises(ObjectInvalid):
        await world.ask(plural, spec, namespace=namespace, name="x" if "token" in plural else "")


async def test_unknown_fields_are_refused_as_everywhere(world):
    with pytest.raises(BadRequest, match="unknown field"):
        await world.ask("selfsubjectaccessreviews", {"resourceAttribute": {}})


async def test_all_rules_of_a_namespace(world):
    await world.request("pp")
    mine = (await world.ask("selfsubjectrulesreviews", {"namespace": "pp"}))["status"]
    theirs = (await world.ask("selfsubjectrulesreviews", {"namespace": "pp"}, subject=world.bob))[
        "status"
    ]

    assert any("secrets" in rule["resources"] for rule in mine["resourceRules"])
    assert not any("secrets" in rule["resources"] for rule in theirs["resourceRules"])
    assert any("/version" in rule["nonResourceURLs"] for rule in mine["nonResourceRules"])
    assert mine["incomplete"] is False
    with pytest.raises(BadRequest, match="no namespace"):
        await world.ask("selfsubjectrulesreviews", {})

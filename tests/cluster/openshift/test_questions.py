"""Questions in the words of OpenShift 3 are answered as requests are decided."""

import pytest

from wharfinger.cluster.errors import ObjectForbidden, ObjectInvalid
from wharfinger.cluster.options import Options
from wharfinger.cluster.subject import SYSTEM

GROUP = "authorization.openshift.io"
PUSH = {
    "verb": "update",
    "resourceAPIGroup": "image.openshift.io",
    "resource": "imagestreams/layers",
}


@pytest.fixture
async def ask(world):
    await world.request("pp")
    await world.provisioner.settle()

    async def ask(plural, subject=world.ada, namespace="", **fields):
        endpoint = world.endpoints[f"{plural}.{GROUP}"]
        return await endpoint.create(subject, namespace, "", fields, Options())

    return ask


async def test_oc_login_asks_whether_one_may_ask_for_projects(ask, world):
    for verb in ("list", "create"):
        answer = await ask(
            "subjectaccessreviews", namespace="", verb=verb, resource="projectrequests"
        )
        assert answer["kind"] == "SubjectAccessReviewResponse"
        assert answer["allowed"]


async def test_everybody_may_ask_about_themselves(ask, world):
    endpoint = world.endpoints[f"subjectaccessreviews.{GROUP}"]
    question = {**PUSH, "namespace": "pp"}
    answers = [
        await endpoint.create(subject, "", "", question, Options())
        for subject in (world.ada, world.bob)
    ]

    assert [answer["allowed"] for answer in answers] == [True, False]
    assert answers[0]["namespace"] == "pp"


async def test_to_ask_about_others_takes_a_right(ask, world):
    assert (await ask("localsubjectaccessreviews", namespace="pp", user="ada", **PUSH))["allowed"]
    with pytest.raises(ObjectForbidden, match="localsubjectaccessreviews"):
        await ask("localsubjectaccessreviews", world.bob, "pp", user="ada", **PUSH)
    with pytest.raises(ObjectForbidden, match="at the cluster scope"):
        await ask("subjectaccessreviews", user="bob", **PUSH)
    answer = await ask("subjectaccessreviews", SYSTEM, groups=["system:masters"], **PUSH)
    assert answer["allowed"]


async def test_who_can_names_users_accounts_and_groups(ask, world):
    answer = await ask("localresourceaccessreviews", namespace="pp", **PUSH)

    assert answer["kind"] == "ResourceAccessReviewResponse"
    assert answer["users"] == ["ada", "system:serviceaccount:pp:builder"]
    assert answer["groups"] == ["system:cluster-admins", "system:masters"]
    assert answer["evalutionError"] == ""
    everywhere = await ask("resourceaccessreviews", SYSTEM, **PUSH)
    assert everywhere["users"] == []
    with pytest.raises(ObjectForbidden):
        await ask("resourceaccessreviews", **PUSH)


async def test_a_path_is_asked_for_too(ask):
    answer = await ask("subjectaccessreviews", verb="get", isNonResourceURL=True, path="/version")

    assert answer["allowed"]


async def test_all_that_somebody_may_do_is_told(ask, world):
    own = await ask("selfsubjectrulesreviews", namespace="pp", spec={})
    assert any(rule["verbs"] == ["get", "update"] for rule in own["status"]["rules"])
    others = await ask("subjectrulesreviews", namespace="pp", spec={"user": "bob"})
    assert others["status"]["rules"] == []


@pytest.mark.parametrize(
    ("plural", "namespace", "fields", "field"),
    [
        ("subjectaccessreviews", "", {}, "verb"),
        ("subjectaccessreviews", "", {"verb": "get"}, "resource"),
        ("subjectaccessreviews", "", {"verb": "get", "isNonResourceURL": True}, "path"),
        ("localsubjectaccessreviews", "pp", {**PUSH, "namespace": "q"}, "namespace"),
        ("subjectrulesreviews", "pp", {"spec": {}}, "spec.user"),
        ("resourceaccessreviews", "", {"verb": 3}, "verb"),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(world, plural, namespace, fields, field):
    endpoint = world.endpoints[f"{plural}.{GROUP}"]
    with pytest.raises(ObjectInvalid) as refusal:
        await endpoint.create(world.ada, namespace, "", fields, Options())

    assert field in [cause.field for cause in refusal.value.causes]

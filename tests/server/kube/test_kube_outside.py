"""What is not served is said by name, to everybody."""

import pytest


@pytest.mark.parametrize(
    ("method", "path", "named"),
    [
        ("POST", "/api/v1/namespaces/dock/services", "services is outside"),
        ("PATCH", "/api/v1/namespaces/dock/services/web", "services is outside"),
        ("POST", "/api/v1/namespaces/dock/persistentvolumeclaims", "persistentvolumeclaims is"),
        (
            "POST",
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            "keep data of your own in a ConfigMap",
        ),
        ("POST", "/api/v1/namespaces/dock/resourcequotas", "projects have no quota here"),
        ("PUT", "/api/v1/namespaces/dock/limitranges/small", "projects have no quota here"),
        ("GET", "/apis/route.openshift.io/v1/namespaces/dock/routes", "routes.route.openshift.io"),
        ("GET", "/apis/apps/v1beta1/deployments", "use apps/v1"),
        ("GET", "/oapi/v1/namespaces/dock/buildconfigs", "/apis/build.openshift.io/v1"),
        (
            "POST",
            "/apis/build.openshift.io/v1/namespaces/dock/buildconfigs/shop/instantiate",
            "nothing here runs builds",
        ),
    ],
)
async def test_a_sentence_comes_before_the_question_for_rights(client, rights, method, path, named):
    rights.only()
    answer = await client(method, path, {} if method != "GET" else None)

    assert answer.status == 404
    status = answer.json()
    assert (status["kind"], status["reason"]) == ("Status", "NotFound")
    assert named in status["message"]


async def test_what_nobody_knows_is_a_question_of_rights_first(client, rights):
    rights.only()

    assert (await client("GET", "/api/v1/frobs")).status == 403

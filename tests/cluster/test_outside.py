"""What is not served is refused by name, with what to do instead."""

import pytest

from wharfinger.cluster import outside
from wharfinger.cluster.kinds import SERVED

START = "the server could not find the requested resource: "


@pytest.mark.parametrize(
    ("group", "version", "resource", "subresource", "named", "advice"),
    [
        ("", "v1", "services", "", "services ", "the cluster that runs them"),
        ("", "v1", "services", "proxy", "services/proxy ", "the cluster that runs them"),
        ("", "v1", "persistentvolumeclaims", "", "persistentvolumeclaims ", "wharf storage"),
        ("", "v1", "pods", "exec", "pods/exec ", "the engine of the host"),
        ("networking.k8s.io", "v1", "ingresses", "", "ingresses.networking.k8s.io ", "cluster"),
        ("route.openshift.io", "v1", "routes", "", "routes.route.openshift.io ", "cluster"),
        ("template.openshift.io", "v1", "templates", "", "templates", "oc process --local"),
        ("apiextensions.k8s.io", "v1", "customresourcedefinitions", "", "custom", "ConfigMap"),
        ("build.openshift.io", "v1", "buildconfigs", "instantiate", "/instantiate.", "pushSecret"),
        (
            "apps.openshift.io",
            "v1",
            "deploymentconfigs",
            "rollback",
            "/rollback.",
            "a Deployment with",
        ),
        ("extensions", "v1beta1", "deployments", "", "deployments.extensions ", "use apps/v1"),
        ("apps", "v1beta2", "deployments", "", "deployments.apps ", "use apps/v1"),
        ("user.openshift.io", "v1", "useridentitymappings", "", "user", "password file"),
    ],
)
def test_what_is_outside_is_named_with_what_to_do(
    group, version, resource, subresource, named, advice
):
    told = outside.sentence(group, version, resource, subresource)

    assert told.startswith(START + (named if named[0] != "/" else ""))
    assert named in told
    assert advice in told


@pytest.mark.parametrize(
    ("group", "version", "resource", "subresource"),
    [
        ("", "v1", "frobs", ""),
        ("", "v2", "configmaps", ""),
        ("dock.test", "v1", "ships", ""),
        ("apps", "v1", "deployments", ""),
        ("", "v1", "pods", "status"),
    ],
)
def test_of_what_nobody_has_nothing_is_said(group, version, resource, subresource):
    assert outside.sentence(group, version, resource, subresource) is None


@pytest.mark.parametrize("kind", SERVED, ids=lambda kind: f"{kind.plural}.{kind.group}")
def test_nothing_that_can_be_made_is_called_outside(kind):
    told = outside.sentence(kind.group, kind.version, kind.plural)

    assert told is None or "create" not in kind.verbs


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/oapi/v1/projects", "/apis/project.openshift.io/v1 for projects"),
        ("/oapi/v1/users/~", "/apis/user.openshift.io/v1 for users"),
        (
            "/oapi/v1/namespaces/dock/deploymentconfigs/registry",
            "/apis/apps.openshift.io/v1 for deploymentconfigs",
        ),
        ("/oapi/v1/namespaces/dock/imagestreams", "/apis/image.openshift.io/v1 for imagestreams"),
        ("/oapi", "under /apis"),
        ("/oapi/v1/", "under /apis"),
        ("/oapi/v1/frobs", "under /apis"),
    ],
)
def test_the_legacy_path_says_where_its_resources_are_now(path, where):
    told = outside.legacy(path)

    assert told.startswith(f"{START}/oapi/v1 is not served; use ")
    assert where in told

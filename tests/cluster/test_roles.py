"""The bootstrap roles hold what the facts on OpenShift's roles say, and nothing is out of reach."""

import pytest

from wharfinger.cluster import roles, rules
from wharfinger.cluster.authorize import Access

ROLES = {role["metadata"]["name"]: rules.parse(role) for role in roles.cluster_roles()}
STREAMS = "image.openshift.io"


def allowed(role, verb, resource, group=STREAMS):
    resource, _, subresource = resource.partition("/")
    access = Access(verb, group, resource, subresource, namespace="p", name="app")
    return any(rules.allows(rule, access) for rule in ROLES[role])


@pytest.mark.parametrize(
    ("role", "pull", "push", "make", "delete"),
    [
        ("cluster-admin", True, True, True, True),
        ("admin", True, True, True, True),
        ("edit", True, True, True, True),
        ("view", True, False, False, False),
        ("registry-admin", True, True, True, True),
        ("registry-editor", True, True, True, True),
        ("registry-viewer", True, False, False, False),
        ("system:image-puller", True, False, False, False),
        ("system:image-pusher", True, True, False, False),
        ("system:image-builder", True, True, True, False),
        ("system:image-signer", True, False, False, False),
        ("system:image-auditor", False, False, False, False),
        ("system:image-pruner", False, False, False, False),
        ("system:deployer", False, False, False, False),
        ("basic-user", False, False, False, False),
        ("self-provisioner", False, False, False, False),
        ("system:discovery", False, False, False, False),
    ],
)
def test_rights_on_images(role, pull, push, make, delete):
    assert allowed(role, "get", "imagestreams/layers") is pull
    assert allowed(role, "update", "imagestreams/layers") is push
    assert allowed(role, "create", "imagestreams") is make
    assert allowed(role, "delete", "imagestreams") is delete


@pytest.mark.parametrize(
    ("group", "resource", "view", "edit", "change"),
    [
        ("apps", "deployments", True, True, "create"),
        ("apps", "deployments/scale", True, True, "patch"),
        ("apps", "deployments/status", True, False, "update"),
        ("apps", "replicasets", True, True, "delete"),
        ("apps", "statefulsets/scale", True, True, "update"),
        ("apps", "daemonsets", True, True, "patch"),
        ("", "replicationcontrollers", True, True, "create"),
        ("", "replicationcontrollers/scale", True, True, "update"),
        ("", "pods", True, True, "delete"),
        ("", "pods/status", True, False, "patch"),
        ("", "pods/eviction", False, True, "create"),
        ("", "pods/binding", False, False, "create"),
        ("batch", "jobs", True, True, "create"),
        ("batch", "cronjobs", True, True, "deletecollection"),
        ("policy", "poddisruptionbudgets", True, True, "create"),
        ("policy", "poddisruptionbudgets/status", True, False, "update"),
        ("coordination.k8s.io", "leases", False, True, "update"),
        ("", "nodes", False, False, "patch"),
    ],
)
def test_rights_on_workloads(group, resource, view, edit, change):
    assert allowed("view", "get", resource, group) is view
    assert not allowed("view", change, resource, group)
    assert allowed("edit", change, resource, group) is edit
    assert allowed("admin", change, resource, group) is edit
    assert allowed("cluster-admin", change, resource, group)


@pytest.mark.parametrize(
    ("role", "verb", "resource", "group", "expected"),
    [
        ("registry-editor", "create", "secrets", "", True),
        ("registry-editor", "create", "rolebindings", "rbac.authorization.k8s.io", False),
        ("registry-admin", "create", "rolebindings", "rbac.authorization.k8s.io", True),
        ("registry-admin", "delete", "projects", "project.openshift.io", True),
        ("registry-viewer", "get", "namespaces", "", True),
        ("registry-viewer", "list", "secrets", "", False),
        ("view", "list", "secrets", "", False),
        ("view", "list", "configmaps", "", True),
        ("edit", "create", "serviceaccounts/token", "", True),
        ("edit", "create", "rolebindings", "rbac.authorization.k8s.io", False),
        ("admin", "create", "rolebindings", "rbac.authorization.k8s.io", True),
        ("admin", "create", "localsubjectaccessreviews", "authorization.k8s.io", True),
        ("admin", "delete", "namespaces", "", False),
        ("admin", "escalate", "roles", "rbac.authorization.k8s.io", False),
        ("admin", "bind", "clusterroles", "rbac.authorization.k8s.io", False),
        ("self-provisioner", "create", "projectrequests", "project.openshift.io", True),
        ("basic-user", "list", "projectrequests", "project.openshift.io", True),
        ("basic-user", "list", "customresourcedefinitions", "apiextensions.k8s.io", True),
        ("basic-user", "create", "customresourcedefinitions", "apiextensions.k8s.io", False),
        ("system:image-pruner", "delete", "images", STREAMS, True),
        (
            "self-access-reviewer",
            "create",
            "selfsubjectaccessreviews",
            "authorization.k8s.io",
            True,
        ),
    ],
)
def test_rights_beside_images(role, verb, resource, group, expected):
    assert allowed(role, verb, resource, group) is expected


@pytest.mark.parametrize(
    "role",
    [
        "edit", "view", "registry-admin", "registry-editor", "registry-viewer",
        "system:image-puller", "system:image-pusher", "system:image-builder", "system:deployer",
    ],
)  # fmt: skip
def test_an_admin_of_a_project_may_grant_every_role_of_projects(role):
    assert rules.uncovered(ROLES["admin"], ROLES[role]) == []


def test_a_registry_admin_may_not_grant_what_an_admin_has():
    assert rules.uncovered(ROLES["registry-admin"], ROLES["admin"]) != []
    assert rules.uncovered(ROLES["registry-admin"], ROLES["registry-editor"]) == []

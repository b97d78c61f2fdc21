"""
The cluster roles that every Wharfinger has from its first start, as data.

The names and rules are those that OpenShift users know. Where its versions differ we follow 4.x:
`registry-admin`, `-editor` and `-viewer` are aggregated into `admin`, `edit` and `view`, so a
viewer of a project can pull its images. Rules on images name the group `image.openshift.io` and
the legacy empty group, as clients of 3.x ask for the latter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from wharfinger.cluster import aggregation
from wharfinger.cluster.kind import Object
from wharfinger.cluster.rules import FULL_AUTHORITY, Rule

AUTOUPDATE = "rbac.authorization.kubernetes.io/autoupdate"
RBAC = "rbac.authorization.k8s.io"

READ = ("get", "list", "watch")
WRITE = ("create", "update", "patch", "delete", "deletecollection")
READ_WRITE = READ + WRITE

CORE = ("",)
IMAGES = ("", "image.openshift.io")
PROJECTS = ("", "project.openshift.io")
BUILDS = ("", "build.openshift.io")
DEPLOYMENTS = ("", "apps.openshift.io")
AUTHORIZATION = ("", "authorization.openshift.io")
OAUTH = ("", "oauth.openshift.io")
WORKLOADS = ("apps", "extensions")

STREAMS = ("imagestreamimages", "imagestreammappings", "imagestreams", "imagestreamtags")
LAYERS = ("imagestreams/layers",)

_LABEL = f"{RBAC}/aggregate-to-"


@dataclass(frozen=True, slots=True)
class ClusterRole:
    """A bootstrap ClusterRole: its own rules, or those of roles marked for `collects`."""

    name: str
    rules: tuple[Rule, ...] = ()
    into: str = ""  # the aggregated role that takes these rules in
    collects: str = ""

    def encode(self) -> Object:
        labels = {f"{_LABEL}{self.into}": "true"} if self.into else {}
        role: Object = {
            "apiVersion": f"{RBAC}/v1",
            "kind": "ClusterRole",
            "metadata": bootstrap_metadata(self.name, **labels),
            "rules": [rule.encode() for rule in self.rules],
        }
        if self.collects:
            selector = {"matchLabels": {f"{_LABEL}{self.collects}": "true"}}
            role["aggregationRule"] = {"clusterRoleSelectors": [selector]}
        return role


_VIEW = (
    Rule(
        READ,
        CORE,
        (
            "bindings", "configmaps", "endpoints", "events", "limitranges", "namespaces",
            "namespaces/status", "persistentvolumeclaims", "persistentvolumeclaims/status", "pods",
            "pods/log", "pods/status", "replicationcontrollers", "replicationcontrollers/scale",
            "replicationcontrollers/status", "resourcequotas", "resourcequotas/status",
            "serviceaccounts", "services", "services/status",
        ),
    ),
    Rule(
        READ,
        WORKLOADS,
        (
            "controllerrevisions", "daemonsets", "daemonsets/status", "deployments",
            "deployments/scale", "deployments/status", "replicasets", "replicasets/scale",
            "replicasets/status", "statefulsets", "statefulsets/scale", "statefulsets/status",
        ),
    ),
    Rule(READ, ("batch",), ("cronjobs", "cronjobs/status", "jobs", "jobs/status")),
    Rule(READ, ("policy",), ("poddisruptionbudgets", "poddisruptionbudgets/status")),
    Rule(READ, IMAGES, (*STREAMS, "imagetags", "imagestreams/status")),
    Rule(READ, BUILDS, ("buildconfigs", "builds")),
    Rule(
        READ,
        DEPLOYMENTS,
        ("deploymentconfigs", "deploymentconfigs/scale", "deploymentconfigs/status"),
    ),
    Rule(("get",), PROJECTS, ("projects",)),
)  # fmt: skip

_EDIT = (
    Rule(READ, CORE, ("pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "secrets")),
    Rule(
        WRITE,
        CORE,
        (
            "configmaps", "events", "persistentvolumeclaims", "pods", "pods/attach", "pods/exec",
            "pods/portforward", "pods/proxy", "replicationcontrollers",
            "replicationcontrollers/scale", "secrets", "serviceaccounts", "services",
        ),
    ),
    Rule(("create",), CORE, ("pods/eviction", "serviceaccounts/token")),
    Rule(
        WRITE,
        WORKLOADS,
        (
            "daemonsets", "deployments", "deployments/rollback", "deployments/scale", "replicasets",
            "replicasets/scale", "statefulsets", "statefulsets/scale",
        ),
    ),
    Rule(WRITE, ("batch",), ("cronjobs", "jobs")),
    Rule(WRITE, ("policy",), ("poddisruptionbudgets",)),
    Rule(READ_WRITE, ("coordination.k8s.io",), ("leases",)),
    Rule(READ_WRITE, IMAGES, (*STREAMS, "imagetags", "imagestreams/secrets")),
    Rule(READ, IMAGES, ("imagestreams/status",)),
    Rule(("get", "update"), IMAGES, LAYERS),
    Rule(("create",), IMAGES, ("imagestreamimports",)),
    Rule(READ_WRITE, BUILDS, ("buildconfigs", "builds")),
    Rule(("update",), BUILDS, ("builds/details",)),
    Rule(READ_WRITE, DEPLOYMENTS, ("deploymentconfigs", "deploymentconfigs/scale")),
)  # fmt: skip

_OWN_RIGHTS = (
    Rule(READ_WRITE, (*AUTHORIZATION, RBAC), ("rolebindings", "roles")),
    Rule(
        ("create",),
        AUTHORIZATION,
        (
            "localresourceaccessreviews", "localsubjectaccessreviews", "resourceaccessreviews",
            "subjectaccessreviews", "subjectrulesreviews",
        ),
    ),
    Rule(("create",), ("authorization.k8s.io",), ("localsubjectaccessreviews",)),
)  # fmt: skip

_REGISTRY_VIEWER = (
    Rule(READ, IMAGES, (*STREAMS, "imagetags")),
    Rule(("get",), IMAGES, LAYERS),
    Rule(("get",), CORE, ("namespaces",)),
    Rule(("get",), PROJECTS, ("projects",)),
)

_REGISTRY_EDITOR = (
    Rule(READ_WRITE, CORE, ("secrets", "serviceaccounts")),
    Rule(READ_WRITE, IMAGES, (*STREAMS, "imagetags", "imagestreams/secrets")),
    Rule(("create",), IMAGES, ("imagestreamimports",)),
    Rule(("get", "update"), IMAGES, LAYERS),
    Rule(("get",), CORE, ("namespaces",)),
    Rule(("get",), PROJECTS, ("projects",)),
)

_REGISTRY_ADMIN = (
    *_REGISTRY_EDITOR,
    *_OWN_RIGHTS,
    Rule(("get", "delete"), PROJECTS, ("projects",)),
)

_SELF_REVIEWS = (
    Rule(("create",), AUTHORIZATION, ("selfsubjectrulesreviews",)),
    Rule(
        ("create",),
        ("authorization.k8s.io",),
        ("selfsubjectaccessreviews", "selfsubjectrulesreviews"),
    ),
    Rule(("create",), ("authentication.k8s.io",), ("selfsubjectreviews",)),
)

_PRUNED_WORKLOADS = ("daemonsets", "deployments", "replicasets")

_HEALTH_URLS = ("/healthz", "/healthz/*", "/livez", "/livez/*", "/readyz", "/readyz/*")
_API_URLS = ("/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*")

CLUSTER_ROLES = (
    ClusterRole("cluster-admin", FULL_AUTHORITY),
    ClusterRole("admin", collects="admin"),
    ClusterRole("edit", collects="edit", into="admin"),
    ClusterRole("view", collects="view", into="edit"),
    ClusterRole(
        "system:aggregate-to-admin",
        (
            *_OWN_RIGHTS,
            Rule(("get", "patch", "update", "delete"), PROJECTS, ("projects",)),
            Rule(("create", "delete"), IMAGES, ("imagesignatures",)),
        ),
        into="admin",
    ),
    ClusterRole("system:aggregate-to-edit", _EDIT, into="edit"),
    ClusterRole("system:aggregate-to-view", _VIEW, into="view"),
    ClusterRole("registry-admin", _REGISTRY_ADMIN, into="admin"),
    ClusterRole("registry-editor", _REGISTRY_EDITOR, into="edit"),
    ClusterRole("registry-viewer", _REGISTRY_VIEWER, into="view"),
    ClusterRole("system:image-puller", (Rule(("get",), IMAGES, LAYERS),)),
    ClusterRole("system:image-pusher", (Rule(("get", "update"), IMAGES, LAYERS),)),
    ClusterRole(
        "system:image-builder",
        (
            Rule(("get", "update"), IMAGES, LAYERS),
            Rule(("create",), IMAGES, ("imagestreams",)),
            Rule(("update",), BUILDS, ("builds/details",)),
            Rule(("get",), BUILDS, ("builds",)),
        ),
    ),
    ClusterRole(
        "system:image-signer",
        (
            Rule(("get",), IMAGES, ("images", *LAYERS)),
            Rule(("create", "delete"), IMAGES, ("imagesignatures",)),
        ),
    ),
    ClusterRole("system:image-auditor", (Rule((*READ, "patch", "update"), IMAGES, ("images",)),)),
    ClusterRole(
        "system:image-pruner",
        (
            Rule(("get", "list"), CORE, ("pods", "replicationcontrollers")),
            Rule(("list",), CORE, ("limitranges",)),
            Rule(("get", "list"), BUILDS, ("buildconfigs", "builds")),
            Rule(("get", "list"), DEPLOYMENTS, ("deploymentconfigs",)),
            Rule(("get", "list"), WORKLOADS, _PRUNED_WORKLOADS),
            Rule(("delete",), IMAGES, ("images",)),
            Rule(READ, IMAGES, ("images", "imagestreams")),
            Rule(("update",), IMAGES, ("imagestreams/status",)),
        ),
    ),
    ClusterRole(
        "system:deployer",
        (
            Rule((*READ, "update", "delete"), CORE, ("replicationcontrollers",)),
            Rule(("get", "update"), CORE, ("replicationcontrollers/scale",)),
            Rule((*READ, "create"), CORE, ("pods",)),
            Rule(("get",), CORE, ("pods/log",)),
            Rule(("create", "list"), CORE, ("events",)),
            Rule(("update",), IMAGES, ("imagestreamtags",)),
        ),
    ),
    ClusterRole(
        "basic-user",
        (
            Rule(("get",), ("", "user.openshift.io"), ("users",), names=("~",)),
            Rule(("list",), PROJECTS, ("projectrequests",)),
            Rule(READ, (*AUTHORIZATION, RBAC), ("clusterroles",)),
            Rule(("list", "watch"), PROJECTS, ("projects",)),
            # There is none, and clients look before they say what is wrong with an object.
            Rule(("get", "list"), ("apiextensions.k8s.io",), ("customresourcedefinitions",)),
            # Only about oneself: the review asks for more where it is about others.
            Rule(("create",), AUTHORIZATION, ("subjectaccessreviews",)),
            *_SELF_REVIEWS,
        ),
    ),
    ClusterRole("self-access-reviewer", _SELF_REVIEWS),
    ClusterRole("self-provisioner", (Rule(("create",), PROJECTS, ("projectrequests",)),)),
    # Only of what one can name: of another's session that is its token.
    ClusterRole("system:oauth-token-deleter", (Rule(("delete",), OAUTH, ("oauthaccesstokens",)),)),
    ClusterRole(
        "system:openshift:useroauthaccesstoken-manager",
        (Rule((*READ, "delete"), ("oauth.openshift.io",), ("useroauthaccesstokens",)),),
    ),
    ClusterRole("system:basic-user", _SELF_REVIEWS[1:]),
    ClusterRole(
        "system:discovery", (Rule(("get",), paths=(*_API_URLS, *_HEALTH_URLS, "/version")),)
    ),
    ClusterRole("system:public-info-viewer", (Rule(("get",), paths=(*_HEALTH_URLS, "/version")),)),
    ClusterRole(
        "system:auth-delegator",
        (
            Rule(("create",), ("authentication.k8s.io",), ("tokenreviews",)),
            Rule(("create",), ("authorization.k8s.io",), ("subjectaccessreviews",)),
        ),
    ),
    ClusterRole("system:metrics-reader", (Rule(("get",), paths=("/metrics",)),)),
)


def cluster_roles() -> list[Object]:
    """Encode the cluster roles, the aggregated ones with their rules already filled in."""
    encoded = [role.encode() for role in CLUSTER_ROLES]
    for role in _inner_first(encoded):
        role["rules"] = aggregation.rules(role, encoded)
    return encoded


def bootstrap_metadata(name: str, **labels: str) -> dict[str, Any]:
    """The metadata of an object that each start completes."""
    marked = {"kubernetes.io/bootstrapping": "rbac-defaults", **labels}
    return {"name": name, "labels": marked, "annotations": {AUTOUPDATE: "true"}}


def _inner_first(encoded: list[Object]) -> Iterator[Object]:
    """`view` is taken in by `edit` and that by `admin`, so they are filled in that order."""
    by_name = {role["metadata"]["name"]: role for role in encoded}
    return (by_name[name] for name in ("view", "edit", "admin"))

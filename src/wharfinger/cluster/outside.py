"""
What of Kubernetes and OpenShift is not served here, by name, and what to do instead.

Pure. Whoever asks for one of these is told so in a sentence, whatever their rights: that we do not
have it is no secret, and "forbidden" would send people to look for rights that help nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_NOT_FOUND: Final = "the server could not find the requested resource"

_TRAFFIC: Final = "nothing here leads requests to pods; make it in the cluster that runs them"
_VOLUMES: Final = (
    "no storage is handed out to pods here; make it in the cluster that runs them, and for the disks "
    "of hosts use `wharf storage`"
)
_NO_POD_RUNS: Final = "no pod runs by this server; ask the engine of the host that runs it"
_QUOTA: Final = "projects have no quota here; set it in the cluster that runs the pods"
_EXTENSION: Final = "the kinds of this server are fixed; keep data of your own in a ConfigMap"
_NO_BUILD: Final = (
    "nothing here runs builds; build with a tool of your choice, and push with the pushSecret of the "
    "build config"
)
_NO_DEPLOYMENT: Final = (
    "nothing here deploys a DeploymentConfig; make a Deployment with the same template"
)
_SETTINGS: Final = "the server is set up by its settings file; see `wharf up --help`"
_LOGIN: Final = "log in with `oc login` or `wharf login`; there are no other clients to set up"

_RESOURCES: Final[Mapping[tuple[str, str], str]] = {
    ("", "services"): _TRAFFIC,
    ("", "endpoints"): _TRAFFIC,
    ("", "persistentvolumes"): _VOLUMES,
    ("", "persistentvolumeclaims"): _VOLUMES,
    ("", "resourcequotas"): _QUOTA,
    ("", "limitranges"): _QUOTA,
    ("", "podtemplates"): "write the template into the ReplicaSet or Job that uses it",
    ("", "componentstatuses"): "ask /readyz?verbose how the server is",
    ("apps", "controllerrevisions"): (
        "a history of templates is kept of Deployments only; to go back, apply the earlier template"
    ),
    ("authorization.openshift.io", "rolebindingrestrictions"): (
        "nobody hands out more rights than they have; there is nothing else to restrict"
    ),
    ("events.k8s.io", "events"): "use the events of the core group, /api/v1",
    ("oauth.openshift.io", "oauthclients"): _LOGIN,
    ("oauth.openshift.io", "oauthclientauthorizations"): _LOGIN,
    ("oauth.openshift.io", "oauthauthorizetokens"): _LOGIN,
    ("user.openshift.io", "useridentitymappings"): (
        "a login is the user of the same name in the password file, and cannot be another"
    ),
}
_BELOW: Final[Mapping[tuple[str, str, str], str]] = {
    **{
        ("", "pods", name): _NO_POD_RUNS
        for name in ("attach", "exec", "log", "portforward", "proxy", "resize")
    },
    ("", "nodes", "proxy"): _NO_POD_RUNS,
    **{
        ("build.openshift.io", "buildconfigs", name): _NO_BUILD
        for name in ("instantiate", "instantiatebinary", "webhooks")
    },
    **{("build.openshift.io", "builds", name): _NO_BUILD for name in ("clone", "log")},
    **{
        ("apps.openshift.io", "deploymentconfigs", name): _NO_DEPLOYMENT
        for name in ("instantiate", "log", "rollback")
    },
}
_GROUPS: Final[Mapping[str, str]] = {
    "admissionregistration.k8s.io": "the rules of this server cannot be added to by webhooks",
    "apiextensions.k8s.io": _EXTENSION,
    "apiregistration.k8s.io": _EXTENSION,
    "autoscaling": "nothing here measures pods; set the replicas yourself",
    "certificates.k8s.io": "the authority of this server signs for nobody else",
    "config.openshift.io": _SETTINGS,
    "discovery.k8s.io": _TRAFFIC,
    "flowcontrol.apiserver.k8s.io": "the server shares itself out fairly by itself",
    "machineconfiguration.openshift.io": "for the files of hosts use `wharf hosts`",
    "metrics.k8s.io": "nothing here measures pods or nodes; the server's own figures are at /metrics",
    "network.openshift.io": _TRAFFIC,
    "networking.k8s.io": _TRAFFIC,
    "node.k8s.io": _NO_POD_RUNS,
    "operator.openshift.io": _SETTINGS,
    "quota.openshift.io": _QUOTA,
    "route.openshift.io": _TRAFFIC,
    "scheduling.k8s.io": "pods have no priorities here",
    "security.openshift.io": (
        "no pod runs by this server, so there is nothing to confine; set it in the cluster"
    ),
    "snapshot.storage.k8s.io": _VOLUMES,
    "storage.k8s.io": _VOLUMES,
    "template.openshift.io": (
        "process the template with `oc process --local -f FILE`, and apply what comes out"
    ),
}
_OLDER: Final[Mapping[tuple[str, str], str]] = {
    ("apps", "v1beta1"): "apps/v1",
    ("apps", "v1beta2"): "apps/v1",
    ("coordination.k8s.io", "v1beta1"): "coordination.k8s.io/v1",
    ("events.k8s.io", "v1beta1"): "the events of the core group, /api/v1",
    ("extensions", "v1beta1"): "apps/v1",
    ("rbac.authorization.k8s.io", "v1alpha1"): "rbac.authorization.k8s.io/v1",
    ("rbac.authorization.k8s.io", "v1beta1"): "rbac.authorization.k8s.io/v1",
    ("authentication.k8s.io", "v1beta1"): "authentication.k8s.io/v1",
    ("authorization.k8s.io", "v1beta1"): "authorization.k8s.io/v1",
}
_LEGACY: Final[Mapping[str, str]] = {
    **dict.fromkeys(("builds", "buildconfigs"), "build.openshift.io"),
    **dict.fromkeys(("deploymentconfigs", "deploymentconfigrollbacks"), "apps.openshift.io"),
    **dict.fromkeys(
        (
            "images", "imagesignatures", "imagestreams", "imagestreamimages",
            "imagestreamimports", "imagestreammappings", "imagestreamtags",
        ),
        "image.openshift.io",
    ),
    **dict.fromkeys(("projects", "projectrequests"), "project.openshift.io"),
    **dict.fromkeys(("users", "groups", "identities"), "user.openshift.io"),
    **dict.fromkeys(
        (
            "roles", "rolebindings", "clusterroles", "clusterrolebindings",
            "subjectaccessreviews", "localsubjectaccessreviews", "resourceaccessreviews",
            "localresourceaccessreviews", "subjectrulesreviews", "selfsubjectrulesreviews",
        ),
        "authorization.openshift.io",
    ),
    **dict.fromkeys(("oauthaccesstokens",), "oauth.openshift.io"),
}  # fmt: skip
"""The group that each resource of `/oapi/v1` is in now."""


def sentence(group: str, version: str, resource: str, subresource: str = "") -> str | None:
    """Say what to do instead, None if this is nothing that we leave out on purpose."""
    told = _BELOW.get((group, resource, subresource)) if subresource else None
    if told is None:
        told = _RESOURCES.get((group, resource)) or _GROUPS.get(group)
    if told is None and (newer := _OLDER.get((group, version))) is not None:
        told = f"this version is not served; use {newer}"
    if told is None:
        return None
    plural = f"{resource}/{subresource}" if subresource else resource
    named = f"{plural}.{group}" if group else plural
    return f"{_NOT_FOUND}: {named} is outside of what is served here: {told}"


def legacy(path: str) -> str:
    """Say where a path of `/oapi/v1` has gone."""
    parts = path.strip("/").split("/")[2:]
    if len(parts) > 2 and parts[0] == "namespaces":
        parts = parts[2:]
    resource = parts[0] if parts else ""
    group = _LEGACY.get(resource)
    if group is None:
        where = "the group of the resource under /apis, such as /apis/project.openshift.io/v1"
    else:
        where = f"/apis/{group}/v1 for {resource}"
    return f"{_NOT_FOUND}: /oapi/v1 is not served; use {where}"

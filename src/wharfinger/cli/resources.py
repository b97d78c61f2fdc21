"""Where the API keeps what the commands work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from wharfinger.cli.client import path_of


@dataclass(frozen=True, slots=True)
class Resource:
    group: str
    version: str
    plural: str
    singular: str

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, name: str = "", *, namespace: str = "", subresource: str = "") -> str:
        segments = ["apis", self.group, self.version] if self.group else ["api", self.version]
        if namespace:
            segments += ["namespaces", namespace]
        segments.append(self.plural)
        segments += [segment for segment in (name, subresource) if segment]
        return path_of(*segments)

    @property
    def kind(self) -> str:
        """As `-o name` and messages spell it: `project.project.openshift.io`."""
        return f"{self.singular}.{self.group}" if self.group else self.singular


RBAC: Final = "rbac.authorization.k8s.io"

NAMESPACES: Final = Resource("", "v1", "namespaces", "namespace")
SECRETS: Final = Resource("", "v1", "secrets", "secret")
SERVICE_ACCOUNTS: Final = Resource("", "v1", "serviceaccounts", "serviceaccount")
ROLES: Final = Resource(RBAC, "v1", "roles", "role")
ROLE_BINDINGS: Final = Resource(RBAC, "v1", "rolebindings", "rolebinding")
CLUSTER_ROLES: Final = Resource(RBAC, "v1", "clusterroles", "clusterrole")
CLUSTER_ROLE_BINDINGS: Final = Resource(RBAC, "v1", "clusterrolebindings", "clusterrolebinding")
BUILD_CONFIGS: Final = Resource("build.openshift.io", "v1", "buildconfigs", "buildconfig")
IMAGE: Final = "image.openshift.io"
IMAGE_STREAMS: Final = Resource(IMAGE, "v1", "imagestreams", "imagestream")
IMAGE_STREAM_TAGS: Final = Resource(IMAGE, "v1", "imagestreamtags", "imagestreamtag")
IMAGE_STREAM_IMPORTS: Final = Resource(IMAGE, "v1", "imagestreamimports", "imagestreamimport")
PROJECTS: Final = Resource("project.openshift.io", "v1", "projects", "project")
PROJECT_REQUESTS: Final = Resource(
    "project.openshift.io", "v1", "projectrequests", "projectrequest"
)
SELF_SUBJECT_REVIEWS: Final = Resource(
    "authentication.k8s.io", "v1", "selfsubjectreviews", "selfsubjectreview"
)

"""
Which resources a configuration speaks of, and how OpenShift 3.x named their groups.

Up to 3.11 every kind of OpenShift was of the legacy group "" for this purpose: a rule on `builds`
without a group means those of `build.openshift.io` too.
"""

from __future__ import annotations

from typing import Final, NamedTuple

ANY: Final = "*"
_OPENSHIFT: Final = ".openshift.io"


class Resource(NamedTuple):
    """`resource` is the plural in lower case, or `*` where that is allowed."""

    group: str
    resource: str

    def covers(self, other: Resource) -> bool:
        """Whether `other` is meant; a group is never a wildcard."""
        return self.group == other.group and self.resource in (ANY, other.resource)

    def legacy(self) -> Resource:
        return Resource("", self.resource) if self.group.endswith(_OPENSHIFT) else self

    def __str__(self) -> str:
        return f"{self.resource}.{self.group}" if self.group else self.resource


PODS: Final = Resource("", "pods")
JOBS: Final = Resource("batch", "jobs")
STATEFUL_SETS: Final = Resource("apps", "statefulsets")
BUILDS: Final = frozenset({Resource("build.openshift.io", "builds"), Resource("", "builds")})

RESOLVED: Final = (
    PODS,
    Resource("", "replicationcontrollers"),
    Resource("apps.openshift.io", "deploymentconfigs"),
    Resource("apps", "daemonsets"),
    Resource("apps", "deployments"),
    STATEFUL_SETS,
    Resource("apps", "replicasets"),
    Resource("build.openshift.io", "builds"),
    JOBS,
    Resource("batch", "cronjobs"),
    Resource("extensions", "daemonsets"),
    Resource("extensions", "deployments"),
    Resource("extensions", "replicasets"),
)
"""Where names are resolved if a configuration has no `resolutionRules`."""

RESOLVED_LEGACY: Final = (
    PODS,
    Resource("build.openshift.io", "builds"),
    Resource("", "builds"),
    JOBS,
    Resource("", "replicationcontrollers"),
    Resource("extensions", "replicasets"),
    Resource("extensions", "deployments"),
    Resource("extensions", "daemonsets"),
    Resource("apps", "deployments"),
    STATEFUL_SETS,
)
"""The same in 3.11."""

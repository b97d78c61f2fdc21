"""Of rbac.authorization.k8s.io/v1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_RBAC: Final = "io.k8s.api.rbac.v1."

ORDER: Final[Mapping[str, str]] = {
    f"{_RBAC}AggregationRule": "clusterRoleSelectors",
    f"{_RBAC}ClusterRole": "metadata rules aggregationRule",
    f"{_RBAC}ClusterRoleBinding": "metadata subjects roleRef",
    f"{_RBAC}PolicyRule": "verbs apiGroups resources resourceNames nonResourceURLs",
    f"{_RBAC}Role": "metadata rules",
    f"{_RBAC}RoleBinding": "metadata subjects roleRef",
    f"{_RBAC}RoleRef": "apiGroup kind name",
    f"{_RBAC}Subject": "kind apiGroup name namespace",
}

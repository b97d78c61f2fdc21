"""
The field numbers of our models in Kubernetes' protobuf (`generated.proto` of each API group).

Each line names the fields in the order of their numbers, from 1 on; `-` is a number not in use,
or one of a field that we do not serve.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1."
_CORE: Final = "io.k8s.api.core.v1."
_RBAC: Final = "io.k8s.api.rbac.v1."
_WHO: Final = "io.k8s.api.authentication.v1."
_MAY: Final = "io.k8s.api.authorization.v1."

_ORDER: Final[Mapping[str, str]] = {
    f"{_META}DeleteOptions": "gracePeriodSeconds preconditions orphanDependents propagationPolicy dryRun",
    f"{_META}LabelSelector": "matchLabels matchExpressions",
    f"{_META}LabelSelectorRequirement": "key operator values",
    f"{_META}ManagedFieldsEntry": "manager operation apiVersion time - fieldsType - subresource",
    f"{_META}ObjectMeta": (
        "name generateName namespace selfLink uid resourceVersion generation creationTimestamp "
        "deletionTimestamp deletionGracePeriodSeconds labels annotations ownerReferences "
        "finalizers - - managedFields"
    ),
    f"{_META}OwnerReference": "kind - name uid apiVersion controller blockOwnerDeletion",
    f"{_META}Preconditions": "uid resourceVersion",
    f"{_CORE}ConfigMap": "metadata data binaryData immutable",
    f"{_CORE}Event": (
        "metadata involvedObject reason message source firstTimestamp lastTimestamp count type "
        "eventTime series action related reportingComponent reportingInstance"
    ),
    f"{_CORE}EventSeries": "count lastObservedTime",
    f"{_CORE}EventSource": "component host",
    f"{_CORE}LocalObjectReference": "name",
    f"{_CORE}Namespace": "metadata spec status",
    f"{_CORE}NamespaceCondition": "type status - lastTransitionTime reason message",
    f"{_CORE}NamespaceSpec": "finalizers",
    f"{_CORE}NamespaceStatus": "phase conditions",
    f"{_CORE}ObjectReference": "kind namespace name uid apiVersion resourceVersion fieldPath",
    f"{_CORE}Secret": "metadata data type stringData immutable",
    f"{_CORE}ServiceAccount": "metadata secrets imagePullSecrets automountServiceAccountToken",
    f"{_RBAC}AggregationRule": "clusterRoleSelectors",
    f"{_RBAC}ClusterRole": "metadata rules aggregationRule",
    f"{_RBAC}ClusterRoleBinding": "metadata subjects roleRef",
    f"{_RBAC}PolicyRule": "verbs apiGroups resources resourceNames nonResourceURLs",
    f"{_RBAC}Role": "metadata rules",
    f"{_RBAC}RoleBinding": "metadata subjects roleRef",
    f"{_RBAC}RoleRef": "apiGroup kind name",
    f"{_RBAC}Subject": "kind apiGroup name namespace",
    f"{_WHO}BoundObjectReference": "kind apiVersion name uid",
    f"{_WHO}SelfSubjectReview": "metadata status",
    f"{_WHO}SelfSubjectReviewStatus": "userInfo",
    f"{_WHO}TokenRequest": "metadata spec status",
    f"{_WHO}TokenRequestSpec": "audiences - boundObjectRef expirationSeconds",
    f"{_WHO}TokenRequestStatus": "token expirationTimestamp",
    f"{_WHO}TokenReview": "metadata spec status",
    f"{_WHO}TokenReviewSpec": "token audiences",
    f"{_WHO}TokenReviewStatus": "authenticated user error audiences",
    f"{_WHO}UserInfo": "username uid groups extra",
    f"{_MAY}LocalSubjectAccessReview": "metadata spec status",
    f"{_MAY}NonResourceAttributes": "path verb",
    f"{_MAY}NonResourceRule": "verbs nonResourceURLs",
    f"{_MAY}ResourceAttributes": "namespace verb group version resource subresource name",
    f"{_MAY}ResourceRule": "verbs apiGroups resources resourceNames",
    f"{_MAY}SelfSubjectAccessReview": "metadata spec status",
    f"{_MAY}SelfSubjectAccessReviewSpec": "resourceAttributes nonResourceAttributes",
    f"{_MAY}SelfSubjectRulesReview": "metadata spec status",
    f"{_MAY}SelfSubjectRulesReviewSpec": "namespace",
    f"{_MAY}SubjectAccessReview": "metadata spec status",
    f"{_MAY}SubjectAccessReviewSpec": "resourceAttributes nonResourceAttributes user groups extra uid",
    f"{_MAY}SubjectAccessReviewStatus": "allowed reason evaluationError denied",
    f"{_MAY}SubjectRulesReviewStatus": "resourceRules nonResourceRules incomplete evaluationError",
}

FIELDS: Final[Mapping[str, Mapping[int, str]]] = {
    model: {number: name for number, name in enumerate(order.split(), 1) if name != "-"}
    for model, order in _ORDER.items()
}
"""The name of each field by model and number."""

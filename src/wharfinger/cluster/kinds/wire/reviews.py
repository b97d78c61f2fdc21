"""Of authentication.k8s.io/v1 and authorization.k8s.io/v1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_WHO: Final = "io.k8s.api.authentication.v1."
_MAY: Final = "io.k8s.api.authorization.v1."

ORDER: Final[Mapping[str, str]] = {
    f"{_WHO}BoundObjectReference": "kind apiVersion name uid",
    f"{_WHO}SelfSubjectReview": "metadata status",
    f"{_WHO}SelfSubjectReviewStatus": "userInfo",
    f"{_WHO}TokenRequest": "metadata spec status",
    f"{_WHO}TokenRequestSpec": "audiences - boundObjectRef expirationSeconds?",
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
    f"{_MAY}SubjectAccessReviewStatus": "allowed? reason evaluationError denied",
    f"{_MAY}SubjectRulesReviewStatus": "resourceRules nonResourceRules incomplete evaluationError",
}

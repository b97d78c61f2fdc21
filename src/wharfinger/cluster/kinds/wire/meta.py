"""Of meta/v1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1."

ORDER: Final[Mapping[str, str]] = {
    f"{_META}Condition": ("type? status? observedGeneration lastTransitionTime? reason? message?"),
    f"{_META}DeleteOptions": (
        "gracePeriodSeconds? preconditions orphanDependents? propagationPolicy? dryRun"
    ),
    f"{_META}LabelSelector": "matchLabels matchExpressions",
    f"{_META}LabelSelectorRequirement": "key? operator? values",
    f"{_META}ManagedFieldsEntry": "manager operation apiVersion time - fieldsType - subresource",
    f"{_META}ObjectMeta": (
        "name generateName namespace selfLink uid resourceVersion generation creationTimestamp "
        "deletionTimestamp deletionGracePeriodSeconds? labels annotations ownerReferences "
        "finalizers - - managedFields"
    ),
    f"{_META}OwnerReference": "kind? - name? uid? apiVersion? controller? blockOwnerDeletion?",
    f"{_META}Preconditions": "uid? resourceVersion?",
}

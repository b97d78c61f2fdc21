"""Of core/v1, but for pods and what they are made of, and for what is never there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_CORE: Final = "io.k8s.api.core.v1."

ORDER: Final[Mapping[str, str]] = {
    f"{_CORE}ConfigMap": "metadata data binaryData immutable?",
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
    f"{_CORE}Secret": "metadata data type stringData immutable?",
    f"{_CORE}ServiceAccount": "metadata secrets imagePullSecrets automountServiceAccountToken?",
}

"""Of core/v1: pods, and what pods are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_CORE: Final = "io.k8s.api.core.v1."

ORDER: Final[Mapping[str, str]] = {
    f"{_CORE}Binding": "metadata target",
    "io.k8s.api.policy.v1.Eviction": "metadata deleteOptions",
    f"{_CORE}PodTemplateSpec": "metadata spec",
}

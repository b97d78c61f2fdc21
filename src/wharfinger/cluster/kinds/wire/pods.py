"""Of core/v1: pods, and what pods are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_CORE: Final = "io.k8s.api.core.v1."

ORDER: Final[Mapping[str, str]] = {
    f"{_CORE}PodTemplateSpec": "metadata spec",
}

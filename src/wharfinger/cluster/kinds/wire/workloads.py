"""Of apps/v1, batch/v1, autoscaling/v1, policy/v1 and coordination.k8s.io/v1, and replication controllers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_APPS: Final = "io.k8s.api.apps.v1."

ORDER: Final[Mapping[str, str]] = {
    f"{_APPS}Deployment": "metadata spec status",
}

"""
Cron jobs and disruption budgets by the versions that clients before Kubernetes 1.21 know.

`kubectl create cronjob`, `create pdb` and `describe` of such clients know no other. The fields are
the same, so the objects are too: `older_versions.py` shows one as the other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from wharfinger.cluster.kind import Kind
from wharfinger.cluster.kinds.shapes import Record
from wharfinger.cluster.kinds.workloads.cron_job import CRON_JOB
from wharfinger.cluster.kinds.workloads.disruption_budget import POD_DISRUPTION_BUDGET

VERSION: Final = "v1beta1"


def _older(kind: Kind, model: str) -> Kind:
    """Declare the older version; its parts (`status`) are written by the present one."""
    schema: Any = kind.schema
    return replace(
        kind,
        version=VERSION,
        schema=Record(model, schema.summary, schema["properties"]),
        subresources=(),
    )


OLDER_CRON_JOB: Final = _older(CRON_JOB, "io.k8s.api.batch.v1beta1.CronJob")
OLDER_POD_DISRUPTION_BUDGET: Final = _older(
    POD_DISRUPTION_BUDGET, "io.k8s.api.policy.v1beta1.PodDisruptionBudget"
)

"""
Objects shown in an older version of their kind, for clients that know no other.

One object is stored in one version; the older one differs in nothing but its name. What clients
of both see is the same, and so is what they are refused.
"""

from __future__ import annotations

from wharfinger.cluster.kind import Kind, Object
from wharfinger.cluster.kinds.workloads import CRON_JOB, POD_DISRUPTION_BUDGET
from wharfinger.cluster.kinds.workloads.older import OLDER_CRON_JOB, OLDER_POD_DISRUPTION_BUDGET
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.view import WritableView


class OlderVersion(WritableView):
    def show(self, stored: Object) -> Object:
        return _as(self.kind, stored)

    def keep(self, shown: Object) -> Object:
        return _as(self._source, shown)


def views(objects: Objects) -> tuple[OlderVersion, ...]:
    return (
        OlderVersion(OLDER_CRON_JOB, objects, CRON_JOB),
        OlderVersion(OLDER_POD_DISRUPTION_BUDGET, objects, POD_DISRUPTION_BUDGET),
    )


def _as(kind: Kind, obj: Object) -> Object:
    return {**obj, "apiVersion": kind.api_version}

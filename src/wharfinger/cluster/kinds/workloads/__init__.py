"""What makes pods, and what protects them: apps, batch, policy, autoscaling, coordination."""

from __future__ import annotations

from typing import Final

from wharfinger.cluster.kind import Kind
from wharfinger.cluster.kinds.workloads.cron_job import CRON_JOB
from wharfinger.cluster.kinds.workloads.daemon_set import DAEMON_SET
from wharfinger.cluster.kinds.workloads.deployment import DEPLOYMENT
from wharfinger.cluster.kinds.workloads.disruption_budget import POD_DISRUPTION_BUDGET
from wharfinger.cluster.kinds.workloads.job import JOB
from wharfinger.cluster.kinds.workloads.lease import LEASE
from wharfinger.cluster.kinds.workloads.older import OLDER_CRON_JOB, OLDER_POD_DISRUPTION_BUDGET
from wharfinger.cluster.kinds.workloads.replica_set import REPLICA_SET
from wharfinger.cluster.kinds.workloads.replication_controller import REPLICATION_CONTROLLER
from wharfinger.cluster.kinds.workloads.scale import SCALE
from wharfinger.cluster.kinds.workloads.stateful_set import STATEFUL_SET

STORED: Final[tuple[Kind, ...]] = (
    DAEMON_SET,
    DEPLOYMENT,
    REPLICA_SET,
    STATEFUL_SET,
    REPLICATION_CONTROLLER,
    CRON_JOB,
    JOB,
    LEASE,
    POD_DISRUPTION_BUDGET,
)
"""The kinds of this folder that are stored as they are."""

COMPUTED: Final[tuple[Kind, ...]] = (SCALE, OLDER_CRON_JOB, OLDER_POD_DISRUPTION_BUDGET)
"""Those that are shown of others: their numbers of pods, and older versions of them."""

__all__ = (
    "COMPUTED",
    "CRON_JOB",
    "DAEMON_SET",
    "DEPLOYMENT",
    "JOB",
    "LEASE",
    "OLDER_CRON_JOB",
    "OLDER_POD_DISRUPTION_BUDGET",
    "POD_DISRUPTION_BUDGET",
    "REPLICATION_CONTROLLER",
    "REPLICA_SET",
    "SCALE",
    "STATEFUL_SET",
    "STORED",
)

"""The controllers that make workloads move, each with the kind it keeps."""

from __future__ import annotations

from wharfinger.cluster.controllers import Controller
from wharfinger.cluster.kinds.pods.pod import POD
from wharfinger.cluster.kinds.workloads.daemon_set import DAEMON_SET
from wharfinger.cluster.kinds.workloads.deployment import DEPLOYMENT
from wharfinger.cluster.kinds.workloads.disruption_budget import POD_DISRUPTION_BUDGET
from wharfinger.cluster.kinds.workloads.job import JOB
from wharfinger.cluster.kinds.workloads.replica_set import REPLICA_SET
from wharfinger.cluster.kinds.workloads.replication_controller import REPLICATION_CONTROLLER
from wharfinger.cluster.kinds.workloads.stateful_set import STATEFUL_SET
from wharfinger.cluster.objects import Objects
from wharfinger.cluster.tokens import Clock
from wharfinger.cluster.workloads.agents import Agents
from wharfinger.cluster.workloads.budget_controller import Budgets
from wharfinger.cluster.workloads.daemon_controller import Daemons
from wharfinger.cluster.workloads.deployment_controller import Deployments
from wharfinger.cluster.workloads.placement import Placement
from wharfinger.cluster.workloads.replica_controller import Replicas
from wharfinger.cluster.workloads.series_controller import Series
from wharfinger.cluster.workloads.task_controller import Tasks


def controllers(objects: Objects, *, clock: Clock) -> tuple[Controller, ...]:
    """Owners first, so that a state is reached in few rounds."""
    return (
        Deployments(objects, DEPLOYMENT, REPLICA_SET, clock=clock),
        Replicas(objects, REPLICA_SET, POD, clock=clock),
        Replicas(objects, REPLICATION_CONTROLLER, POD, clock=clock),
        Series(objects, STATEFUL_SET, POD, clock=clock),
        Daemons(objects, DAEMON_SET, POD, clock=clock),
        Tasks(objects, JOB, POD, clock=clock),
        Placement(objects, clock=clock),
        Agents(objects, clock=clock),
        Budgets(objects, POD_DISRUPTION_BUDGET, POD, clock=clock),
    )

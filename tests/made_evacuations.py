"""Nodes, pods and budgets as values, as tests of evacuations want them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from wharfinger.maintenance.explain import Explainer, NodePlan
from wharfinger.maintenance.model import Budget, Cluster, Name, Node, Owner, Pod
from wharfinger.maintenance.options import Options

NOON = datetime(2027, 1, 15, 12, tzinfo=UTC)
WEB = Owner("ReplicaSet", "web", "uid-web")
DAEMON = Owner("DaemonSet", "proxy", "uid-proxy")
DAEMON_SETS = frozenset({Name("p", "proxy")})
ALL = Options(ignore_daemon_sets=True, delete_empty_dir_data=True, force=True)


def node(name: str = "n1", **more: Any) -> Node:
    return Node(name, f"uid-{name}", **more)


def pod(name: str = "web-1", *, at: str = "n1", owner: Owner | None = WEB, **more: Any) -> Pod:
    """A pod that runs well and is made anew by a ReplicaSet."""
    return Pod(
        Name("p", name), f"uid-{name}", at, more.pop("labels", {"app": "web"}), owner, **more
    )


def budget(name: str = "web", **more: Any) -> Budget:
    """A budget for `app=web`; told no more, it allows nothing and asks for nothing."""
    selector = more.pop("selector", {"matchLabels": {"app": "web"}})
    return Budget(Name("p", name), f"uid-{name}", selector, **more)


def cluster(pods: Sequence[Pod], *budgets: Budget) -> Cluster:
    """All nodes that pods are on, and n1."""
    names = {"n1", *(one.node for one in pods if one.node)}
    nodes = {name: node(name) for name in sorted(names)}
    return Cluster(nodes, tuple(pods), budgets, DAEMON_SETS)


def plan(pods: Sequence[Pod], *budgets: Budget, options: Options = ALL, at: str = "n1") -> NodePlan:
    return Explainer(cluster(pods, *budgets), options, NOON).node(at)

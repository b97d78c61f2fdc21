"""
What is to be done with the hosts of a fleet, before anything is: explained, and arranged in waves.

Pure: plans of hosts and of nodes come in, events and waves go out.
"""

from __future__ import annotations

from collections.abc import Mapping

from wharfinger.hosts.on_host.changes import Disruption
from wharfinger.maintenance.explain import Explainer, NodePlan
from wharfinger.maintenance.fleet import host_states, waves
from wharfinger.maintenance.fleet.host_states import (
    Event,
    Explained,
    HostState,
    Reached,
    Retried,
    Skipped,
    Step,
)
from wharfinger.maintenance.fleet.limits import Limits
from wharfinger.maintenance.fleet.parts import HostPlan
from wharfinger.maintenance.fleet.waves import WavePlan
from wharfinger.maintenance.model import Node


def retry(states: Mapping[str, HostState]) -> list[Event]:
    """A resume tries again what failed and what was skipped, and believes no node to be empty still."""
    return [
        Retried(name) for name, state in states.items() if state.step in host_states.TRIED_AGAIN
    ]


def explain(
    states: Mapping[str, HostState],
    plans: Mapping[str, HostPlan],
    nodes: Mapping[str, str],
    drain_for: Disruption,
) -> list[Event]:
    """What the plans of hosts make of their states; a host that is midway keeps the plan that it has.

    `nodes` are the nodes of hosts. A host is drained if its plan disturbs as much as `drain_for`.
    """
    events: list[Event] = []
    for name, state in states.items():
        if state.midway:
            continue
        plan = plans.get(name, HostPlan(trouble="it is not in the inventory any more"))
        if plan.trouble:
            if state.step is not Step.DONE:
                events.append(Skipped(name, plan.trouble))
            continue
        drain = plan.changes > 0 and plan.disruption >= drain_for
        events.append(
            Explained(name, nodes[name], plan.disruption, plan.changes, plan.digest, drain)
        )
        if not plan.changes and not state.cordoned:
            events.append(Reached(name, Step.DONE, "it is as the site file says"))
    return events


def arrange(
    states: Mapping[str, HostState],
    nodes: Mapping[str, Node],
    explainer: Explainer,
    limits: Limits,
) -> tuple[WavePlan, list[Event]]:
    """Plan the waves of all hosts that are not done; those whose nodes can not be emptied are skipped.

    A host that needs no drain takes its place in the limits as well: also a restart can go wrong.
    """
    wanted = {state.node: name for name, state in states.items() if not state.step.over}
    plans = {
        node: explainer.node(node)
        if states[name].drain and not states[name].midway
        else NodePlan(nodes[node], (), ())
        for node, name in wanted.items()
        if node in nodes
    }
    absent = [node for node in wanted if node not in nodes]
    ours = [node for node, name in wanted.items() if states[name].cordoned]
    plan = waves.arrange(plans, limits, absent, ours=ours)
    return plan, [Skipped(wanted[one.node], "; ".join(one.reasons)) for one in plan.blocked]

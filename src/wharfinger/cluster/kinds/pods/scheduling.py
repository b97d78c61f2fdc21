"""On which nodes a pod may and should run."""

from __future__ import annotations

from wharfinger.cluster.kinds.meta import LABEL_SELECTOR
from wharfinger.cluster.kinds.shapes import ATOMIC, Record, array, integer, text, texts

_NODE_SELECTOR_REQUIREMENT = Record(
    "io.k8s.api.core.v1.NodeSelectorRequirement",
    "One condition on a node.",
    {
        "key": text("The label, or the field."),
        "operator": text("In, NotIn, Exists, DoesNotExist, Gt or Lt."),
        "values": texts("The values to compare with.", **ATOMIC),
    },
    required=("key", "operator"),
)

_NODE_SELECTOR_TERM = Record(
    "io.k8s.api.core.v1.NodeSelectorTerm",
    "Conditions that must hold together.",
    {
        "matchExpressions": array("Conditions on labels.", _NODE_SELECTOR_REQUIREMENT, **ATOMIC),
        "matchFields": array(
            "Conditions on fields; only metadata.name is known.",
            _NODE_SELECTOR_REQUIREMENT,
            **ATOMIC,
        ),
    },
)
_NODE_SELECTOR_TERM["x-kubernetes-map-type"] = "atomic"

NODE_SELECTOR = Record(
    "io.k8s.api.core.v1.NodeSelector",
    "Selects nodes for which one of the terms holds.",
    {
        "nodeSelectorTerms": array("The terms.", _NODE_SELECTOR_TERM, **ATOMIC),
    },
    required=("nodeSelectorTerms",),
)
NODE_SELECTOR["x-kubernetes-map-type"] = "atomic"

_PREFERRED_SCHEDULING_TERM = Record(
    "io.k8s.api.core.v1.PreferredSchedulingTerm",
    "Nodes that are better than others.",
    {
        "weight": integer("How much better, from 1 to 100."),
        "preference": _NODE_SELECTOR_TERM.of("What these nodes have."),
    },
    required=("weight", "preference"),
)

_NODE_AFFINITY = Record(
    "io.k8s.api.core.v1.NodeAffinity",
    "Which nodes suit a pod.",
    {
        "requiredDuringSchedulingIgnoredDuringExecution": NODE_SELECTOR.of(
            "What the node must have."
        ),
        "preferredDuringSchedulingIgnoredDuringExecution": array(
            "What the node should have.", _PREFERRED_SCHEDULING_TERM, **ATOMIC
        ),
    },
)

_POD_AFFINITY_TERM = Record(
    "io.k8s.api.core.v1.PodAffinityTerm",
    "Pods to be near, or far from.",
    {
        "labelSelector": LABEL_SELECTOR.of("Selects the pods by their labels."),
        "namespaces": texts("The namespaces of the pods.", **ATOMIC),
        "topologyKey": text("The label of nodes whose value says what is near."),
        "namespaceSelector": LABEL_SELECTOR.of(
            "Selects the namespaces of the pods by their labels."
        ),
        "matchLabelKeys": texts("Labels in which those pods are like this one.", **ATOMIC),
        "mismatchLabelKeys": texts("Labels in which those pods differ from this one.", **ATOMIC),
    },
    required=("topologyKey",),
)

_WEIGHTED_POD_AFFINITY_TERM = Record(
    "io.k8s.api.core.v1.WeightedPodAffinityTerm",
    "Pods that are better to be near, or far from.",
    {
        "weight": integer("How much better, from 1 to 100."),
        "podAffinityTerm": _POD_AFFINITY_TERM.of("The pods."),
    },
    required=("weight", "podAffinityTerm"),
)

_POD_AFFINITY = Record(
    "io.k8s.api.core.v1.PodAffinity",
    "Which pods to be near.",
    {
        "requiredDuringSchedulingIgnoredDuringExecution": array(
            "Pods that must be near.", _POD_AFFINITY_TERM, **ATOMIC
        ),
        "preferredDuringSchedulingIgnoredDuringExecution": array(
            "Pods that should be near.", _WEIGHTED_POD_AFFINITY_TERM, **ATOMIC
        ),
    },
)

_POD_ANTI_AFFINITY = Record(
    "io.k8s.api.core.v1.PodAntiAffinity",
    "Which pods to be far from.",
    {
        "requiredDuringSchedulingIgnoredDuringExecution": array(
            "Pods that must not be near.", _POD_AFFINITY_TERM, **ATOMIC
        ),
        "preferredDuringSchedulingIgnoredDuringExecution": array(
            "Pods that should not be near.", _WEIGHTED_POD_AFFINITY_TERM, **ATOMIC
        ),
    },
)

AFFINITY = Record(
    "io.k8s.api.core.v1.Affinity",
    "Where a pod is drawn to.",
    {
        "nodeAffinity": _NODE_AFFINITY.of("Which nodes suit."),
        "podAffinity": _POD_AFFINITY.of("Which pods to be near."),
        "podAntiAffinity": _POD_ANTI_AFFINITY.of("Which pods to be far from."),
    },
)

TOLERATION = Record(
    "io.k8s.api.core.v1.Toleration",
    "Lets a pod on nodes with a taint.",
    {
        "key": text("The taint; every one if not given."),
        "operator": text("Exists or Equal."),
        "value": text("The value of the taint, for Equal."),
        "effect": text("NoSchedule, PreferNoSchedule or NoExecute; all of them if not given."),
        "tolerationSeconds": integer(
            "For NoExecute: how long the pod stays; for ever if not given.", bits=64
        ),
    },
)

TOPOLOGY_SPREAD_CONSTRAINT = Record(
    "io.k8s.api.core.v1.TopologySpreadConstraint",
    "How evenly pods are spread.",
    {
        "maxSkew": integer("How many more pods one place may have than another."),
        "topologyKey": text("The label of nodes whose value says what a place is."),
        "whenUnsatisfiable": text("DoNotSchedule or ScheduleAnyway."),
        "labelSelector": LABEL_SELECTOR.of("Selects the pods that count."),
        "minDomains": integer("How many places there must be."),
        "nodeAffinityPolicy": text("Honor or Ignore: whether nodes that do not suit count."),
        "nodeTaintsPolicy": text("Honor or Ignore: whether taints count."),
        "matchLabelKeys": texts("Labels in which pods that count are like this one.", **ATOMIC),
    },
    required=("maxSkew", "topologyKey", "whenUnsatisfiable"),
)

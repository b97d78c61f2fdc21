"""What a node is to be."""

from __future__ import annotations

from wharfinger.cluster.kinds.shapes import (
    ATOMIC,
    MERGED_SET,
    Record,
    array,
    flag,
    moment,
    text,
    texts,
)

TAINT = Record(
    "io.k8s.api.core.v1.Taint",
    "Keeps pods away that do not tolerate it.",
    {
        "key": text("The taint."),
        "value": text("Its value."),
        "effect": text("NoSchedule, PreferNoSchedule or NoExecute."),
        "timeAdded": moment("When it was set."),
    },
    required=("key", "effect"),
)

_CONFIG_MAP_NODE_CONFIG_SOURCE = Record(
    "io.k8s.api.core.v1.ConfigMapNodeConfigSource",
    "A config map with settings of the node agent.",
    {
        "namespace": text("Its namespace."),
        "name": text("Its name."),
        "uid": text("Its identity."),
        "resourceVersion": text("Its version."),
        "kubeletConfigKey": text("The key that has the settings."),
    },
    required=("namespace", "name", "kubeletConfigKey"),
)

NODE_CONFIG_SOURCE = Record(
    "io.k8s.api.core.v1.NodeConfigSource",
    "Where settings of the node agent come from.",
    {
        "configMap": _CONFIG_MAP_NODE_CONFIG_SOURCE.of("A config map."),
    },
)

NODE_SPEC = Record(
    "io.k8s.api.core.v1.NodeSpec",
    "What a node is to be.",
    {
        "podCIDR": text("The addresses of its pods."),
        "podCIDRs": texts("The addresses of its pods, one range for each family.", **MERGED_SET),
        "providerID": text("How its provider calls it."),
        "unschedulable": flag("Whether no new pods are put on it."),
        "taints": array("Which pods are kept away.", TAINT, **ATOMIC),
        "configSource": NODE_CONFIG_SOURCE.of("Not used any more."),
        "externalID": text("Not used any more."),
    },
)

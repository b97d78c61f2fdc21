"""How a node is."""

from __future__ import annotations

from wharfinger.cluster.kinds.node_spec import NODE_CONFIG_SOURCE
from wharfinger.cluster.kinds.shapes import (
    ATOMIC,
    Record,
    array,
    flag,
    integer,
    merged_by,
    moment,
    quantities,
    text,
    texts,
)

_NODE_CONDITION = Record(
    "io.k8s.api.core.v1.NodeCondition",
    "One thing that is so with a node, or not.",
    {
        "type": text("What the condition is about, as Ready."),
        "status": text("True, False or Unknown."),
        "lastHeartbeatTime": moment("When the node last told."),
        "lastTransitionTime": moment("When the status last changed."),
        "reason": text("Why, for machines."),
        "message": text("Why, for people."),
    },
    required=("type", "status"),
)

_NODE_ADDRESS = Record(
    "io.k8s.api.core.v1.NodeAddress",
    "Where a node is reached.",
    {
        "type": text("Hostname, InternalIP, ExternalIP, InternalDNS or ExternalDNS."),
        "address": text("The address."),
    },
    required=("type", "address"),
)

_DAEMON_ENDPOINT = Record(
    "io.k8s.api.core.v1.DaemonEndpoint",
    "A port of a daemon.",
    {
        "Port": integer("The port."),
    },
    required=("Port",),
)

_NODE_DAEMON_ENDPOINTS = Record(
    "io.k8s.api.core.v1.NodeDaemonEndpoints",
    "Ports of the daemons of a node.",
    {
        "kubeletEndpoint": _DAEMON_ENDPOINT.of("That of the node agent."),
    },
)

_NODE_SWAP_STATUS = Record(
    "io.k8s.api.core.v1.NodeSwapStatus",
    "What a node can swap.",
    {
        "capacity": integer("How much, in bytes.", bits=64),
    },
)

_NODE_SYSTEM_INFO = Record(
    "io.k8s.api.core.v1.NodeSystemInfo",
    "What runs a node.",
    {
        "machineID": text("Identity of its installation."),
        "systemUUID": text("Identity of its hardware."),
        "bootID": text("Identity of its last start."),
        "kernelVersion": text("Version of the kernel."),
        "osImage": text("The operating system, for people."),
        "containerRuntimeVersion": text("The runtime, as NAME://VERSION."),
        "kubeletVersion": text("Version of the node agent."),
        "kubeProxyVersion": text("Not used any more."),
        "operatingSystem": text("The operating system, as linux."),
        "architecture": text("The processor, as amd64."),
        "swap": _NODE_SWAP_STATUS.of("What it can swap."),
    },
    required=(
        "machineID",
        "systemUUID",
        "bootID",
        "kernelVersion",
        "osImage",
        "containerRuntimeVersion",
        "kubeletVersion",
        "kubeProxyVersion",
        "operatingSystem",
        "architecture",
    ),
)

_CONTAINER_IMAGE = Record(
    "io.k8s.api.core.v1.ContainerImage",
    "An image that is on a node.",
    {
        "names": texts("Its names.", **ATOMIC),
        "sizeBytes": integer("Its size.", bits=64),
    },
)

_ATTACHED_VOLUME = Record(
    "io.k8s.api.core.v1.AttachedVolume",
    "A volume that is attached to a node.",
    {
        "name": text("The volume."),
        "devicePath": text("The device."),
    },
    required=("name", "devicePath"),
)

_NODE_CONFIG_STATUS = Record(
    "io.k8s.api.core.v1.NodeConfigStatus",
    "Which settings a node agent uses.",
    {
        "assigned": NODE_CONFIG_SOURCE.of("Those it should use."),
        "active": NODE_CONFIG_SOURCE.of("Those it uses."),
        "lastKnownGood": NODE_CONFIG_SOURCE.of("Those it falls back to."),
        "error": text("What is wrong with them."),
    },
)

_NODE_RUNTIME_HANDLER_FEATURES = Record(
    "io.k8s.api.core.v1.NodeRuntimeHandlerFeatures",
    "What a runtime can do.",
    {
        "recursiveReadOnlyMounts": flag("Whether mounts below a read-only one can be so too."),
        "userNamespaces": flag("Whether pods can have users of their own."),
    },
)

_NODE_RUNTIME_HANDLER = Record(
    "io.k8s.api.core.v1.NodeRuntimeHandler",
    "One runtime of a node.",
    {
        "name": text("Its name; empty for the usual one."),
        "features": _NODE_RUNTIME_HANDLER_FEATURES.of("What it can do."),
    },
)

_NODE_FEATURES = Record(
    "io.k8s.api.core.v1.NodeFeatures",
    "What a node can do.",
    {
        "supplementalGroupsPolicy": flag("Whether it honours that field of pods."),
    },
)

NODE_STATUS = Record(
    "io.k8s.api.core.v1.NodeStatus",
    "How a node is.",
    {
        "capacity": quantities("All that it has."),
        "allocatable": quantities("What of it pods can have."),
        "phase": text("Not used any more."),
        "conditions": array(
            "What is so with the node, and what not.", _NODE_CONDITION, **merged_by("type")
        ),
        "addresses": array("Where it is reached.", _NODE_ADDRESS, **merged_by("type")),
        "daemonEndpoints": _NODE_DAEMON_ENDPOINTS.of("Ports of its daemons."),
        "nodeInfo": _NODE_SYSTEM_INFO.of("What runs it."),
        "images": array("Images that it has.", _CONTAINER_IMAGE, **ATOMIC),
        "volumesInUse": texts("Volumes that its pods use.", **ATOMIC),
        "volumesAttached": array("Volumes that are attached.", _ATTACHED_VOLUME, **ATOMIC),
        "config": _NODE_CONFIG_STATUS.of("Which settings its agent uses."),
        "runtimeHandlers": array("Its runtimes.", _NODE_RUNTIME_HANDLER, **ATOMIC),
        "features": _NODE_FEATURES.of("What it can do."),
        "declaredFeatures": texts("Names of what it can do.", **ATOMIC),
    },
)

"""Of core/v1: nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_CORE: Final = "io.k8s.api.core.v1."

ORDER: Final[Mapping[str, str]] = {
    f"{_CORE}AttachedVolume": "name? devicePath?",
    f"{_CORE}ConfigMapNodeConfigSource": ("namespace? name? uid resourceVersion kubeletConfigKey?"),
    f"{_CORE}ContainerImage": "names sizeBytes",
    f"{_CORE}DaemonEndpoint": "Port?",
    f"{_CORE}Node": "metadata spec status",
    f"{_CORE}NodeAddress": "type? address?",
    f"{_CORE}NodeCondition": ("type? status? lastHeartbeatTime lastTransitionTime reason message"),
    f"{_CORE}NodeConfigSource": "- configMap",
    f"{_CORE}NodeConfigStatus": "assigned active lastKnownGood error",
    f"{_CORE}NodeDaemonEndpoints": "kubeletEndpoint",
    f"{_CORE}NodeFeatures": "supplementalGroupsPolicy?",
    f"{_CORE}NodeRuntimeHandler": "name? features",
    f"{_CORE}NodeRuntimeHandlerFeatures": "recursiveReadOnlyMounts? userNamespaces?",
    f"{_CORE}NodeSpec": (
        "podCIDR externalID providerID unschedulable taints configSource podCIDRs"
    ),
    f"{_CORE}NodeStatus": (
        "capacity allocatable phase conditions addresses daemonEndpoints nodeInfo images "
        "volumesInUse volumesAttached config runtimeHandlers features declaredFeatures"
    ),
    f"{_CORE}NodeSwapStatus": "capacity?",
    f"{_CORE}NodeSystemInfo": (
        "machineID? systemUUID? bootID? kernelVersion? osImage? containerRuntimeVersion? "
        "kubeletVersion? kubeProxyVersion? operatingSystem? architecture? swap"
    ),
    f"{_CORE}Taint": "key? value effect? timeAdded",
}

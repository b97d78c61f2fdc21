"""How a pod is: `io.k8s.api.core.v1.PodStatus`."""

from __future__ import annotations

from typing import Final

from wharfinger.cluster.kinds.pods.resources import RESOURCE_REQUIREMENTS
from wharfinger.cluster.kinds.shapes import (
    ATOMIC,
    Record,
    array,
    flag,
    integer,
    integers,
    keyed_by,
    merged_by,
    moment,
    quantities,
    text,
)

_REASON: Final = text("Why, for machines.")

_MESSAGE: Final = text("Why, for people.")

_POD_CONDITION = Record(
    "io.k8s.api.core.v1.PodCondition",
    "One thing that is so with a pod, or not.",
    {
        "type": text("What the condition is about, as Ready."),
        "observedGeneration": integer("The generation of the pod that this is about.", bits=64),
        "status": text("True, False or Unknown."),
        "lastProbeTime": moment("When it was last looked at."),
        "lastTransitionTime": moment("When the status last changed."),
        "reason": _REASON,
        "message": _MESSAGE,
    },
    required=("type", "status"),
)

_HOST_IP = Record(
    "io.k8s.api.core.v1.HostIP",
    "An address of the node.",
    {
        "ip": text("The address."),
    },
    required=("ip",),
)

_POD_IP = Record(
    "io.k8s.api.core.v1.PodIP",
    "An address of the pod.",
    {
        "ip": text("The address."),
    },
    required=("ip",),
)

_CONTAINER_STATE_WAITING = Record(
    "io.k8s.api.core.v1.ContainerStateWaiting",
    "Not running yet.",
    {
        "reason": _REASON,
        "message": _MESSAGE,
    },
)

_CONTAINER_STATE_RUNNING = Record(
    "io.k8s.api.core.v1.ContainerStateRunning",
    "Running.",
    {
        "startedAt": moment("Since when."),
    },
)

_CONTAINER_STATE_TERMINATED = Record(
    "io.k8s.api.core.v1.ContainerStateTerminated",
    "Ended.",
    {
        "exitCode": integer("What it ended with."),
        "signal": integer("The signal that ended it."),
        "reason": _REASON,
        "message": text("Its last words."),
        "startedAt": moment("When it had started."),
        "finishedAt": moment("When it ended."),
        "containerID": text("Its identity."),
    },
    required=("exitCode",),
)

_CONTAINER_STATE = Record(
    "io.k8s.api.core.v1.ContainerState",
    "What a container does; one of the fields is given, or it waits.",
    {
        "waiting": _CONTAINER_STATE_WAITING.of("It does not run yet."),
        "running": _CONTAINER_STATE_RUNNING.of("It runs."),
        "terminated": _CONTAINER_STATE_TERMINATED.of("It has ended."),
    },
)

_VOLUME_MOUNT_STATUS = Record(
    "io.k8s.api.core.v1.VolumeMountStatus",
    "How a volume shows in a container.",
    {
        "name": text("The volume."),
        "mountPath": text("Where it shows."),
        "readOnly": flag("Whether nothing can be written."),
        "recursiveReadOnly": text("Disabled, IfPossible or Enabled, as it came out."),
    },
    required=("name", "mountPath"),
)

_LINUX_CONTAINER_USER = Record(
    "io.k8s.api.core.v1.LinuxContainerUser",
    "A user on Linux.",
    {
        "uid": integer("The user.", bits=64),
        "gid": integer("The first group.", bits=64),
        "supplementalGroups": integers("The other groups.", bits=64, **ATOMIC),
    },
    required=("uid", "gid"),
)

_CONTAINER_USER = Record(
    "io.k8s.api.core.v1.ContainerUser",
    "Who runs a container.",
    {
        "linux": _LINUX_CONTAINER_USER.of("On Linux."),
    },
)

_RESOURCE_HEALTH = Record(
    "io.k8s.api.core.v1.ResourceHealth",
    "How one device is.",
    {
        "resourceID": text("The device."),
        "health": text("Healthy, Unhealthy or Unknown."),
    },
    required=("resourceID",),
)

_RESOURCE_STATUS = Record(
    "io.k8s.api.core.v1.ResourceStatus",
    "How the devices of one kind are.",
    {
        "name": text("The kind of device."),
        "resources": array("The devices.", _RESOURCE_HEALTH, **keyed_by("resourceID")),
    },
    required=("name",),
)

_CONTAINER_STATUS = Record(
    "io.k8s.api.core.v1.ContainerStatus",
    "How a container is.",
    {
        "name": text("The container."),
        "state": _CONTAINER_STATE.of("What it does."),
        "lastState": _CONTAINER_STATE.of("What it did before it was last restarted."),
        "ready": flag("Whether it can serve."),
        "restartCount": integer("How often it was restarted."),
        "image": text("The image that it runs."),
        "imageID": text("The identity of that image."),
        "containerID": text("Its identity, as RUNTIME://ID."),
        "started": flag("Whether it has started."),
        "allocatedResources": quantities("What the node has set aside for it."),
        "resources": RESOURCE_REQUIREMENTS.of("What it really has."),
        "volumeMounts": array(
            "How volumes show in it.", _VOLUME_MOUNT_STATUS, **merged_by("mountPath")
        ),
        "user": _CONTAINER_USER.of("Who runs it."),
        "allocatedResourcesStatus": array(
            "How its devices are.", _RESOURCE_STATUS, **merged_by("name")
        ),
        "stopSignal": text("The signal by which it is told to stop."),
    },
    required=("name", "ready", "restartCount", "image", "imageID"),
)

_POD_RESOURCE_CLAIM_STATUS = Record(
    "io.k8s.api.core.v1.PodResourceClaimStatus",
    "The claim that was made for the pod.",
    {
        "name": text("How the pod names it."),
        "resourceClaimName": text("The claim."),
    },
    required=("name",),
)

_CONTAINER_EXTENDED_RESOURCE_REQUEST = Record(
    "io.k8s.api.core.v1.ContainerExtendedResourceRequest",
    "Which request of a claim is for which container.",
    {
        "containerName": text("The container."),
        "resourceName": text("The device, as the container names it."),
        "requestName": text("The request of the claim."),
    },
    required=("containerName", "resourceName", "requestName"),
)

_POD_EXTENDED_RESOURCE_CLAIM_STATUS = Record(
    "io.k8s.api.core.v1.PodExtendedResourceClaimStatus",
    "The claim that was made for devices that containers ask for by amount.",
    {
        "requestMappings": array(
            "Which request is for which container.", _CONTAINER_EXTENDED_RESOURCE_REQUEST, **ATOMIC
        ),
        "resourceClaimName": text("The claim."),
    },
    required=("requestMappings", "resourceClaimName"),
)

POD_STATUS = Record(
    "io.k8s.api.core.v1.PodStatus",
    "How a pod is.",
    {
        "observedGeneration": integer("The generation of the pod that this is about.", bits=64),
        "phase": text("Pending, Running, Succeeded, Failed or Unknown."),
        "conditions": array(
            "What is so with the pod, and what not.", _POD_CONDITION, **merged_by("type")
        ),
        "message": _MESSAGE,
        "reason": text("Why, for machines, as Evicted."),
        "nominatedNodeName": text("The node that is being cleared for it."),
        "hostIP": text("The address of the node."),
        "hostIPs": array("The addresses of the node.", _HOST_IP, **{**merged_by("ip"), **ATOMIC}),
        "podIP": text("The address of the pod."),
        "podIPs": array(
            "The addresses of the pod, one of each family.", _POD_IP, **merged_by("ip")
        ),
        "startTime": moment("When the node took it."),
        "initContainerStatuses": array(
            "How the containers are that run before.", _CONTAINER_STATUS, **ATOMIC
        ),
        "containerStatuses": array("How the containers are.", _CONTAINER_STATUS, **ATOMIC),
        "qosClass": text(
            "Guaranteed, Burstable or BestEffort: who is ended last when memory is short."
        ),
        "ephemeralContainerStatuses": array(
            "How the containers for debugging are.", _CONTAINER_STATUS, **ATOMIC
        ),
        "resize": text(
            "Proposed, InProgress, Deferred or Infeasible: how far a change of amounts is."
        ),
        "resourceClaimStatuses": array(
            "The claims that were made for the pod.",
            _POD_RESOURCE_CLAIM_STATUS,
            **merged_by("name", strategy="merge,retainKeys"),
        ),
        "extendedResourceClaimStatus": _POD_EXTENDED_RESOURCE_CLAIM_STATUS.of(
            "The claim that was made for devices asked for by amount."
        ),
        "allocatedResources": quantities("What the node has set aside for the pod."),
        "resources": RESOURCE_REQUIREMENTS.of("What the pod really has."),
    },
)

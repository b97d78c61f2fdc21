"""What containers ask for and may use: processor, memory, devices."""

from __future__ import annotations

from wharfinger.cluster.kinds.shapes import Record, array, keyed_by, quantities, text

_RESOURCE_CLAIM = Record(
    "io.k8s.api.core.v1.ResourceClaim",
    "Names a claim of the pod that a container uses.",
    {
        "name": text("The claim, as spec.resourceClaims has it."),
        "request": text("One request of the claim; all of them if not given."),
    },
    required=("name",),
)

RESOURCE_REQUIREMENTS = Record(
    "io.k8s.api.core.v1.ResourceRequirements",
    "What is asked for and what may be used.",
    {
        "limits": quantities("The most that may be used."),
        "requests": quantities("The least that is needed; the limits if not given."),
        "claims": array("Claims of the pod that are used.", _RESOURCE_CLAIM, **keyed_by("name")),
    },
)

VOLUME_RESOURCE_REQUIREMENTS = Record(
    "io.k8s.api.core.v1.VolumeResourceRequirements",
    "How large a volume is to be.",
    {
        "limits": quantities("The largest that will do."),
        "requests": quantities("The smallest that will do."),
    },
)

CONTAINER_RESIZE_POLICY = Record(
    "io.k8s.api.core.v1.ContainerResizePolicy",
    "What a change of one amount needs.",
    {
        "resourceName": text("The amount, as cpu."),
        "restartPolicy": text("NotRequired or RestartContainer."),
    },
    required=("resourceName", "restartPolicy"),
)

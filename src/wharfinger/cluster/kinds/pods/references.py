"""What parts of pods refer to: keys of config maps and secrets, fields of the pod, amounts of a container."""

from __future__ import annotations

from wharfinger.cluster.kinds.shapes import Record, integer, quantity, text

OBJECT_FIELD_SELECTOR = Record(
    "io.k8s.api.core.v1.ObjectFieldSelector",
    "Names a field of the pod.",
    {
        "apiVersion": text("The version in which the field is named; v1 if not given."),
        "fieldPath": text("The field, as metadata.name."),
    },
    required=("fieldPath",),
)
OBJECT_FIELD_SELECTOR["x-kubernetes-map-type"] = "atomic"

RESOURCE_FIELD_SELECTOR = Record(
    "io.k8s.api.core.v1.ResourceFieldSelector",
    "Names an amount that a container asks for or is limited to.",
    {
        "containerName": text("The container; needed in volumes, else it is the one at hand."),
        "resource": text("The amount, as limits.cpu or requests.memory."),
        "divisor": quantity("In units of what the amount is given; 1 if not given."),
    },
    required=("resource",),
)
RESOURCE_FIELD_SELECTOR["x-kubernetes-map-type"] = "atomic"

KEY_TO_PATH = Record(
    "io.k8s.api.core.v1.KeyToPath",
    "Puts the value of a key into a file.",
    {
        "key": text("The key."),
        "path": text("The file, below where the volume is mounted."),
        "mode": integer("Permission bits of the file; those of the volume if not given."),
    },
    required=("key", "path"),
)

"""What a volume that is made for a pod is to be."""

from __future__ import annotations

from wharfinger.cluster.kinds.meta import LABEL_SELECTOR, OBJECT_META
from wharfinger.cluster.kinds.pods.resources import VOLUME_RESOURCE_REQUIREMENTS
from wharfinger.cluster.kinds.shapes import ATOMIC, Record, text, texts

_TYPED_LOCAL_REFERENCE = Record(
    "io.k8s.api.core.v1.TypedLocalObjectReference",
    "Names an object of some kind in the same namespace.",
    {
        "apiGroup": text("Its group; the core group if not given."),
        "kind": text("Its kind."),
        "name": text("Its name."),
    },
    required=("kind", "name"),
)
_TYPED_LOCAL_REFERENCE["x-kubernetes-map-type"] = "atomic"

_TYPED_REFERENCE = Record(
    "io.k8s.api.core.v1.TypedObjectReference",
    "Names an object of some kind.",
    {
        "apiGroup": text("Its group; the core group if not given."),
        "kind": text("Its kind."),
        "name": text("Its name."),
        "namespace": text("Its namespace; the same if not given."),
    },
    required=("kind", "name"),
)

PERSISTENT_VOLUME_CLAIM_SPEC = Record(
    "io.k8s.api.core.v1.PersistentVolumeClaimSpec",
    "What a volume is to be.",
    {
        "accessModes": texts(
            "ReadWriteOnce, ReadOnlyMany, ReadWriteMany or ReadWriteOncePod.", **ATOMIC
        ),
        "selector": LABEL_SELECTOR.of("Selects volumes by their labels."),
        "resources": VOLUME_RESOURCE_REQUIREMENTS.of("How large it is to be."),
        "volumeName": text("The volume that is bound to the claim."),
        "storageClassName": text("Of which class of storage it is to be."),
        "volumeMode": text("Filesystem or Block."),
        "dataSource": _TYPED_LOCAL_REFERENCE.of("What it is filled from, in the same namespace."),
        "dataSourceRef": _TYPED_REFERENCE.of("What it is filled from."),
        "volumeAttributesClassName": text("Of which class its changeable attributes are."),
    },
)

PERSISTENT_VOLUME_CLAIM_TEMPLATE = Record(
    "io.k8s.api.core.v1.PersistentVolumeClaimTemplate",
    "The claim that is made for a pod.",
    {
        "metadata": OBJECT_META.of("Labels and annotations of the claim."),
        "spec": PERSISTENT_VOLUME_CLAIM_SPEC.of("What the volume is to be."),
    },
    required=("spec",),
)

"""Volumes of a pod: one name, one source."""

from __future__ import annotations

from typing import Final

from wharfinger.cluster.kinds.core import LOCAL_REFERENCE
from wharfinger.cluster.kinds.pods.claims import PERSISTENT_VOLUME_CLAIM_TEMPLATE
from wharfinger.cluster.kinds.pods.projected import CONFIG_MAP, DOWNWARD_API, PROJECTED, SECRET
from wharfinger.cluster.kinds.pods.remote_volumes import REMOTE_SOURCES
from wharfinger.cluster.kinds.shapes import Record, flag, mapping, quantity, text

_READ_ONLY: Final = flag("Whether nothing can be written.")

_HOST_PATH = Record(
    "io.k8s.api.core.v1.HostPathVolumeSource",
    "A file or directory of the node.",
    {
        "path": text("Where it is on the node."),
        "type": text(
            "What must be there, as Directory, or is made, as DirectoryOrCreate; not checked if empty."
        ),
    },
    required=("path",),
)

_EMPTY_DIR = Record(
    "io.k8s.api.core.v1.EmptyDirVolumeSource",
    "A directory that is empty at first and lives as long as the pod.",
    {
        "medium": text("Memory keeps it in memory; else it is on the node's disk."),
        "sizeLimit": quantity("The most that it may hold."),
    },
)

_NFS = Record(
    "io.k8s.api.core.v1.NFSVolumeSource",
    "A directory of an NFS server.",
    {
        "server": text("The server."),
        "path": text("The directory there."),
        "readOnly": _READ_ONLY,
    },
    required=("server", "path"),
)

_PERSISTENT_VOLUME_CLAIM = Record(
    "io.k8s.api.core.v1.PersistentVolumeClaimVolumeSource",
    "The volume of a claim.",
    {
        "claimName": text("The claim, in the same namespace."),
        "readOnly": _READ_ONLY,
    },
    required=("claimName",),
)

_CSI = Record(
    "io.k8s.api.core.v1.CSIVolumeSource",
    "A volume that a storage driver makes for the pod.",
    {
        "driver": text("The driver."),
        "readOnly": _READ_ONLY,
        "fsType": text("Its file system."),
        "volumeAttributes": mapping("What is passed to the driver."),
        "nodePublishSecretRef": LOCAL_REFERENCE.of("The secret that is passed to the driver."),
    },
    required=("driver",),
)

_EPHEMERAL = Record(
    "io.k8s.api.core.v1.EphemeralVolumeSource",
    "A volume that is made for the pod and goes with it.",
    {
        "volumeClaimTemplate": PERSISTENT_VOLUME_CLAIM_TEMPLATE.of("The claim that is made."),
    },
)

_IMAGE = Record(
    "io.k8s.api.core.v1.ImageVolumeSource",
    "The files of an image or artifact.",
    {
        "reference": text("The image."),
        "pullPolicy": text("Always, IfNotPresent or Never."),
    },
)

VOLUME = Record(
    "io.k8s.api.core.v1.Volume",
    "One volume of a pod; beside the name exactly one field is given.",
    {
        "name": text("Unique within the pod."),
        "hostPath": _HOST_PATH.of("A file or directory of the node."),
        "emptyDir": _EMPTY_DIR.of("A directory that lives as long as the pod."),
        "secret": SECRET.of("Values of a secret."),
        "nfs": _NFS.of("A directory of an NFS server."),
        "persistentVolumeClaim": _PERSISTENT_VOLUME_CLAIM.of("The volume of a claim."),
        "downwardAPI": DOWNWARD_API.of("Values of the pod."),
        "configMap": CONFIG_MAP.of("Values of a config map."),
        "projected": PROJECTED.of("Values of several objects."),
        "csi": _CSI.of("A volume that a storage driver makes for the pod."),
        "ephemeral": _EPHEMERAL.of("A volume that is made for the pod and goes with it."),
        "image": _IMAGE.of("The files of an image or artifact."),
        **REMOTE_SOURCES,
    },
    required=("name",),
)

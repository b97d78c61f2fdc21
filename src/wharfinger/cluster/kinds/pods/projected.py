"""Volumes that show values of other objects as files."""

from __future__ import annotations

from typing import Final

from wharfinger.cluster.kinds.meta import LABEL_SELECTOR
from wharfinger.cluster.kinds.pods.references import (
    KEY_TO_PATH,
    OBJECT_FIELD_SELECTOR,
    RESOURCE_FIELD_SELECTOR,
)
from wharfinger.cluster.kinds.shapes import ATOMIC, Record, array, flag, integer, mapping, text

_ITEMS: Final = array(
    "Which keys become which files; each its own if not given.", KEY_TO_PATH, **ATOMIC
)

_OPTIONAL: Final = flag("Whether it may be absent.")

_DEFAULT_MODE: Final = integer("Permission bits of the files.")

_DOWNWARD_API_VOLUME_FILE = Record(
    "io.k8s.api.core.v1.DownwardAPIVolumeFile",
    "Puts a value of the pod into a file.",
    {
        "path": text("The file, below where the volume is mounted."),
        "fieldRef": OBJECT_FIELD_SELECTOR.of("A field of the pod."),
        "resourceFieldRef": RESOURCE_FIELD_SELECTOR.of("An amount of a container."),
        "mode": integer("Permission bits of the file; those of the volume if not given."),
    },
    required=("path",),
)

_SECRET_PROJECTION = Record(
    "io.k8s.api.core.v1.SecretProjection",
    "Files from a secret.",
    {
        "name": text("The secret."),
        "items": _ITEMS,
        "optional": _OPTIONAL,
    },
)

_DOWNWARD_API_PROJECTION = Record(
    "io.k8s.api.core.v1.DownwardAPIProjection",
    "Files with values of the pod.",
    {
        "items": array("The files.", _DOWNWARD_API_VOLUME_FILE, **ATOMIC),
    },
)

_CONFIG_MAP_PROJECTION = Record(
    "io.k8s.api.core.v1.ConfigMapProjection",
    "Files from a config map.",
    {
        "name": text("The config map."),
        "items": _ITEMS,
        "optional": _OPTIONAL,
    },
)

_SERVICE_ACCOUNT_TOKEN_PROJECTION = Record(
    "io.k8s.api.core.v1.ServiceAccountTokenProjection",
    "A file with a token of the pod's account.",
    {
        "audience": text("For whom the token is meant."),
        "expirationSeconds": integer("How long it is to be good.", bits=64),
        "path": text("The file."),
    },
    required=("path",),
)

_CLUSTER_TRUST_BUNDLE_PROJECTION = Record(
    "io.k8s.api.core.v1.ClusterTrustBundleProjection",
    "A file with certificates of authorities.",
    {
        "name": text("The bundle."),
        "signerName": text("The signer of the bundles."),
        "labelSelector": LABEL_SELECTOR.of("Selects bundles of the signer by their labels."),
        "optional": flag("Whether they may be absent."),
        "path": text("The file."),
    },
    required=("path",),
)

_POD_CERTIFICATE_PROJECTION = Record(
    "io.k8s.api.core.v1.PodCertificateProjection",
    "Files with a key and a certificate of the pod.",
    {
        "signerName": text("The signer."),
        "keyType": text("The type of the key, as ED25519."),
        "maxExpirationSeconds": integer("How long the certificate may be good."),
        "credentialBundlePath": text("The file that gets both."),
        "keyPath": text("The file that gets the key."),
        "certificateChainPath": text("The file that gets the certificates."),
        "userAnnotations": mapping("Words for the signer."),
    },
    required=("signerName", "keyType"),
)

_VOLUME_PROJECTION = Record(
    "io.k8s.api.core.v1.VolumeProjection",
    "One source of a projected volume; exactly one of the fields is given.",
    {
        "secret": _SECRET_PROJECTION.of("Values of a secret."),
        "downwardAPI": _DOWNWARD_API_PROJECTION.of("Values of the pod."),
        "configMap": _CONFIG_MAP_PROJECTION.of("Values of a config map."),
        "serviceAccountToken": _SERVICE_ACCOUNT_TOKEN_PROJECTION.of(
            "A token of the pod's account."
        ),
        "clusterTrustBundle": _CLUSTER_TRUST_BUNDLE_PROJECTION.of("Certificates of authorities."),
        "podCertificate": _POD_CERTIFICATE_PROJECTION.of("A key and a certificate of the pod."),
    },
)

PROJECTED = Record(
    "io.k8s.api.core.v1.ProjectedVolumeSource",
    "Values of several objects as files in one directory.",
    {
        "sources": array("Where the files come from.", _VOLUME_PROJECTION, **ATOMIC),
        "defaultMode": _DEFAULT_MODE,
    },
)

SECRET = Record(
    "io.k8s.api.core.v1.SecretVolumeSource",
    "Values of a secret as files.",
    {
        "secretName": text("The secret."),
        "items": _ITEMS,
        "defaultMode": _DEFAULT_MODE,
        "optional": _OPTIONAL,
    },
)

CONFIG_MAP = Record(
    "io.k8s.api.core.v1.ConfigMapVolumeSource",
    "Values of a config map as files.",
    {
        "name": text("The config map."),
        "items": _ITEMS,
        "defaultMode": _DEFAULT_MODE,
        "optional": _OPTIONAL,
    },
)

DOWNWARD_API = Record(
    "io.k8s.api.core.v1.DownwardAPIVolumeSource",
    "Values of the pod as files.",
    {
        "items": array("The files.", _DOWNWARD_API_VOLUME_FILE, **ATOMIC),
        "defaultMode": _DEFAULT_MODE,
    },
)

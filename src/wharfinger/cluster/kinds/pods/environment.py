"""Variables of a container's environment, and where their values come from."""

from __future__ import annotations

from typing import Final

from wharfinger.cluster.kinds.pods.references import OBJECT_FIELD_SELECTOR, RESOURCE_FIELD_SELECTOR
from wharfinger.cluster.kinds.shapes import Record, flag, text

_OPTIONAL: Final = flag("Whether it may be absent.")

_CONFIG_MAP_KEY_SELECTOR = Record(
    "io.k8s.api.core.v1.ConfigMapKeySelector",
    "Names a value in a config map.",
    {
        "name": text("The config map."),
        "key": text("The key of the value."),
        "optional": _OPTIONAL,
    },
    required=("key",),
)
_CONFIG_MAP_KEY_SELECTOR["x-kubernetes-map-type"] = "atomic"

_SECRET_KEY_SELECTOR = Record(
    "io.k8s.api.core.v1.SecretKeySelector",
    "Names a value in a secret.",
    {
        "name": text("The secret."),
        "key": text("The key of the value."),
        "optional": _OPTIONAL,
    },
    required=("key",),
)
_SECRET_KEY_SELECTOR["x-kubernetes-map-type"] = "atomic"

_FILE_KEY_SELECTOR = Record(
    "io.k8s.api.core.v1.FileKeySelector",
    "Names a variable in a file of a volume.",
    {
        "volumeName": text("The volume."),
        "path": text("The file, from the root of the volume."),
        "key": text("The variable in the file."),
        "optional": _OPTIONAL,
    },
    required=("volumeName", "path", "key"),
)
_FILE_KEY_SELECTOR["x-kubernetes-map-type"] = "atomic"

_ENV_VAR_SOURCE = Record(
    "io.k8s.api.core.v1.EnvVarSource",
    "Says where the value of a variable comes from.",
    {
        "fieldRef": OBJECT_FIELD_SELECTOR.of("A field of the pod."),
        "resourceFieldRef": RESOURCE_FIELD_SELECTOR.of("An amount of the container."),
        "configMapKeyRef": _CONFIG_MAP_KEY_SELECTOR.of("A value in a config map."),
        "secretKeyRef": _SECRET_KEY_SELECTOR.of("A value in a secret."),
        "fileKeyRef": _FILE_KEY_SELECTOR.of("A variable in a file of an emptyDir volume."),
    },
)

ENV_VAR = Record(
    "io.k8s.api.core.v1.EnvVar",
    "One variable of a container's environment.",
    {
        "name": text("The variable."),
        "value": text("Its value; $(NAME) stands for a variable that came before."),
        "valueFrom": _ENV_VAR_SOURCE.of("Where its value comes from, if it is not given here."),
    },
    required=("name",),
)

_CONFIG_MAP_ENV_SOURCE = Record(
    "io.k8s.api.core.v1.ConfigMapEnvSource",
    "Makes variables of all values in a config map.",
    {
        "name": text("The config map."),
        "optional": _OPTIONAL,
    },
)

_SECRET_ENV_SOURCE = Record(
    "io.k8s.api.core.v1.SecretEnvSource",
    "Makes variables of all values in a secret.",
    {
        "name": text("The secret."),
        "optional": _OPTIONAL,
    },
)

ENV_FROM_SOURCE = Record(
    "io.k8s.api.core.v1.EnvFromSource",
    "Makes many variables at once.",
    {
        "prefix": text("Put before the name of each variable."),
        "configMapRef": _CONFIG_MAP_ENV_SOURCE.of("The config map to take them from."),
        "secretRef": _SECRET_ENV_SOURCE.of("The secret to take them from."),
    },
)

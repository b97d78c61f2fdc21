"""Containers of a pod: those that it is for, those that run before, and those for debugging."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from wharfinger.cluster.kinds.pods.environment import ENV_FROM_SOURCE, ENV_VAR
from wharfinger.cluster.kinds.pods.probes import LIFECYCLE, PROBE
from wharfinger.cluster.kinds.pods.resources import CONTAINER_RESIZE_POLICY, RESOURCE_REQUIREMENTS
from wharfinger.cluster.kinds.pods.security import SECURITY_CONTEXT
from wharfinger.cluster.kinds.shapes import (
    ATOMIC,
    SET,
    Record,
    Schema,
    array,
    flag,
    integer,
    integers,
    merged_by,
    text,
    texts,
)

_CONTAINER_PORT = Record(
    "io.k8s.api.core.v1.ContainerPort",
    "A port on which a container listens.",
    {
        "name": text("Its name, by which services and probes know it."),
        "hostPort": integer("The port of the host that leads to it."),
        "containerPort": integer("Its number."),
        "protocol": text("TCP, UDP or SCTP.", default="TCP"),
        "hostIP": text("The address of the host that leads to it."),
    },
    required=("containerPort",),
)

_VOLUME_MOUNT = Record(
    "io.k8s.api.core.v1.VolumeMount",
    "Shows a volume in a container.",
    {
        "name": text("The volume."),
        "readOnly": flag("Whether nothing can be written."),
        "recursiveReadOnly": text(
            "Disabled, IfPossible or Enabled: whether readOnly holds for mounts below too."
        ),
        "mountPath": text("Where in the container it shows."),
        "subPath": text("The part of the volume to show; its root if not given."),
        "mountPropagation": text(
            "None, HostToContainer or Bidirectional: which later mounts are passed on."
        ),
        "subPathExpr": text("As subPath, with $(NAME) for variables of the environment."),
    },
    required=("name", "mountPath"),
)

_VOLUME_DEVICE = Record(
    "io.k8s.api.core.v1.VolumeDevice",
    "Gives a container a volume as a raw device.",
    {
        "name": text("The claim's volume."),
        "devicePath": text("The device in the container."),
    },
    required=("name", "devicePath"),
)

_CONTAINER_RESTART_RULE_ON_EXIT_CODES = Record(
    "io.k8s.api.core.v1.ContainerRestartRuleOnExitCodes",
    "Compares how a container ended.",
    {
        "operator": text("In or NotIn."),
        "values": integers("The exit codes.", **SET),
    },
    required=("operator",),
)

_CONTAINER_RESTART_RULE = Record(
    "io.k8s.api.core.v1.ContainerRestartRule",
    "What to do when a container ended in some way.",
    {
        "action": text("Restart or RestartAllContainers."),
        "exitCodes": _CONTAINER_RESTART_RULE_ON_EXIT_CODES.of("The ways in which it ended."),
    },
    required=("action",),
)

_CONTAINER_FIELDS: Final[Mapping[str, Schema]] = {
    "name": text("Unique within the pod."),
    "image": text("The image that it runs."),
    "command": texts("The program; that of the image if not given.", **ATOMIC),
    "args": texts("The arguments of the program; those of the image if not given.", **ATOMIC),
    "workingDir": text("The directory it starts in; that of the image if not given."),
    "ports": array(
        "The ports on which it listens; others can be reached as well.",
        _CONTAINER_PORT,
        **merged_by("containerPort", "protocol"),
    ),
    "envFrom": array("Where many variables come from.", ENV_FROM_SOURCE, **ATOMIC),
    "env": array(
        "Variables of the environment; they come before those of envFrom.",
        ENV_VAR,
        **merged_by("name"),
    ),
    "resources": RESOURCE_REQUIREMENTS.of("What it asks for and may use."),
    "resizePolicy": array("What a change of the amounts needs.", CONTAINER_RESIZE_POLICY, **ATOMIC),
    "restartPolicy": text("For one that runs before: Always makes it stay beside the others."),
    "restartPolicyRules": array(
        "Rules that come before restartPolicy.", _CONTAINER_RESTART_RULE, **ATOMIC
    ),
    "volumeMounts": array(
        "The volumes it sees as directories.", _VOLUME_MOUNT, **merged_by("mountPath")
    ),
    "volumeDevices": array(
        "The volumes it sees as devices.", _VOLUME_DEVICE, **merged_by("devicePath")
    ),
    "livenessProbe": PROBE.of("Asks whether it still works; restarted if not."),
    "readinessProbe": PROBE.of("Asks whether it can serve; gets no requests if not."),
    "startupProbe": PROBE.of("Asks whether it has started; the other probes wait for it."),
    "lifecycle": LIFECYCLE.of("What to do when it starts and stops."),
    "terminationMessagePath": text("The file with its last words."),
    "terminationMessagePolicy": text("File or FallbackToLogsOnError: where its last words are."),
    "imagePullPolicy": text("Always, IfNotPresent or Never."),
    "securityContext": SECURITY_CONTEXT.of("Its rights and identity."),
    "stdin": flag("Whether it keeps a standard input."),
    "stdinOnce": flag("Whether that closes after the first client left."),
    "tty": flag("Whether it has a terminal."),
}

CONTAINER = Record(
    "io.k8s.api.core.v1.Container",
    "One container of a pod.",
    _CONTAINER_FIELDS,
    required=("name",),
)

EPHEMERAL_CONTAINER = Record(
    "io.k8s.api.core.v1.EphemeralContainer",
    "A container that joins a running pod for debugging.",
    {
        **_CONTAINER_FIELDS,
        "targetContainerName": text("The container whose processes it sees."),
    },
    required=("name",),
)

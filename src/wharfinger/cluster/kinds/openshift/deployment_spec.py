"""What a deployment config is to be: the schema."""

from __future__ import annotations

from typing import Final

from wharfinger.cluster.kinds.core import OBJECT_REFERENCE
from wharfinger.cluster.kinds.pods import POD_TEMPLATE_SPEC
from wharfinger.cluster.kinds.pods.environment import ENV_VAR
from wharfinger.cluster.kinds.pods.resources import RESOURCE_REQUIREMENTS
from wharfinger.cluster.kinds.shapes import (
    Record,
    array,
    flag,
    int_or_string,
    integer,
    mapping,
    merged_by,
    moment,
    text,
    texts,
)

MODELS: Final = "com.github.openshift.api.apps.v1."

_POD_HOOK: Final = Record(
    f"{MODELS}ExecNewPodHook",
    "A command in a pod of its own.",
    {
        "command": texts("The command."),
        "env": array("Variables for it.", ENV_VAR),
        "containerName": text("The container of the template whose image it runs."),
        "volumes": texts("Volumes of the template that the pod gets."),
    },
    required=("command", "containerName"),
)
_TAG_HOOK: Final = Record(
    f"{MODELS}TagImageHook",
    "A tag for the image of a container.",
    {
        "containerName": text("The container."),
        "to": OBJECT_REFERENCE.of("The ImageStreamTag."),
    },
    required=("containerName", "to"),
)
_HOOK: Final = Record(
    f"{MODELS}LifecycleHook",
    "What is done at a point of a deployment.",
    {
        "failurePolicy": text("Abort, Retry or Ignore."),
        "execNewPod": _POD_HOOK.of("Run a command."),
        "tagImages": array("Tag images.", _TAG_HOOK),
    },
    required=("failurePolicy",),
)
_CUSTOM: Final = Record(
    f"{MODELS}CustomDeploymentStrategyParams",
    "An image that deploys.",
    {
        "image": text("The image."),
        "environment": array("Variables for it.", ENV_VAR),
        "command": texts("What to run instead of its own command."),
    },
)
_RECREATE: Final = Record(
    f"{MODELS}RecreateDeploymentStrategyParams",
    "How all pods are replaced at once.",
    {
        "timeoutSeconds": integer("After how long it has failed.", bits=64),
        "pre": _HOOK.of("What is done before."),
        "mid": _HOOK.of("What is done when no pod is left."),
        "post": _HOOK.of("What is done after."),
    },
)
_ROLLING: Final = Record(
    f"{MODELS}RollingDeploymentStrategyParams",
    "How pods are replaced step by step.",
    {
        "updatePeriodSeconds": integer("How long to wait between pods.", bits=64),
        "intervalSeconds": integer("How long to wait between looks.", bits=64),
        "timeoutSeconds": integer("After how long it has failed.", bits=64),
        "maxUnavailable": int_or_string("How many of the wanted pods may be missing meanwhile."),
        "maxSurge": int_or_string("How many pods there may be above the wanted number."),
        "pre": _HOOK.of("What is done before."),
        "post": _HOOK.of("What is done after."),
    },
)
_STRATEGY: Final = Record(
    f"{MODELS}DeploymentStrategy",
    "How pods are replaced by newer ones.",
    {
        "type": text("Rolling, Recreate or Custom."),
        "customParams": _CUSTOM.of("For Custom."),
        "recreateParams": _RECREATE.of("For Recreate."),
        "rollingParams": _ROLLING.of("For Rolling."),
        "resources": RESOURCE_REQUIREMENTS.of("What the deployer may use."),
        "labels": mapping("Labels of the pods of the deployer."),
        "annotations": mapping("Annotations of the pods of the deployer."),
        "activeDeadlineSeconds": integer("How long the deployer may run.", bits=64),
    },
)
_IMAGE_CHANGE: Final = Record(
    f"{MODELS}DeploymentTriggerImageChangeParams",
    "A new image under a tag.",
    {
        "automatic": flag("Whether the new image is deployed."),
        "containerNames": texts("The containers that get it."),
        "from": OBJECT_REFERENCE.of("The ImageStreamTag."),
        "lastTriggeredImage": text("The image that last was a reason."),
    },
    required=("from",),
)
_TRIGGER: Final = Record(
    f"{MODELS}DeploymentTriggerPolicy",
    "What is a reason to deploy.",
    {
        "type": text("ConfigChange or ImageChange."),
        "imageChangeParams": _IMAGE_CHANGE.of("For ImageChange."),
    },
)
SPEC: Final = Record(
    f"{MODELS}DeploymentConfigSpec",
    "What is to run, and how it is renewed.",
    {
        "strategy": _STRATEGY.of("How pods are replaced."),
        "minReadySeconds": integer("How long a pod must be ready to count as available."),
        "triggers": array("Reasons to deploy.", _TRIGGER),
        "replicas": integer("How many pods are wanted."),
        "revisionHistoryLimit": integer("How many old versions are kept to go back to."),
        "test": flag("Whether the pods go once they are deployed."),
        "paused": flag("Whether changes of the template wait."),
        "selector": mapping("The labels of the pods; those of the template if not given."),
        "template": POD_TEMPLATE_SPEC.of("What the pods are to be."),
    },
)
_CAUSE_IMAGE: Final = Record(
    f"{MODELS}DeploymentCauseImageTrigger",
    "The image that was a reason.",
    {"from": OBJECT_REFERENCE.of("The image.")},
    required=("from",),
)
_CAUSE: Final = Record(
    f"{MODELS}DeploymentCause",
    "One reason of a deployment.",
    {
        "type": text("ConfigChange or ImageChange."),
        "imageTrigger": _CAUSE_IMAGE.of("The image."),
    },
    required=("type",),
)
_DETAILS: Final = Record(
    f"{MODELS}DeploymentDetails",
    "Why the last deployment was begun.",
    {"message": text("Why."), "causes": array("The reasons.", _CAUSE)},
    required=("causes",),
)
_CONDITION: Final = Record(
    f"{MODELS}DeploymentCondition",
    "One aspect of how a deployment is.",
    {
        "type": text("Available, Progressing or ReplicaFailure."),
        "status": text("True, False or Unknown."),
        "lastUpdateTime": moment("When it was last looked at."),
        "lastTransitionTime": moment("When the status last changed."),
        "reason": text("Why, for machines."),
        "message": text("Why, for people."),
    },
    required=("type", "status"),
)
STATUS: Final = Record(
    f"{MODELS}DeploymentConfigStatus",
    "How far it is.",
    {
        "latestVersion": integer("The number of the last deployment.", bits=64),
        "observedGeneration": integer("The generation that was last seen.", bits=64),
        "replicas": integer("How many pods there are."),
        "updatedReplicas": integer("How many of them are of the last version."),
        "availableReplicas": integer("How many of them are available."),
        "unavailableReplicas": integer("How many are missing."),
        "readyReplicas": integer("How many of them are ready."),
        "details": _DETAILS.of("Why the last deployment was begun."),
        "conditions": array("Its aspects.", _CONDITION, **merged_by("type")),
    },
)

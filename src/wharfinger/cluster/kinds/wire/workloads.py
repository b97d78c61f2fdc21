"""Of apps/v1, batch/v1, autoscaling/v1, policy/v1 and coordination.k8s.io/v1, and replication controllers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_APPS: Final = "io.k8s.api.apps.v1."
_BATCH: Final = "io.k8s.api.batch.v1."
_CORE: Final = "io.k8s.api.core.v1."
_LEASES: Final = "io.k8s.api.coordination.v1."
_POLICY: Final = "io.k8s.api.policy.v1."
_SCALES: Final = "io.k8s.api.autoscaling.v1."

_CONDITION: Final = "type? status? lastTransitionTime reason message"

ORDER: Final[Mapping[str, str]] = {
    f"{_APPS}DaemonSet": "metadata spec status",
    f"{_APPS}DaemonSetCondition": _CONDITION,
    f"{_APPS}DaemonSetSpec": (
        "selector template updateStrategy minReadySeconds - revisionHistoryLimit?"
    ),
    f"{_APPS}DaemonSetStatus": (
        "currentNumberScheduled? numberMisscheduled? desiredNumberScheduled? numberReady? "
        "observedGeneration updatedNumberScheduled numberAvailable numberUnavailable "
        "collisionCount? conditions"
    ),
    f"{_APPS}DaemonSetUpdateStrategy": "type rollingUpdate",
    f"{_APPS}Deployment": "metadata spec status",
    f"{_APPS}DeploymentCondition": (
        "type? status? - reason message lastUpdateTime lastTransitionTime"
    ),
    f"{_APPS}DeploymentSpec": (
        "replicas? selector template strategy minReadySeconds revisionHistoryLimit? paused - "
        "progressDeadlineSeconds?"
    ),
    f"{_APPS}DeploymentStatus": (
        "observedGeneration replicas updatedReplicas availableReplicas unavailableReplicas "
        "conditions readyReplicas collisionCount? terminatingReplicas?"
    ),
    f"{_APPS}DeploymentStrategy": "type rollingUpdate",
    f"{_APPS}ReplicaSet": "metadata spec status",
    f"{_APPS}ReplicaSetCondition": _CONDITION,
    f"{_APPS}ReplicaSetSpec": "replicas? selector template minReadySeconds",
    f"{_APPS}ReplicaSetStatus": (
        "replicas? fullyLabeledReplicas observedGeneration readyReplicas availableReplicas "
        "conditions terminatingReplicas?"
    ),
    f"{_APPS}RollingUpdateDaemonSet": "maxUnavailable? maxSurge?",
    f"{_APPS}RollingUpdateDeployment": "maxUnavailable? maxSurge?",
    f"{_APPS}RollingUpdateStatefulSetStrategy": "partition? maxUnavailable?",
    f"{_APPS}StatefulSet": "metadata spec status",
    f"{_APPS}StatefulSetCondition": _CONDITION,
    f"{_APPS}StatefulSetOrdinals": "start?",
    f"{_APPS}StatefulSetPersistentVolumeClaimRetentionPolicy": "whenDeleted whenScaled",
    f"{_APPS}StatefulSetSpec": (
        "replicas? selector template volumeClaimTemplates serviceName podManagementPolicy "
        "updateStrategy revisionHistoryLimit? minReadySeconds "
        "persistentVolumeClaimRetentionPolicy ordinals"
    ),
    f"{_APPS}StatefulSetStatus": (
        "observedGeneration replicas? readyReplicas currentReplicas updatedReplicas "
        "currentRevision updateRevision - collisionCount? conditions availableReplicas?"
    ),
    f"{_APPS}StatefulSetUpdateStrategy": "type rollingUpdate",
    "io.k8s.api.batch.v1beta1.CronJob": "metadata spec status",
    f"{_BATCH}CronJob": "metadata spec status",
    f"{_BATCH}CronJobSpec": (
        "schedule? startingDeadlineSeconds? concurrencyPolicy suspend? jobTemplate "
        "successfulJobsHistoryLimit? failedJobsHistoryLimit? timeZone?"
    ),
    f"{_BATCH}CronJobStatus": "active - - lastScheduleTime lastSuccessfulTime",
    f"{_BATCH}Job": "metadata spec status",
    f"{_BATCH}JobCondition": "type? status? lastProbeTime lastTransitionTime reason message",
    f"{_BATCH}JobSpec": (
        "parallelism? completions? activeDeadlineSeconds? selector manualSelector? template "
        "backoffLimit? ttlSecondsAfterFinished? completionMode? suspend? podFailurePolicy "
        "backoffLimitPerIndex? maxFailedIndexes? podReplacementPolicy? managedBy? successPolicy"
    ),
    f"{_BATCH}JobStatus": (
        "conditions startTime completionTime active succeeded failed completedIndexes "
        "uncountedTerminatedPods ready? failedIndexes? terminating?"
    ),
    f"{_BATCH}JobTemplateSpec": "metadata spec",
    f"{_BATCH}PodFailurePolicy": "rules",
    f"{_BATCH}PodFailurePolicyOnExitCodesRequirement": "containerName? operator? values",
    f"{_BATCH}PodFailurePolicyOnPodConditionsPattern": "type? status",
    f"{_BATCH}PodFailurePolicyRule": "action? onExitCodes onPodConditions",
    f"{_BATCH}SuccessPolicy": "rules",
    f"{_BATCH}SuccessPolicyRule": "succeededIndexes? succeededCount?",
    f"{_BATCH}UncountedTerminatedPods": "succeeded failed",
    f"{_CORE}ModifyVolumeStatus": "targetVolumeAttributesClassName status?",
    f"{_CORE}PersistentVolumeClaim": "metadata spec status",
    f"{_CORE}PersistentVolumeClaimCondition": (
        "type? status? lastProbeTime lastTransitionTime reason message"
    ),
    f"{_CORE}PersistentVolumeClaimStatus": (
        "phase accessModes capacity conditions allocatedResources - allocatedResourceStatuses "
        "currentVolumeAttributesClassName? modifyVolumeStatus"
    ),
    f"{_CORE}ReplicationController": "metadata spec status",
    f"{_CORE}ReplicationControllerCondition": _CONDITION,
    f"{_CORE}ReplicationControllerSpec": "replicas? selector template minReadySeconds",
    f"{_CORE}ReplicationControllerStatus": (
        "replicas? fullyLabeledReplicas observedGeneration readyReplicas availableReplicas "
        "conditions"
    ),
    f"{_LEASES}Lease": "metadata spec",
    f"{_LEASES}LeaseSpec": (
        "holderIdentity? leaseDurationSeconds? acquireTime renewTime leaseTransitions? strategy? "
        "preferredHolder?"
    ),
    "io.k8s.api.policy.v1beta1.PodDisruptionBudget": "metadata spec status",
    f"{_POLICY}PodDisruptionBudget": "metadata spec status",
    f"{_POLICY}PodDisruptionBudgetSpec": (
        "minAvailable? selector maxUnavailable? unhealthyPodEvictionPolicy?"
    ),
    f"{_POLICY}PodDisruptionBudgetStatus": (
        "observedGeneration disruptedPods disruptionsAllowed? currentHealthy? desiredHealthy? "
        "expectedPods? conditions"
    ),
    f"{_SCALES}Scale": "metadata spec status",
    f"{_SCALES}ScaleSpec": "replicas",
    f"{_SCALES}ScaleStatus": "replicas? selector",
}

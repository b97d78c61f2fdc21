"""Of core/v1: pods, and what pods are made of, but for volumes. Evictions are of policy/v1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_CORE: Final = "io.k8s.api.core.v1."

_CONTAINER: Final = (
    "name? image command args workingDir ports env resources volumeMounts livenessProbe "
    "readinessProbe lifecycle terminationMessagePath imagePullPolicy securityContext "
    "stdin stdinOnce tty envFrom terminationMessagePolicy volumeDevices startupProbe "
    "resizePolicy restartPolicy? restartPolicyRules"
)

ORDER: Final[Mapping[str, str]] = {
    f"{_CORE}Affinity": "nodeAffinity podAffinity podAntiAffinity",
    f"{_CORE}AppArmorProfile": "type? localhostProfile?",
    f"{_CORE}Binding": "metadata target",
    f"{_CORE}Capabilities": "add drop",
    f"{_CORE}ConfigMapEnvSource": f"&{_CORE}LocalObjectReference optional?",
    f"{_CORE}ConfigMapKeySelector": f"&{_CORE}LocalObjectReference key? optional?",
    f"{_CORE}Container": _CONTAINER,
    f"{_CORE}ContainerExtendedResourceRequest": "containerName? resourceName? requestName?",
    f"{_CORE}ContainerPort": "name hostPort containerPort? protocol hostIP",
    f"{_CORE}ContainerResizePolicy": "resourceName? restartPolicy?",
    f"{_CORE}ContainerRestartRule": "action exitCodes",
    f"{_CORE}ContainerRestartRuleOnExitCodes": "operator values",
    f"{_CORE}ContainerState": "waiting running terminated",
    f"{_CORE}ContainerStateRunning": "startedAt",
    f"{_CORE}ContainerStateTerminated": (
        "exitCode? signal reason message startedAt finishedAt containerID"
    ),
    f"{_CORE}ContainerStateWaiting": "reason message",
    f"{_CORE}ContainerStatus": (
        "name? state lastState ready? restartCount? image? imageID? containerID started? "
        "allocatedResources resources volumeMounts user allocatedResourcesStatus stopSignal?"
    ),
    f"{_CORE}ContainerUser": "linux",
    f"{_CORE}EnvFromSource": "prefix configMapRef secretRef",
    f"{_CORE}EnvVar": "name? value valueFrom",
    f"{_CORE}EnvVarSource": "fieldRef resourceFieldRef configMapKeyRef secretKeyRef fileKeyRef",
    f"{_CORE}EphemeralContainer": f"&{_CORE}EphemeralContainerCommon targetContainerName",
    f"{_CORE}EphemeralContainerCommon": _CONTAINER,
    f"{_CORE}ExecAction": "command",
    f"{_CORE}FileKeySelector": "volumeName? path? key? optional?",
    f"{_CORE}GRPCAction": "port? service?",
    f"{_CORE}HTTPGetAction": "path port host scheme httpHeaders",
    f"{_CORE}HTTPHeader": "name? value?",
    f"{_CORE}HostAlias": "ip? hostnames",
    f"{_CORE}HostIP": "ip?",
    f"{_CORE}KeyToPath": "key? path? mode?",
    f"{_CORE}Lifecycle": "postStart preStop stopSignal?",
    f"{_CORE}LifecycleHandler": "exec httpGet tcpSocket sleep",
    f"{_CORE}LinuxContainerUser": "uid? gid? supplementalGroups",
    f"{_CORE}NodeAffinity": (
        "requiredDuringSchedulingIgnoredDuringExecution "
        "preferredDuringSchedulingIgnoredDuringExecution"
    ),
    f"{_CORE}NodeSelector": "nodeSelectorTerms",
    f"{_CORE}NodeSelectorRequirement": "key? operator? values",
    f"{_CORE}NodeSelectorTerm": "matchExpressions matchFields",
    f"{_CORE}ObjectFieldSelector": "apiVersion fieldPath?",
    f"{_CORE}Pod": "metadata spec status",
    f"{_CORE}PodAffinity": (
        "requiredDuringSchedulingIgnoredDuringExecution "
        "preferredDuringSchedulingIgnoredDuringExecution"
    ),
    f"{_CORE}PodAffinityTerm": (
        "labelSelector namespaces topologyKey? namespaceSelector matchLabelKeys mismatchLabelKeys"
    ),
    f"{_CORE}PodAntiAffinity": (
        "requiredDuringSchedulingIgnoredDuringExecution "
        "preferredDuringSchedulingIgnoredDuringExecution"
    ),
    f"{_CORE}PodCondition": (
        "type? status? lastProbeTime lastTransitionTime reason message observedGeneration"
    ),
    f"{_CORE}PodDNSConfig": "nameservers searches options",
    f"{_CORE}PodDNSConfigOption": "name value?",
    f"{_CORE}PodExtendedResourceClaimStatus": "requestMappings resourceClaimName?",
    f"{_CORE}PodIP": "ip?",
    f"{_CORE}PodOS": "name?",
    f"{_CORE}PodReadinessGate": "conditionType?",
    f"{_CORE}PodResourceClaim": "name? - resourceClaimName? resourceClaimTemplateName?",
    f"{_CORE}PodResourceClaimStatus": "name? resourceClaimName?",
    f"{_CORE}PodSchedulingGate": "name?",
    f"{_CORE}PodSecurityContext": (
        "seLinuxOptions runAsUser? runAsNonRoot? supplementalGroups fsGroup? runAsGroup? "
        "sysctls windowsOptions fsGroupChangePolicy? seccompProfile appArmorProfile "
        "supplementalGroupsPolicy? seLinuxChangePolicy?"
    ),
    f"{_CORE}PodSpec": (
        "volumes containers restartPolicy terminationGracePeriodSeconds? "
        "activeDeadlineSeconds? dnsPolicy nodeSelector serviceAccountName serviceAccount "
        "nodeName hostNetwork hostPID hostIPC securityContext imagePullSecrets hostname "
        "subdomain affinity schedulerName initContainers automountServiceAccountToken? "
        "tolerations hostAliases priorityClassName priority? dnsConfig shareProcessNamespace? "
        "readinessGates runtimeClassName? enableServiceLinks? preemptionPolicy? overhead "
        "topologySpreadConstraints ephemeralContainers setHostnameAsFQDN? os hostUsers? "
        "schedulingGates resourceClaims resources hostnameOverride? workloadRef"
    ),
    f"{_CORE}PodStatus": (
        "phase conditions message reason hostIP podIP startTime containerStatuses qosClass "
        "initContainerStatuses nominatedNodeName podIPs ephemeralContainerStatuses resize "
        "resourceClaimStatuses hostIPs observedGeneration extendedResourceClaimStatus "
        "allocatedResources resources"
    ),
    f"{_CORE}PodTemplateSpec": "metadata spec",
    f"{_CORE}PreferredSchedulingTerm": "weight? preference",
    f"{_CORE}Probe": (
        f"&{_CORE}ProbeHandler initialDelaySeconds timeoutSeconds periodSeconds "
        "successThreshold failureThreshold terminationGracePeriodSeconds?"
    ),
    f"{_CORE}ProbeHandler": "exec httpGet tcpSocket grpc",
    f"{_CORE}ResourceClaim": "name? request",
    f"{_CORE}ResourceFieldSelector": "containerName resource? divisor",
    f"{_CORE}ResourceHealth": "resourceID? health",
    f"{_CORE}ResourceRequirements": "limits requests claims",
    f"{_CORE}ResourceStatus": "name? resources",
    f"{_CORE}SELinuxOptions": "user role type level",
    f"{_CORE}SeccompProfile": "type? localhostProfile?",
    f"{_CORE}SecretEnvSource": f"&{_CORE}LocalObjectReference optional?",
    f"{_CORE}SecretKeySelector": f"&{_CORE}LocalObjectReference key? optional?",
    f"{_CORE}SecurityContext": (
        "capabilities privileged? seLinuxOptions runAsUser? runAsNonRoot? "
        "readOnlyRootFilesystem? allowPrivilegeEscalation? runAsGroup? procMount? "
        "windowsOptions seccompProfile appArmorProfile"
    ),
    f"{_CORE}SleepAction": "seconds?",
    f"{_CORE}Sysctl": "name? value?",
    f"{_CORE}TCPSocketAction": "port host",
    f"{_CORE}Toleration": "key operator value effect tolerationSeconds?",
    f"{_CORE}TopologySpreadConstraint": (
        "maxSkew? topologyKey? whenUnsatisfiable? labelSelector minDomains? "
        "nodeAffinityPolicy? nodeTaintsPolicy? matchLabelKeys"
    ),
    f"{_CORE}VolumeDevice": "name? devicePath?",
    f"{_CORE}VolumeMount": (
        "name? readOnly mountPath? subPath mountPropagation? subPathExpr recursiveReadOnly?"
    ),
    f"{_CORE}VolumeMountStatus": "name? mountPath? readOnly recursiveReadOnly?",
    f"{_CORE}VolumeResourceRequirements": "limits requests",
    f"{_CORE}WeightedPodAffinityTerm": "weight? podAffinityTerm",
    f"{_CORE}WindowsSecurityContextOptions": (
        "gmsaCredentialSpecName? gmsaCredentialSpec? runAsUserName? hostProcess?"
    ),
    f"{_CORE}WorkloadReference": "name? podGroup? podGroupReplicaKey",
    "io.k8s.api.policy.v1.Eviction": "metadata deleteOptions",
}

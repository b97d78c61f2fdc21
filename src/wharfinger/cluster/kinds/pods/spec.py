"""What a pod is to be: `io.k8s.api.core.v1.PodSpec`."""

from __future__ import annotations

from wharfinger.cluster.kinds.core import LOCAL_REFERENCE
from wharfinger.cluster.kinds.pods.containers import CONTAINER, EPHEMERAL_CONTAINER
from wharfinger.cluster.kinds.pods.resources import RESOURCE_REQUIREMENTS
from wharfinger.cluster.kinds.pods.scheduling import (
    AFFINITY,
    TOLERATION,
    TOPOLOGY_SPREAD_CONSTRAINT,
)
from wharfinger.cluster.kinds.pods.security import POD_SECURITY_CONTEXT
from wharfinger.cluster.kinds.pods.volumes import VOLUME
from wharfinger.cluster.kinds.shapes import (
    ATOMIC,
    ATOMIC_MAP,
    Record,
    array,
    flag,
    integer,
    mapping,
    merged_by,
    quantities,
    text,
    texts,
)

_HOST_ALIAS = Record(
    "io.k8s.api.core.v1.HostAlias",
    "Names for an address, in the hosts file of the containers.",
    {
        "ip": text("The address."),
        "hostnames": texts("Its names.", **ATOMIC),
    },
    required=("ip",),
)

_POD_DNS_CONFIG_OPTION = Record(
    "io.k8s.api.core.v1.PodDNSConfigOption",
    "One option of the resolver.",
    {
        "name": text("The option."),
        "value": text("Its value."),
    },
)

_POD_DNS_CONFIG = Record(
    "io.k8s.api.core.v1.PodDNSConfig",
    "How names are resolved, beside what dnsPolicy says.",
    {
        "nameservers": texts("Addresses of name servers.", **ATOMIC),
        "searches": texts("Domains to search in.", **ATOMIC),
        "options": array("Options of the resolver.", _POD_DNS_CONFIG_OPTION, **ATOMIC),
    },
)

_POD_READINESS_GATE = Record(
    "io.k8s.api.core.v1.PodReadinessGate",
    "A condition that counts for the pod's readiness.",
    {
        "conditionType": text("The type of the condition."),
    },
    required=("conditionType",),
)

_POD_OS = Record(
    "io.k8s.api.core.v1.PodOS",
    "For which operating system a pod is.",
    {
        "name": text("linux or windows."),
    },
    required=("name",),
)

_POD_SCHEDULING_GATE = Record(
    "io.k8s.api.core.v1.PodSchedulingGate",
    "Keeps a pod from being put on a node.",
    {
        "name": text("Who keeps it."),
    },
    required=("name",),
)

_POD_RESOURCE_CLAIM = Record(
    "io.k8s.api.core.v1.PodResourceClaim",
    "Names a claim of devices for the pod's containers.",
    {
        "name": text("How containers of the pod name it."),
        "resourceClaimName": text("The claim."),
        "resourceClaimTemplateName": text("The template that a claim is made from."),
    },
    required=("name",),
)

_WORKLOAD_REFERENCE = Record(
    "io.k8s.api.core.v1.WorkloadReference",
    "Names the workload that a pod is part of.",
    {
        "name": text("The workload."),
        "podGroup": text("The group of pods in it."),
        "podGroupReplicaKey": text("Which replica of the group."),
    },
    required=("name", "podGroup"),
)

POD_SPEC = Record(
    "io.k8s.api.core.v1.PodSpec",
    "What a pod is to be.",
    {
        "volumes": array(
            "What its containers can mount.",
            VOLUME,
            **merged_by("name", strategy="merge,retainKeys"),
        ),
        "initContainers": array(
            "Containers that run before the others, one after the other.",
            CONTAINER,
            **merged_by("name"),
        ),
        "containers": array(
            "The containers it is for. Which there are cannot be changed.",
            CONTAINER,
            **merged_by("name"),
        ),
        "ephemeralContainers": array(
            "Containers for debugging; added by the subresource of that name only.",
            EPHEMERAL_CONTAINER,
            **merged_by("name"),
        ),
        "restartPolicy": text("Always, OnFailure or Never: what happens when a container ends."),
        "terminationGracePeriodSeconds": integer(
            "How long it may take to end; 0 ends it at once.", bits=64
        ),
        "activeDeadlineSeconds": integer("How long it may run.", bits=64),
        "dnsPolicy": text("ClusterFirst, ClusterFirstWithHostNet, Default or None."),
        "nodeSelector": {**mapping("Labels that the node must have."), **ATOMIC_MAP},
        "serviceAccountName": text("The account it runs under."),
        "serviceAccount": text("Old name of serviceAccountName."),
        "automountServiceAccountToken": flag("Whether its containers get a token of the account."),
        "nodeName": text("The node it is bound to."),
        "hostNetwork": flag("Whether it has the network of the node."),
        "hostPID": flag("Whether it sees the processes of the node."),
        "hostIPC": flag("Whether it shares memory and queues with the node."),
        "shareProcessNamespace": flag("Whether its containers see each other's processes."),
        "securityContext": POD_SECURITY_CONTEXT.of("Rights and identity of all its containers."),
        "imagePullSecrets": array(
            "Secrets to pull images with.", LOCAL_REFERENCE, **merged_by("name")
        ),
        "hostname": text("Its host name; its own name if not given."),
        "subdomain": text("Makes its name HOSTNAME.SUBDOMAIN.NAMESPACE.svc and so on."),
        "affinity": AFFINITY.of("Where it is drawn to."),
        "schedulerName": text("Who chooses its node."),
        "tolerations": array("Taints of nodes that do not keep it away.", TOLERATION, **ATOMIC),
        "hostAliases": array(
            "Names for addresses, in its hosts file.", _HOST_ALIAS, **merged_by("ip")
        ),
        "priorityClassName": text("The class that its priority comes from."),
        "priority": integer("The higher, the more important."),
        "dnsConfig": _POD_DNS_CONFIG.of("How names are resolved, beside dnsPolicy."),
        "readinessGates": array(
            "Conditions that count for its readiness.", _POD_READINESS_GATE, **ATOMIC
        ),
        "runtimeClassName": text("The class of runtime that runs it."),
        "enableServiceLinks": flag("Whether variables with the addresses of services are set."),
        "preemptionPolicy": text("Never or PreemptLowerPriority: whether it drives out others."),
        "overhead": quantities("What running it takes beside its containers."),
        "topologySpreadConstraints": array(
            "How evenly pods like it are spread.",
            TOPOLOGY_SPREAD_CONSTRAINT,
            **merged_by("topologyKey", "whenUnsatisfiable"),
        ),
        "setHostnameAsFQDN": flag("Whether its host name is the full one."),
        "os": _POD_OS.of("For which operating system it is."),
        "hostUsers": flag("Whether its users are those of the node; false gives it its own."),
        "schedulingGates": array(
            "Who keeps it from being put on a node.", _POD_SCHEDULING_GATE, **merged_by("name")
        ),
        "resourceClaims": array(
            "Claims of devices that its containers use.",
            _POD_RESOURCE_CLAIM,
            **merged_by("name", strategy="merge,retainKeys"),
        ),
        "resources": RESOURCE_REQUIREMENTS.of(
            "What all its containers together ask for and may use."
        ),
        "hostnameOverride": text("Its host name, whatever the other fields say."),
        "workloadRef": _WORKLOAD_REFERENCE.of("The workload that it is part of."),
    },
    required=("containers",),
)

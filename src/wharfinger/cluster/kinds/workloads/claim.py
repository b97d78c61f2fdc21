"""The claims for volumes that a stateful set makes; they are no kind of their own here."""

from __future__ import annotations

from typing import Any, Final

from wharfinger.cluster.kinds.meta import top
from wharfinger.cluster.kinds.pods.claims import PERSISTENT_VOLUME_CLAIM_SPEC
from wharfinger.cluster.kinds.shapes import ATOMIC, Record, mapping, moment, quantities, text, texts
from wharfinger.cluster.kinds.workloads.status import condition, conditions

_CORE: Final = "io.k8s.api.core.v1."

_MODIFIED = Record(
    f"{_CORE}ModifyVolumeStatus",
    "How far a change of a volume's attributes is.",
    {
        "targetVolumeAttributesClassName": text("The class of attributes that is to be."),
        "status": text("Pending, InProgress or Infeasible."),
    },
    required=("status",),
)
_CONDITION = condition(
    f"{_CORE}PersistentVolumeClaimCondition",
    lastProbeTime=moment("When the condition was last looked at."),
)
_STATUS = Record(
    f"{_CORE}PersistentVolumeClaimStatus",
    "What has become of a claim.",
    {
        "phase": text("Pending, Bound or Lost."),
        "accessModes": texts("How the volume can be used.", **ATOMIC),
        "capacity": quantities("How large the volume is."),
        "conditions": conditions(_CONDITION),
        "allocatedResources": quantities("How large the volume is to be."),
        "allocatedResourceStatuses": mapping("How far a change of size is."),
        "currentVolumeAttributesClassName": text("The class of attributes that the volume has."),
        "modifyVolumeStatus": _MODIFIED.of("How far a change of the volume's attributes is."),
    },
)

PERSISTENT_VOLUME_CLAIM = top(
    f"{_CORE}PersistentVolumeClaim",
    "Asks for a volume.",
    {
        "spec": PERSISTENT_VOLUME_CLAIM_SPEC.of("What the volume is to be."),
        "status": _STATUS.of("What has become of the claim."),
    },
)


def default_claim(claim: dict[str, Any]) -> None:
    """Complete a claim, in place."""
    claim["apiVersion"] = claim.get("apiVersion") or "v1"
    claim["kind"] = claim.get("kind") or "PersistentVolumeClaim"
    spec = claim.setdefault("spec", {})
    spec["volumeMode"] = spec.get("volumeMode") or "Filesystem"
    status = claim.setdefault("status", {})
    status["phase"] = status.get("phase") or "Pending"

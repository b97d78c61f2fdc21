"""The schema that all kinds share: ObjectMeta, and the other types of `meta/v1` they use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wharfinger.cluster.kind import Object
from wharfinger.cluster.kinds.shapes import (
    Record,
    Schema,
    anything,
    array,
    flag,
    integer,
    mapping,
    merged_by,
    moment,
    text,
    texts,
)

_META = "io.k8s.apimachinery.pkg.apis.meta.v1."

OWNER_REFERENCE = Record(
    f"{_META}OwnerReference",
    "Names an owner in the same namespace, or a cluster-scoped one; when all owners are gone, so is the object.",
    {
        "apiVersion": text("Group and version of the owner."),
        "kind": text("Kind of the owner."),
        "name": text("Name of the owner."),
        "uid": text("Identity of the owner: another object of the same name is not the owner."),
        "controller": flag("Whether this owner is the one that controls the object."),
        "blockOwnerDeletion": flag("Whether a foreground deletion of the owner waits for us."),
    },
    required=("apiVersion", "kind", "name", "uid"),
)
OWNER_REFERENCE["x-kubernetes-map-type"] = "atomic"

MANAGED_FIELDS = Record(
    f"{_META}ManagedFieldsEntry",
    "The fields that one manager has set.",
    {
        "manager": text("Who manages these fields."),
        "operation": text("Apply or Update."),
        "apiVersion": text("The version in which the fields are named."),
        "time": moment("When the entry last changed."),
        "fieldsType": text("The format of fieldsV1; always FieldsV1."),
        "fieldsV1": anything("The set of fields."),
        "subresource": text("The subresource through which the fields were set."),
    },
)

OBJECT_META = Record(
    f"{_META}ObjectMeta",
    "What every stored object has beside its content.",
    {
        "name": text("Unique within its namespace and kind. Cannot be changed."),
        "generateName": text("Prefix of a name that the server completes when there is none."),
        "namespace": text("The namespace the name is unique in. Cannot be changed."),
        "selfLink": text("Not set any more."),
        "uid": text("Identity in time and space, set by the server."),
        "resourceVersion": text(
            "The version to compare with before a change; opaque, set by the server."
        ),
        "generation": integer("Counts the changes of the wanted state.", bits=64),
        "creationTimestamp": moment("When the server made the object."),
        "deletionTimestamp": moment("When deletion was asked for; set by the server."),
        "deletionGracePeriodSeconds": integer("Time left to end gracefully.", bits=64),
        "labels": mapping("Names and values to select objects by."),
        "annotations": mapping("Names and values for tools; not to select by."),
        "ownerReferences": array("The owners of this object.", OWNER_REFERENCE, **merged_by("uid")),
        "finalizers": texts(
            "Who must act before the object is removed.",
            **{"x-kubernetes-patch-strategy": "merge", "x-kubernetes-list-type": "set"},
        ),
        "managedFields": array("Which manager set which fields.", MANAGED_FIELDS),
    },
)

_REQUIREMENT = Record(
    f"{_META}LabelSelectorRequirement",
    "One condition on a label.",
    {
        "key": text("The label."),
        "operator": text("In, NotIn, Exists or DoesNotExist."),
        "values": texts("The values for In and NotIn."),
    },
    required=("key", "operator"),
)

LABEL_SELECTOR = Record(
    f"{_META}LabelSelector",
    "Selects by labels; all conditions must hold, and no condition selects everything.",
    {
        "matchLabels": mapping("Labels that must have exactly these values."),
        "matchExpressions": array("Conditions on labels.", _REQUIREMENT),
    },
)
LABEL_SELECTOR["x-kubernetes-map-type"] = "atomic"

CONDITION = Record(
    f"{_META}Condition",
    "Something that holds of an object, or does not.",
    {
        "type": text("What the condition is about."),
        "status": text("True, False or Unknown."),
        "observedGeneration": integer("Up to which change of the object it was judged.", bits=64),
        "lastTransitionTime": moment("When the status last changed."),
        "reason": text("Why, for machines."),
        "message": text("Why, for people."),
    },
    required=("type", "status", "lastTransitionTime", "reason", "message"),
)

DELETE_OPTIONS = Record(
    f"{_META}DeleteOptions",
    "How to delete.",
    {
        "apiVersion": text("Group and version of these options."),
        "kind": text("DeleteOptions."),
        "gracePeriodSeconds": integer("Time to end gracefully.", bits=64),
        "preconditions": Record(
            f"{_META}Preconditions",
            "What the object must be for the deletion to be done.",
            {"uid": text("Identity."), "resourceVersion": text("Version.")},
        ),
        "orphanDependents": flag("Old form of propagationPolicy."),
        "propagationPolicy": text("Orphan, Background or Foreground."),
        "dryRun": texts("All: do everything but keep the result."),
    },
)


def top(
    model: str, summary: str, fields: Mapping[str, Schema], required: Sequence[str] = ()
) -> Record:
    """Declare the schema of a kind: its own fields, and those that every object has."""
    common = {
        "apiVersion": text("Group and version of this representation of the object."),
        "kind": text("The type of the object, as a singular noun in CamelCase."),
        "metadata": OBJECT_META.of("What every object has: name, labels, versions, owners."),
    }
    return Record(model, summary, {**common, **fields}, required)


def annotations_of(obj: Object) -> Mapping[str, str]:
    found: Mapping[str, str] = (obj.get("metadata") or {}).get("annotations") or {}
    return found

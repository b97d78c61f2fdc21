"""What only the server says, of meta/v1: Status, the head of a list, and lists of resources."""

from __future__ import annotations

from wharfinger.cluster.kinds.shapes import Record, array, flag, integer, text, texts

_META = "io.k8s.apimachinery.pkg.apis.meta.v1."

LIST_META = Record(
    f"{_META}ListMeta",
    "What every list has beside its items.",
    {
        "continue": text("Gets the rest of the list; empty at its end."),
        "remainingItemCount": integer("How many objects are left, where that is known.", bits=64),
        "resourceVersion": text("The version as of which the list is, and where a watch begins."),
        "selfLink": text("Not set any more."),
    },
)

_CAUSE = Record(
    f"{_META}StatusCause",
    "One thing that is wrong.",
    {
        "field": text("Where in the object."),
        "message": text("What is wrong, for people."),
        "reason": text("What is wrong, for machines."),
    },
)

_DETAILS = Record(
    f"{_META}StatusDetails",
    "What the outcome is about.",
    {
        "causes": array("All that is wrong.", _CAUSE, **{"x-kubernetes-list-type": "atomic"}),
        "group": text("Group of the object."),
        "kind": text("Kind or resource of the object."),
        "name": text("Name of the object."),
        "retryAfterSeconds": integer("When it makes sense to try again."),
        "uid": text("Identity of the object."),
    },
)

STATUS = Record(
    f"{_META}Status",
    "The outcome of a request that answers no object.",
    {
        "apiVersion": text("v1."),
        "kind": text("Status."),
        "metadata": LIST_META.of("Of an expired list: how to go on."),
        "status": text("Success or Failure."),
        "message": text("The outcome, for people."),
        "reason": text("Why it failed, for machines."),
        "code": integer("The status of the HTTP answer."),
        "details": _DETAILS.of("What the outcome is about."),
    },
)

_RESOURCE = Record(
    f"{_META}APIResource",
    "One resource, and what can be done with it.",
    {
        "name": text("Plural name, and that of the subresource if it is one."),
        "singularName": text("Singular name."),
        "namespaced": flag("Whether its objects are in namespaces."),
        "group": text("Group of the kind that is sent, if it is another."),
        "version": text("Version of that kind."),
        "kind": text("Kind of the objects."),
        "verbs": texts("What can be done with them."),
        "shortNames": texts("Short names."),
        "categories": texts("Names of groups of resources that it belongs to, as `all`."),
    },
    required=("name", "singularName", "namespaced", "kind", "verbs"),
)

RESOURCES = Record(
    f"{_META}APIResourceList",
    "The resources of one group and version.",
    {
        "apiVersion": text("v1."),
        "kind": text("APIResourceList."),
        "groupVersion": text("The group and version."),
        "resources": array("The resources.", _RESOURCE),
    },
    required=("groupVersion", "resources"),
)

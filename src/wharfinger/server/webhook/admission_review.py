"""
An `AdmissionReview` of Kubernetes: which question on images it is, and how it is answered.

Pure. Versions v1 and v1beta1 differ in nothing that we read or write, and each is answered in kind.
Judged are creations and updates, and of subresources that of ephemeral containers alone: all others
(binding, eviction, scale, status, ...) cannot name an image.

https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from wharfinger.errors import BadInput
from wharfinger.policy.imagepolicy import decision
from wharfinger.policy.imagepolicy.model import Object, Outcome, Question, Verdict

VERSIONS: Final = ("admission.k8s.io/v1", "admission.k8s.io/v1beta1")
EPHEMERAL: Final = "ephemeralcontainers"
_JUDGED: Final = frozenset({"CREATE", "UPDATE"})
_OPERATIONS: Final = frozenset({*_JUDGED, "DELETE", "CONNECT"})
_LONGEST_ANNOTATION: Final = 1024
_LONGEST_WARNING: Final = 250
_MOST_WARNINGS: Final = 10
_NULL: Final = msgspec.Raw(b"null")


class NotAReview(BadInput):
    code = "not-a-review"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"cannot read the review: {reason}",
            remedy="only the API server of a cluster is to ask here",
        )


class GroupKind(msgspec.Struct, frozen=True, gc=False):
    group: str
    kind: str


class GroupResource(msgspec.Struct, frozen=True, gc=False):
    group: str
    resource: str


class User(msgspec.Struct, frozen=True, gc=False):
    username: str = ""


class Request(msgspec.Struct, frozen=True, rename="camel"):
    """What we read of `request`. The objects stay text until somebody wants them."""

    uid: str
    kind: GroupKind
    resource: GroupResource
    operation: str
    sub_resource: str = ""
    name: str = ""
    namespace: str = ""
    user_info: User = User()
    object: msgspec.Raw = _NULL
    old_object: msgspec.Raw = _NULL
    dry_run: bool | None = None

    @property
    def judged(self) -> bool:
        return self.operation in _JUDGED and self.sub_resource in ("", EPHEMERAL)


class _Document(msgspec.Struct, frozen=True, rename="camel"):
    kind: str
    api_version: str
    request: Request


_DOCUMENTS: Final = msgspec.json.Decoder(_Document)
_OBJECTS: Final = msgspec.json.Decoder(dict[str, Any] | None)
_ENCODER: Final = msgspec.json.Encoder()


class AdmissionReview(msgspec.Struct, frozen=True):
    """A question as it came, and in which version it is to be answered."""

    version: str
    request: Request


def read(body: bytes) -> AdmissionReview:
    """Raise `NotAReview` for anything else than a review that is asked in full."""
    try:
        document = _DOCUMENTS.decode(body)
    except RecursionError:
        raise NotAReview("it is nested too deep") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NotAReview(f"it is not an AdmissionReview ({type(error).__name__})") from None
    if document.kind != "AdmissionReview" or document.api_version not in VERSIONS:
        raise NotAReview(f"it has to be an AdmissionReview of {' or '.join(VERSIONS)}")
    if not document.request.uid or len(document.request.uid) > 128:
        raise NotAReview("its request has no usable uid")
    if document.request.operation not in _OPERATIONS:
        raise NotAReview("its request is for no operation that there is")
    return AdmissionReview(document.api_version, document.request)


def question(
    request: Request, *, validating: bool, ignored_rules: frozenset[str] = frozenset()
) -> Question:
    """What is to be judged; raise `NotAReview` if the request brings no object."""
    new, old = _object(request.object), _object(request.old_object)
    if new is None:
        raise NotAReview("its request has no object")
    if request.sub_resource == EPHEMERAL:
        new, old = _as_pod(new), None if old is None else _as_pod(old)
    return Question(
        operation=request.operation,
        group=request.resource.group,
        resource=request.resource.resource,
        subresource=request.sub_resource,
        kind="Pod" if request.sub_resource == EPHEMERAL else request.kind.kind,
        namespace=request.namespace,
        name=request.name or _name_in(new),
        object=new,
        old=old,
        ignored_rules=ignored_rules,
        validating=validating,
    )


def passed(review: AdmissionReview) -> bytes:
    """The answer to what is none of our business."""
    return _answer(review, {"uid": review.request.uid, "allowed": True})


def answered(review: AdmissionReview, asked: Question, outcome: Outcome) -> bytes:
    """The answer that a decision means; a patch goes out only if we may change something."""
    response: dict[str, Any] = {
        "uid": review.request.uid,
        "allowed": outcome.allowed,
        "auditAnnotations": _annotations(outcome),
    }
    if not outcome.allowed:
        response["status"] = status(asked, outcome)
        response["warnings"] = list(_warnings(outcome))
    elif not asked.validating and (patch := decision.patch(asked.object, outcome.object)):
        operations = _as_sent(review.request, patch)
        response["patchType"] = "JSONPatch"
        response["patch"] = base64.b64encode(_ENCODER.encode(operations)).decode()
    return _answer(review, response)


def failed(review: AdmissionReview, message: str) -> bytes:
    """Refuse, since nobody could decide."""
    told = {"status": "Failure", "message": message, "reason": "InternalError", "code": 500}
    return _answer(review, {"uid": review.request.uid, "allowed": False, "status": told})


def status(asked: Question, outcome: Outcome) -> Object:
    """A refusal as the API server of OpenShift tells it: 422 with a cause for each image, or 403."""
    if outcome.forbidden:
        return _failure(403, "Forbidden", outcome.forbidden)
    causes = [
        {
            "reason": "FieldValueForbidden",
            "message": f"Forbidden: {refused.message}",
            "field": refused.place,
        }
        for refused in outcome.refused
    ]
    told = [f"{cause['field']}: {cause['message']}" for cause in causes]
    kind = f"{asked.kind}.{asked.group}" if asked.group else asked.kind
    words = told[0] if len(told) == 1 else f"[{', '.join(told)}]"
    found = _failure(422, "Invalid", f'{kind} "{asked.name}" is invalid: {words}')
    found["details"] = {
        "name": asked.name,
        "group": asked.group,
        "kind": asked.kind,
        "causes": causes,
    }
    return found


def _failure(code: int, reason: str, message: str) -> Object:
    return {"status": "Failure", "message": message, "reason": reason, "code": code}


def _answer(review: AdmissionReview, response: Mapping[str, Any]) -> bytes:
    return _ENCODER.encode(
        {"kind": "AdmissionReview", "apiVersion": review.version, "response": response}
    )


def _object(raw: msgspec.Raw) -> Object | None:
    try:
        found: Object | None = _OBJECTS.decode(raw)
    except RecursionError:
        raise NotAReview("an object in it is nested too deep") from None
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise NotAReview("an object in it is not a JSON object") from None
    return found


def _as_pod(found: Object) -> Object:
    """Before Kubernetes 1.22 a list of ephemeral containers came as an object of its own."""
    if found.get("kind") != "EphemeralContainers":
        return found
    containers = found.get("ephemeralContainers")
    metadata = found.get("metadata")
    return {"metadata": metadata, "spec": {"ephemeralContainers": containers}}


def _as_sent(request: Request, patch: list[Object]) -> list[Object]:
    if request.kind.kind != "EphemeralContainers":
        return patch
    return [{**one, "path": one["path"].removeprefix("/spec")} for one in patch]


def _name_in(found: Object) -> str:
    metadata = found.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) else ""


def _annotations(outcome: Outcome) -> dict[str, str]:
    """What the API server writes into its own audit log."""
    told = {"decision": "allow" if outcome.allowed else "refuse"}
    if outcome.verdicts:
        told["images"] = "; ".join(map(_told, outcome.verdicts))[:_LONGEST_ANNOTATION]
    return told


def _told(verdict: Verdict) -> str:
    parts = [
        f"{verdict.place}={verdict.written}",
        f"rule={verdict.rule}" if verdict.rule else "",
        f"resolved={verdict.resolved}" if verdict.resolved else "",
    ]
    return " ".join(filter(None, parts))


def _warnings(outcome: Outcome) -> Iterator[str]:
    """Why, and what to do, for the person at the keyboard."""
    for verdict in outcome.refused[:_MOST_WARNINGS]:
        told = ": ".join(filter(None, (verdict.place, verdict.reason)))
        yield "; ".join(filter(None, (told, verdict.remedy)))[:_LONGEST_WARNING]

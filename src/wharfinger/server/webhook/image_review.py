"""
An `ImageReview` of the plug-in ImagePolicyWebhook: which question on images it is, and its answer.

Pure. It names images and says nothing of the object that they come from, so they are judged as those
of a pod, and nothing can be rewritten.

https://kubernetes.io/docs/reference/config-api/imagepolicy.v1alpha1/
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from wharfinger.policy.imagepolicy.model import Outcome, Question
from wharfinger.server.webhook.admission_review import NotAReview

VERSION: Final = "imagepolicy.k8s.io/v1alpha1"
_MOST_CONTAINERS: Final = 5000


class Container(msgspec.Struct, frozen=True, gc=False):
    image: str = ""


class Spec(msgspec.Struct, frozen=True):
    containers: list[Container] | None = None
    namespace: str = ""


class _Document(msgspec.Struct, frozen=True, rename="camel"):
    kind: str
    api_version: str
    spec: Spec


_DOCUMENTS: Final = msgspec.json.Decoder(_Document)


def read(body: bytes) -> Spec:
    """Raise `NotAReview`."""
    try:
        document = _DOCUMENTS.decode(body)
    except RecursionError:
        raise NotAReview("it is nested too deep") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NotAReview(f"it is not an ImageReview ({type(error).__name__})") from None
    if document.kind != "ImageReview" or document.api_version != VERSION:
        raise NotAReview(f"it has to be an ImageReview of {VERSION}")
    if len(document.spec.containers or ()) > _MOST_CONTAINERS:
        raise NotAReview(f"it names more than {_MOST_CONTAINERS} images")
    return document.spec


def question(spec: Spec, *, ignored_rules: frozenset[str] = frozenset()) -> Question:
    containers = [
        {"name": f"c{number}", "image": one.image}
        for number, one in enumerate(spec.containers or ())
    ]
    return Question(
        operation="CREATE",
        group="",
        resource="pods",
        kind="Pod",
        namespace=spec.namespace,
        object={"metadata": {}, "spec": {"containers": containers}},
        ignored_rules=ignored_rules,
        validating=True,
    )


def answered(outcome: Outcome) -> bytes:
    status: dict[str, Any] = {"allowed": outcome.allowed}
    if not outcome.allowed:
        refused = [f"{one.written}: {one.message}" for one in outcome.refused]
        status["reason"] = outcome.forbidden or "; ".join(refused)
    return msgspec.json.encode({"kind": "ImageReview", "apiVersion": VERSION, "status": status})


def failed(message: str) -> bytes:
    status = {"allowed": False, "reason": message}
    return msgspec.json.encode({"kind": "ImageReview", "apiVersion": VERSION, "status": status})

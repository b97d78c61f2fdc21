"""Questions about who somebody is, asked by creating an object: `authentication.k8s.io/v1`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wharfinger.cluster.kind import FieldError, Kind, Object
from wharfinger.cluster.kinds.meta import top
from wharfinger.cluster.kinds.shapes import Record, flag, integer, mapping, moment, text, texts

GROUP: Final = "authentication.k8s.io"
_MODELS: Final = "io.k8s.api.authentication.v1."
_SHORTEST: Final = 600
_LONGEST: Final = 1 << 32

_USER = Record(
    f"{_MODELS}UserInfo",
    "What is known of a user.",
    {
        "username": text("Name."),
        "uid": text("Identity, if the provider has one."),
        "groups": texts("Groups the user is in."),
        "extra": mapping(
            "What the provider says besides.", {"type": "array", "items": {"type": "string"}}
        ),
    },
)
_REVIEW_SPEC = Record(
    f"{_MODELS}TokenReviewSpec",
    "The token to look at.",
    {"token": text("The token."), "audiences": texts("For whom the token must be meant.")},
)
_REVIEW_STATUS = Record(
    f"{_MODELS}TokenReviewStatus",
    "What the token proves.",
    {
        "authenticated": flag("Whether the token is good."),
        "user": _USER.of("Whom it proves."),
        "audiences": texts("For which of the asked audiences."),
        "error": text("Why the token could not be looked at."),
    },
)
_SELF_STATUS = Record(
    f"{_MODELS}SelfSubjectReviewStatus",
    "Who is asking.",
    {"userInfo": _USER.of("Who is asking.")},
)
_BOUND = Record(
    f"{_MODELS}BoundObjectReference",
    "The object whose life the token shares.",
    {
        "kind": text("Secret or Pod."),
        "apiVersion": text("Group and version."),
        "name": text("Name."),
        "uid": text("Identity."),
    },
)
_REQUEST_SPEC = Record(
    f"{_MODELS}TokenRequestSpec",
    "The token that is wanted.",
    {
        "audiences": texts("For whom the token is meant."),
        "expirationSeconds": integer("How long it is to be good; an hour if not given.", bits=64),
        "boundObjectRef": _BOUND.of("When this object is gone, the token is void."),
    },
    required=("audiences",),
)
_REQUEST_STATUS = Record(
    f"{_MODELS}TokenRequestStatus",
    "The token that was made.",
    {"token": text("The token."), "expirationTimestamp": moment("Until when it is good.")},
    required=("token", "expirationTimestamp"),
)


def _default_request(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    if spec.get("expirationSeconds") is None:
        spec["expirationSeconds"] = 3600


def _validate_request(obj: Object) -> Iterator[FieldError]:
    seconds = obj["spec"]["expirationSeconds"]
    if seconds < _SHORTEST:
        detail = "may not specify a duration less than 10 minutes"
        yield FieldError.invalid("spec.expirationSeconds", seconds, detail)
    if seconds > _LONGEST:
        detail = "may not specify a duration larger than 2^32 seconds"
        yield FieldError.invalid("spec.expirationSeconds", seconds, detail)


def _validate_review(obj: Object) -> Iterator[FieldError]:
    if not (obj.get("spec") or {}).get("token"):
        yield FieldError.required("spec.token", "token is required")


TOKEN_REVIEW = Kind(
    group=GROUP,
    version="v1",
    kind="TokenReview",
    plural="tokenreviews",
    singular="tokenreview",
    namespaced=False,
    verbs=("create",),
    schema=top(
        f"{_MODELS}TokenReview",
        "Asks whom a token proves.",
        {
            "spec": _REVIEW_SPEC.of("The token to look at."),
            "status": _REVIEW_STATUS.of("The answer."),
        },
        required=("spec",),
    ),
    validate=lambda obj: tuple(_validate_review(obj)),
)
SELF_SUBJECT_REVIEW = Kind(
    group=GROUP,
    version="v1",
    kind="SelfSubjectReview",
    plural="selfsubjectreviews",
    singular="selfsubjectreview",
    namespaced=False,
    verbs=("create",),
    schema=top(
        f"{_MODELS}SelfSubjectReview",
        "Asks who is asking.",
        {"status": _SELF_STATUS.of("The answer.")},
    ),
)
TOKEN_REQUEST = Kind(
    group=GROUP,
    version="v1",
    kind="TokenRequest",
    plural="tokenrequests",
    singular="tokenrequest",
    namespaced=True,
    verbs=(),  # created below a service account only, as serviceaccounts/token
    schema=top(
        f"{_MODELS}TokenRequest",
        "Asks for a token of a service account.",
        {
            "spec": _REQUEST_SPEC.of("The token that is wanted."),
            "status": _REQUEST_STATUS.of("The answer."),
        },
        required=("spec",),
    ),
    default=_default_request,
    validate=lambda obj: tuple(_validate_request(obj)),
)

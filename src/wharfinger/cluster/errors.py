"""
What can be wrong with a request for objects, in the words that Kubernetes clients know.

The messages are those of Kubernetes rather than ours ("cannot …"): kubectl prints them as they
are, and people search for them. Each error carries what a `Status` body tells besides: which
resource, which name, which causes.
"""

from __future__ import annotations

from collections.abc import Sequence

from wharfinger.cluster.kind import FieldError, GroupResource, Kind
from wharfinger.errors import (
    AlreadyExists,
    BadInput,
    Conflict,
    Forbidden,
    Gone,
    NotFound,
    TooLarge,
    TooManyRequests,
    Unavailable,
    Unsupported,
    WharfingerError,
)


class ObjectError(WharfingerError):
    """About one object (or one resource, if `name` is empty)."""

    def __init__(
        self,
        message: str,
        resource: GroupResource | None = None,
        name: str = "",
        causes: Sequence[FieldError] = (),
    ) -> None:
        super().__init__(message)
        self.resource, self.name, self.causes = resource, name, tuple(causes)


class ObjectNotFound(ObjectError, NotFound):
    code = "object-not-found"

    def __init__(self, resource: GroupResource, name: str) -> None:
        super().__init__(f'{resource} "{name}" not found', resource, name)


class ObjectExists(ObjectError, AlreadyExists):
    code = "object-exists"

    def __init__(self, resource: GroupResource, name: str) -> None:
        super().__init__(f'{resource} "{name}" already exists', resource, name)


class ObjectConflict(ObjectError, Conflict):
    """The caller saw an older state than the one there is, or named another object."""

    code = "object-conflict"

    MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"

    def __init__(self, resource: GroupResource, name: str, reason: str = MODIFIED) -> None:
        message = f'Operation cannot be fulfilled on {resource} "{name}": {reason}'
        super().__init__(message, resource, name)


class ApplyConflict(ObjectError, Conflict):
    """An apply would change fields that others manage; the causes name each of them."""

    code = "apply-conflict"

    def __init__(self, message: str, causes: Sequence[FieldError]) -> None:
        super().__init__(message, causes=causes)


class ObjectInvalid(ObjectError, BadInput):
    """Well-formed, and refused by validation; `kind_name` is what a Status names here."""

    code = "object-invalid"

    def __init__(self, kind: Kind, name: str, causes: Sequence[FieldError]) -> None:
        told = [f"{cause.field}: {cause.message}" for cause in causes]
        words = told[0] if len(told) == 1 else f"[{', '.join(told)}]"
        qualified = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
        message = f'{qualified} "{name}" is invalid: {words}'
        super().__init__(message, kind.resource, name, causes)
        self.kind_name = kind.kind


class OptionsInvalid(ObjectError, BadInput):
    """What a request asks beside its object is not what may be asked of it."""

    code = "options-invalid"

    def __init__(self, kind: str, causes: Sequence[FieldError]) -> None:
        told = [f"{cause.field}: {cause.message}" for cause in causes]
        words = told[0] if len(told) == 1 else f"[{', '.join(told)}]"
        message = f'{kind}.meta.k8s.io "" is invalid: {words}'
        super().__init__(message, GroupResource("meta.k8s.io", kind), "", causes)


class ObjectForbidden(ObjectError, Forbidden):
    code = "object-forbidden"

    def __init__(
        self,
        resource: GroupResource,
        name: str,
        reason: str,
        causes: Sequence[FieldError] = (),
    ) -> None:
        told = f'{resource} "{name}"' if name else str(resource)
        super().__init__(f"{told} is forbidden: {reason}", resource, name, causes)


class ObjectTooLarge(ObjectError, TooLarge):
    code = "object-too-large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"Request entity too large: limit is {limit}")


class BadRequest(ObjectError, BadInput):
    """What was sent cannot be read as what it should be."""

    code = "bad-request"


class VerbUnsupported(ObjectError, Unsupported):
    code = "verb-unsupported"

    def __init__(self, resource: GroupResource, verb: str) -> None:
        super().__init__(f"{verb} is not supported on resources of kind {resource}", resource)


class PatchTypeUnsupported(ObjectError, Unsupported):
    code = "patch-type-unsupported"


class PatchFailed(ObjectError, BadInput):
    """Well-formed, and not applicable to the object as it is."""

    code = "patch-failed"


class Expired(ObjectError, Gone):
    """The revision is not kept any more; `continue_token` goes on without consistency."""

    code = "expired"

    def __init__(self, message: str, continue_token: str = "") -> None:
        super().__init__(message)
        self.continue_token = continue_token


class RevisionTooLarge(ObjectError, Unavailable):
    """A client has seen a revision that we have not: a store restored from an old copy."""

    code = "revision-too-large"

    def __init__(self, asked: int, revision: int) -> None:
        cause = FieldError("ResourceVersionTooLarge", "", "Too large resource version")
        message = f"Timeout: Too large resource version: {asked}, current: {revision}"
        super().__init__(message, causes=(cause,))


class DisruptionRefused(ObjectError, TooManyRequests):
    """A disruption budget forbids an eviction now; `retry_after` is 0 where nobody knows when not."""

    code = "disruption-refused"

    def __init__(self, cause: str, retry_after: int = 0) -> None:
        super().__init__(
            "Cannot evict pod as it would violate the pod's disruption budget.",
            causes=(FieldError("DisruptionBudget", "", cause),),
        )
        self.retry_after = retry_after


class OverlappingBudgets(ObjectError):
    """More than one budget covers a pod, so none can be held against."""

    code = "overlapping-budgets"

    def __init__(self) -> None:
        super().__init__(
            "This pod has more than one PodDisruptionBudget, "
            "which the eviction subresource does not support."
        )


class RevisionConflict(Conflict):
    """A key is not at the revision that a write expects."""

    code = "revision-conflict"

    def __init__(self, expected: int, found: int) -> None:
        super().__init__(f"cannot write: the key is at revision {found}, not at {expected}")
        self.expected, self.found = expected, found


class StoreClosed(Unavailable):
    code = "store-closed"


class StoreBroken(Unavailable):
    """The database refuses to work (an I/O error, a damaged file)."""

    code = "store-broken"

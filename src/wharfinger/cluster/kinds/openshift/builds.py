"""
Build configs and builds: `build.openshift.io/v1`.

They are kept, checked and changed like all objects, so that `oc set build-secret` and tools that
read them find what they know. Nothing here builds: a build says so in its status, and to start one
is refused with what to do instead (`outside.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from wharfinger.cluster.kind import Column, FieldError, Kind, Object, Subresource
from wharfinger.cluster.kinds.columns import NAME, age
from wharfinger.cluster.kinds.core import OBJECT_REFERENCE
from wharfinger.cluster.kinds.meta import top
from wharfinger.cluster.kinds.openshift import build_rules
from wharfinger.cluster.kinds.openshift.build_spec import COMMON, MODELS
from wharfinger.cluster.kinds.shapes import (
    Record,
    anything,
    array,
    flag,
    integer,
    merged_by,
    moment,
    text,
)

GROUP: Final = "build.openshift.io"
NOT_BUILT: Final = (
    "Nothing here runs builds. Build with a tool of your choice, and push with the pushSecret."
)
_RUN_POLICIES: Final = ("Parallel", "Serial", "SerialLatestOnly")
_TRIGGERS: Final[Mapping[str, str]] = {
    "GitHub": "github",
    "Generic": "generic",
    "GitLab": "gitlab",
    "Bitbucket": "bitbucket",
    "ImageChange": "imageChange",
    "ConfigChange": "",
}
"""The types of triggers, and the field that each may have."""

_PHASES: Final = ("New", "Pending", "Running", "Complete", "Failed", "Error", "Cancelled")

_SECRET_NAME: Final = Record(
    f"{MODELS}SecretLocalReference",
    "Names a secret of the same namespace.",
    {"name": text("Name.")},
    required=("name",),
)
_WEB_HOOK: Final = Record(
    f"{MODELS}WebHookTrigger",
    "A request from outside.",
    {
        "secret": text("Part of the address, which makes it hard to guess."),
        "allowEnv": flag("Whether the request may set variables."),
        "secretReference": _SECRET_NAME.of("The secret that has that part."),
    },
)
_IMAGE_CHANGE: Final = Record(
    f"{MODELS}ImageChangeTrigger",
    "A new image under a tag.",
    {
        "lastTriggeredImageID": text("The image that last was a reason to build."),
        "from": OBJECT_REFERENCE.of("The tag; that of the strategy if not given."),
        "paused": flag("Whether it is ignored for now."),
    },
)
_TRIGGER: Final = Record(
    f"{MODELS}BuildTriggerPolicy",
    "What is a reason to build.",
    {
        "type": text("GitHub, Generic, GitLab, Bitbucket, ImageChange or ConfigChange."),
        "github": _WEB_HOOK.of("Of GitHub."),
        "generic": _WEB_HOOK.of("Of anybody."),
        "gitlab": _WEB_HOOK.of("Of GitLab."),
        "bitbucket": _WEB_HOOK.of("Of Bitbucket."),
        "imageChange": _IMAGE_CHANGE.of("A new image."),
    },
    required=("type",),
)
_CONFIG_SPEC: Final = Record(
    f"{MODELS}BuildConfigSpec",
    "What is to be built, and when.",
    {
        **COMMON,
        "triggers": array("Reasons to build.", _TRIGGER),
        "runPolicy": text("Parallel, Serial or SerialLatestOnly."),
        "successfulBuildsHistoryLimit": integer("How many builds that succeeded to keep."),
        "failedBuildsHistoryLimit": integer("How many builds that failed to keep."),
    },
)
_TAG: Final = Record(
    f"{MODELS}ImageStreamTagReference",
    "A tag of a stream.",
    {"namespace": text("Namespace."), "name": text("STREAM:TAG.")},
)
_CHANGED: Final = Record(
    f"{MODELS}ImageChangeTriggerStatus",
    "What last came under a tag.",
    {
        "lastTriggeredImageID": text("The image."),
        "from": _TAG.of("The tag."),
        "lastTriggerTime": moment("When."),
    },
)
_CONFIG_STATUS: Final = Record(
    f"{MODELS}BuildConfigStatus",
    "What has been built.",
    {
        "lastVersion": integer("The number of the last build.", bits=64),
        "imageChangeTriggers": array("What last came under the tags.", _CHANGED),
    },
)
_CAUSE: Final = Record(
    f"{MODELS}BuildTriggerCause",
    "Why a build was begun.",
    {
        "message": text("Why."),
        "genericWebHook": anything("The request of anybody."),
        "githubWebHook": anything("The request of GitHub."),
        "gitlabWebHook": anything("The request of GitLab."),
        "bitbucketWebHook": anything("The request of Bitbucket."),
        "imageChangeBuild": anything("The new image."),
    },
)
_SPEC: Final = Record(
    f"{MODELS}BuildSpec",
    "What is built.",
    {**COMMON, "triggeredBy": array("Why.", _CAUSE)},
)
_CONDITION: Final = Record(
    f"{MODELS}BuildCondition",
    "One aspect of how a build is.",
    {
        "type": text("A phase of builds."),
        "status": text("True, False or Unknown."),
        "lastUpdateTime": moment("When it was last looked at."),
        "lastTransitionTime": moment("When the status last changed."),
        "reason": text("Why, for machines."),
        "message": text("Why, for people."),
    },
    required=("type", "status"),
)
_IMAGE: Final = Record(
    f"{MODELS}BuildStatusOutputTo",
    "The image that was pushed.",
    {"imageDigest": text("Its digest.")},
)
_OUTPUT: Final = Record(
    f"{MODELS}BuildStatusOutput", "What came of a build.", {"to": _IMAGE.of("The image.")}
)
_STATUS: Final = Record(
    f"{MODELS}BuildStatus",
    "How a build is.",
    {
        "phase": text("New, Pending, Running, Complete, Failed, Error or Cancelled."),
        "cancelled": flag("Whether it is to be given up."),
        "reason": text("Why, for machines."),
        "message": text("Why, for people."),
        "startTimestamp": moment("When it began."),
        "completionTimestamp": moment("When it ended."),
        "duration": integer("How long it took, in nanoseconds.", bits=64),
        "outputDockerImageReference": text("The name under which the image is pushed."),
        "config": OBJECT_REFERENCE.of("The build config."),
        "output": _OUTPUT.of("What came of it."),
        "stages": array("How long each part took.", anything("One part.")),
        "logSnippet": text("The end of the log, if it failed."),
        "conditions": array("Its aspects.", _CONDITION, **merged_by("type")),
    },
)


def _default_config(obj: Object) -> None:
    spec = obj.get("spec")
    if spec is None:
        spec = obj["spec"] = {}
    build_rules.default_spec(spec)
    if not spec.get("runPolicy"):
        spec["runPolicy"] = "Serial"
    if not obj.get("status"):
        obj["status"] = {"lastVersion": 0}


def _default_build(obj: Object) -> None:
    spec = obj.get("spec")
    if spec is None:
        spec = obj["spec"] = {}
    build_rules.default_spec(spec)
    if not obj.get("status"):
        obj["status"] = {"phase": "New", "reason": "NothingBuilds", "message": NOT_BUILT}


def _validate_config(obj: Object) -> Iterator[FieldError]:
    spec = obj.get("spec") or {}
    yield from build_rules.errors(spec)
    policy = spec.get("runPolicy") or ""
    if policy not in _RUN_POLICIES:
        yield FieldError.unsupported("spec.runPolicy", policy, _RUN_POLICIES)
    for field in ("successfulBuildsHistoryLimit", "failedBuildsHistoryLimit"):
        if (spec.get(field) or 0) < 0:
            detail = "must be greater than or equal to 0"
            yield FieldError.invalid(f"spec.{field}", spec[field], detail)
    for index, trigger in enumerate(spec.get("triggers") or ()):
        yield from _validate_trigger(trigger, f"spec.triggers[{index}]")


def _validate_trigger(trigger: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    kind = trigger.get("type") or ""
    if not kind:
        yield FieldError.required(f"{path}.type")
    elif kind not in _TRIGGERS:
        yield FieldError.unsupported(f"{path}.type", kind, tuple(_TRIGGERS))
    for field in _TRIGGERS.values():
        if field and trigger.get(field) is not None and _TRIGGERS.get(kind) != field:
            yield FieldError.forbidden(f"{path}.{field}", f"is not for the type {kind!r}")
    changed = (trigger.get("imageChange") or {}).get("from")
    if changed is not None:
        yield from build_rules.image(changed, f"{path}.imageChange.from", ("ImageStreamTag",))


def _validate_build(obj: Object) -> Iterator[FieldError]:
    yield from build_rules.errors(obj.get("spec") or {})
    phase = (obj.get("status") or {}).get("phase") or ""
    if phase not in _PHASES:
        yield FieldError.unsupported("status.phase", phase, _PHASES)


def _update_build(new: Object, old: Object) -> Iterator[FieldError]:
    if _fixed(new) != _fixed(old):
        shown = "content of spec is not printed out, please refer to the details"
        yield FieldError.invalid("spec", shown, "spec is immutable")


def _fixed(obj: Object) -> Mapping[str, Any]:
    """All of the spec but the revision, which whoever builds finds out."""
    spec = obj.get("spec") or {}
    return {field: value for field, value in spec.items() if field != "revision"}


def _type(obj: Object, _: datetime) -> str:
    return str(((obj.get("spec") or {}).get("strategy") or {}).get("type") or "")


def _from(obj: Object, _: datetime) -> str:
    spec = obj.get("spec") or {}
    source = spec.get("source") or {}
    told = [source.get("type") or ""] if source.get("type") not in (None, "None") else []
    ref = (source.get("git") or {}).get("ref")
    return ",".join(told) + (f"@{ref}" if ref else "")


def _field(name: str) -> Any:
    return lambda obj, _: (obj.get("status") or {}).get(name) or ""


def _started(obj: Object, now: datetime) -> str:
    begun = (obj.get("status") or {}).get("startTimestamp")
    return age(begun, now) if begun else ""


_TYPE: Final = Column("Type", _type, description="How it is built.")
_SOURCE: Final = Column("From", _from, description="What is built.")

BUILD_CONFIG = Kind(
    group=GROUP,
    version="v1",
    kind="BuildConfig",
    plural="buildconfigs",
    singular="buildconfig",
    short_names=("bc",),
    categories=("all",),
    namespaced=True,
    schema=top(
        f"{MODELS}BuildConfig",
        "How images are built; kept for tools, since nothing here builds.",
        {
            "spec": _CONFIG_SPEC.of("What is to be built."),
            "status": _CONFIG_STATUS.of("What has been built."),
        },
        required=("spec",),
    ),
    default=_default_config,
    validate=lambda obj: tuple(_validate_config(obj)),
    columns=(
        NAME,
        _TYPE,
        _SOURCE,
        Column(
            "Latest",
            lambda obj, _: (obj.get("status") or {}).get("lastVersion") or 0,
            type="integer",
            description="The number of the last build.",
        ),
    ),
)
BUILD = Kind(
    group=GROUP,
    version="v1",
    kind="Build",
    plural="builds",
    singular="build",
    categories=("all",),
    namespaced=True,
    schema=top(
        f"{MODELS}Build",
        "One build; kept for tools, since nothing here builds.",
        {"spec": _SPEC.of("What is built."), "status": _STATUS.of("How it is.")},
    ),
    default=_default_build,
    validate=lambda obj: tuple(_validate_build(obj)),
    validate_update=lambda new, old: tuple(_update_build(new, old)),
    columns=(
        NAME,
        _TYPE,
        _SOURCE,
        Column("Status", _field("phase"), description="How it is."),
        Column("Started", _started, description="How long ago it began."),
    ),
    selectable={"status": lambda obj: str((obj.get("status") or {}).get("phase") or "")},
    subresources=(
        Subresource("status", ("get", "patch", "update")),
        Subresource("details", ("update",), parts=(("status",), ("spec", "revision"))),
    ),
)

"""
Deployment configs: `apps.openshift.io/v1`.

They are kept, checked and changed like all objects, so that `oc set volume dc/docker-registry` and
`oc patch dc` work on them. Nothing here deploys one, and its conditions say so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from wharfinger.cluster import validation
from wharfinger.cluster.kind import Column, FieldError, Kind, Object, Subresource
from wharfinger.cluster.kinds.columns import NAME, created
from wharfinger.cluster.kinds.meta import top
from wharfinger.cluster.kinds.openshift import build_rules
from wharfinger.cluster.kinds.openshift.deployment_spec import MODELS, SPEC, STATUS
from wharfinger.cluster.kinds.pods import default_pod_spec, validate_pod_spec
from wharfinger.cluster.kinds.workloads.scale import SCALE_BELOW

GROUP: Final = "apps.openshift.io"
NOT_DEPLOYED: Final = (
    "Nothing here deploys a DeploymentConfig: it has no pods. A ReplicaSet with the same template "
    "gets pods."
)
_PARAMETERS: Final[Mapping[str, str]] = {
    "Rolling": "rollingParams",
    "Recreate": "recreateParams",
    "Custom": "customParams",
}
_ROLLING: Final[Mapping[str, Any]] = {
    "updatePeriodSeconds": 1,
    "intervalSeconds": 1,
    "timeoutSeconds": 600,
}
_TRIGGERS: Final = ("ConfigChange", "ImageChange")
_COUNTS: Final = (
    "latestVersion", "observedGeneration", "replicas", "updatedReplicas", "availableReplicas",
    "unavailableReplicas",
)  # fmt: skip


def _default(obj: Object) -> None:
    spec = obj.get("spec")
    if spec is None:
        spec = obj["spec"] = {}
    for field, value in (("replicas", 0), ("test", False), ("strategy", {})):
        if spec.get(field) is None:
            spec[field] = value
    if spec.get("triggers") is None:
        spec["triggers"] = [{"type": "ConfigChange"}]
    _default_strategy(spec["strategy"])
    template = spec.get("template")
    if template is not None:
        if template.get("spec") is None:
            template["spec"] = {}
        default_pod_spec(template["spec"])
        labels = (template.get("metadata") or {}).get("labels")
        if labels and not spec.get("selector"):
            spec["selector"] = dict(labels)
    if not obj.get("status"):
        obj["status"] = _status(obj)


def _default_strategy(strategy: dict[str, Any]) -> None:
    kind = strategy.get("type") or "Rolling"
    strategy["type"] = kind
    if kind == "Rolling":
        rolling = strategy.get("rollingParams") or {}
        strategy["rollingParams"] = rolling
        wanted = dict(_ROLLING)
        if rolling.get("maxUnavailable") is None and rolling.get("maxSurge") is None:
            wanted |= {"maxUnavailable": "25%", "maxSurge": "25%"}
        for field, value in wanted.items():
            if rolling.get(field) is None:
                rolling[field] = value
    elif kind == "Recreate":
        recreate = strategy.get("recreateParams") or {}
        strategy["recreateParams"] = recreate
        if recreate.get("timeoutSeconds") is None:
            recreate["timeoutSeconds"] = 600


def _status(obj: Object) -> Object:
    """What is so from the beginning and stays so."""
    condition: Object = {"status": "False", "reason": "NothingDeploys", "message": NOT_DEPLOYED}
    if begun := created(obj):
        condition |= {"lastUpdateTime": begun, "lastTransitionTime": begun}
    conditions = [{"type": kind, **condition} for kind in ("Available", "Progressing")]
    return {**dict.fromkeys(_COUNTS, 0), "conditions": conditions}


def _validate(obj: Object) -> Iterator[FieldError]:
    spec = obj.get("spec") or {}
    for field in ("replicas", "minReadySeconds", "revisionHistoryLimit"):
        if (spec.get(field) or 0) < 0:
            detail = "must be greater than or equal to 0"
            yield FieldError.invalid(f"spec.{field}", spec[field], detail)
    yield from _validate_strategy(spec.get("strategy") or {}, "spec.strategy")
    yield from _validate_template(spec)
    template = (spec.get("template") or {}).get("spec") or {}
    names = {one.get("name") for one in template.get("containers") or ()}
    for index, trigger in enumerate(spec.get("triggers") or ()):
        yield from _validate_trigger(trigger, f"spec.triggers[{index}]", names)


def _validate_strategy(strategy: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    kind = strategy.get("type") or ""
    if kind not in _PARAMETERS:
        yield FieldError.unsupported(f"{path}.type", kind, tuple(_PARAMETERS))
    elif kind == "Custom" and strategy.get("customParams") is None:
        yield FieldError.required(f"{path}.customParams")
    rolling = strategy.get("rollingParams") or {}
    for field in ("maxUnavailable", "maxSurge"):
        value = rolling.get(field)
        if isinstance(value, str):
            for error in validation.percent(value):
                yield FieldError.invalid(f"{path}.rollingParams.{field}", value, error)


def _validate_template(spec: Mapping[str, Any]) -> Iterator[FieldError]:
    template = spec.get("template")
    if template is None:
        yield FieldError.required("spec.template")
        return
    labels = (template.get("metadata") or {}).get("labels") or {}
    yield from validation.labels(labels, "spec.template.metadata.labels")
    selector = spec.get("selector") or {}
    if not selector:
        yield FieldError.invalid("spec.selector", selector, "selector cannot be empty")
    elif any(labels.get(key) != value for key, value in selector.items()):
        detail = "`selector` does not match template `labels`"
        yield FieldError.invalid("spec.template.metadata.labels", labels, detail)
    pod = template.get("spec") or {}
    yield from validate_pod_spec(_with_images(pod, _filled(spec)), "spec.template.spec")
    policy = pod.get("restartPolicy") or "Always"
    if policy != "Always":
        path = "spec.template.spec.restartPolicy"
        yield FieldError.unsupported(path, policy, ("Always",))


def _filled(spec: Mapping[str, Any]) -> set[Any]:
    """The containers whose image comes from a tag, so that the template need not name one."""
    parameters = (one.get("imageChangeParams") or {} for one in spec.get("triggers") or ())
    return {name for one in parameters for name in one.get("containerNames") or ()}


def _with_images(pod: Mapping[str, Any], filled: set[Any]) -> Mapping[str, Any]:
    containers = [
        {**one, "image": "unset"}
        if one.get("name") in filled and not (one.get("image") or "").strip()
        else one
        for one in pod.get("containers") or ()
    ]
    return {**pod, "containers": containers}


def _validate_trigger(
    trigger: Mapping[str, Any], path: str, containers: set[Any]
) -> Iterator[FieldError]:
    kind = trigger.get("type") or ""
    if kind not in _TRIGGERS:
        yield FieldError.unsupported(f"{path}.type", kind, _TRIGGERS)
    if kind != "ImageChange":
        return
    parameters = trigger.get("imageChangeParams")
    if parameters is None:
        yield FieldError.required(f"{path}.imageChangeParams")
        return
    where = f"{path}.imageChangeParams"
    yield from build_rules.image(parameters.get("from") or {}, f"{where}.from", ("ImageStreamTag",))
    named = parameters.get("containerNames") or ()
    if not named:
        yield FieldError.required(f"{where}.containerNames")
    for index, name in enumerate(named):
        if name not in containers:
            yield FieldError.invalid(
                f"{where}.containerNames[{index}]",
                name,
                "the specified container does not exist in the pod template",
            )


def _triggers(obj: Object, _: datetime) -> str:
    told = []
    for trigger in (obj.get("spec") or {}).get("triggers") or ():
        if trigger.get("type") == "ConfigChange":
            told.append("config")
        elif trigger.get("type") == "ImageChange":
            source = (trigger.get("imageChangeParams") or {}).get("from") or {}
            told.append(f"image({source.get('name') or ''})")
    return ",".join(told)


def _number(part: str, field: str) -> Any:
    return lambda obj, _: (obj.get(part) or {}).get(field) or 0


DEPLOYMENT_CONFIG = Kind(
    group=GROUP,
    version="v1",
    kind="DeploymentConfig",
    plural="deploymentconfigs",
    singular="deploymentconfig",
    short_names=("dc",),
    categories=("all",),
    namespaced=True,
    schema=top(
        f"{MODELS}DeploymentConfig",
        "What is to run, as OpenShift 3 has it; kept for tools, since nothing here deploys it.",
        {"spec": SPEC.of("What is to run."), "status": STATUS.of("How far it is.")},
        required=("spec",),
    ),
    default=_default,
    validate=lambda obj: tuple(_validate(obj)),
    columns=(
        NAME,
        Column(
            "Revision",
            _number("status", "latestVersion"),
            type="integer",
            description="The number of the last deployment.",
        ),
        Column(
            "Desired",
            _number("spec", "replicas"),
            type="integer",
            description="How many pods are wanted.",
        ),
        Column(
            "Current",
            _number("status", "replicas"),
            type="integer",
            description="How many pods there are.",
        ),
        Column("Triggered By", _triggers, description="Reasons to deploy."),
    ),
    subresources=(SCALE_BELOW, Subresource("status", ("get", "patch", "update"))),
)

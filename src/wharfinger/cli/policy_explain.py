"""`wharf policy explain`: what a policy does with one image, and why."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from wharfinger.cli import manifests, output, policy_file, policy_output, policy_test
from wharfinger.cli.errors import UsageError
from wharfinger.cli.exit_codes import ExitCode
from wharfinger.cli.options import OUTPUT, Format, Output, Text
from wharfinger.cli.policy_lookup import WORLD, World
from wharfinger.cli.policy_test import Files, Namespace
from wharfinger.cli.terminal import sanitized, say
from wharfinger.images.offline.dump import Subject
from wharfinger.oci.reference import ImageReference, InvalidReference
from wharfinger.policy.imagepolicy import places
from wharfinger.policy.imagepolicy.resources import Resource

if TYPE_CHECKING:
    from wharfinger.cli.client import Object
    from wharfinger.policy.imagepolicy.paths import ImagePath

_WIDTH: Final = 12


def explain(
    image: str,
    /,
    *,
    policy: Path,
    resource: Text = "pods",
    namespace: Namespace = None,
    against: Files | None = None,
    world: World = WORLD,
    form: Output = OUTPUT,
) -> int:
    """Tell what a policy does with an image in an object of a kind, and why.

    The exit code is 5 if it is refused.

    Parameters
    ----------
    image
        Name of the image, as it would stand in the object.
    policy
        File with the policy.
    resource
        Kind of the object, as RESOURCE or RESOURCE.GROUP [default: pods].
    namespace
        Namespace of the object [default: default].
    against
        Files with the image streams, images and namespaces that there are.
    """
    rules = policy_file.load(policy).policy
    found, unread = manifests.read(against or (), namespace)
    if unread is not None:
        raise unread
    name, _, group = resource.partition(".")
    target = Resource(group, name)
    configured = [path for kind in rules.paths if kind.target == target for path in kind.images]
    if not places.known(target, rules.paths):
        raise UsageError(
            f"cannot tell where {resource} have images",
            remedy="name it as in `kubectl api-resources`, or say it under `paths` of the policy",
        )
    found.subjects[:] = [
        Subject("", target, name, found.namespace, "explained", _object(image, configured))
    ]
    judged = asyncio.run(policy_test.judge(found, rules, world))
    if judged:  # the last is what decides: what is refused makes nothing
        row = policy_output.row(judged[-1])
    else:
        row = {"verdict": policy_output.ALLOWED, "reason": "nothing is said of this resource"}
    row |= {"image": image, "resource": str(target), "read": _read(image)}
    if form.format in (Format.TABLE, Format.WIDE):
        say("\n".join(_lines(row)))
    else:
        document = {"metadata": {"name": image}, **row}
        output.show(document, form.format, columns=policy_output.COLUMNS, kind="image")
    return ExitCode.OK if row["verdict"] == policy_output.ALLOWED else ExitCode.REFUSED


def _lines(row: Object) -> Iterator[str]:
    yield f"{row['verdict']} in {sanitized(row['resource'])}"
    parts = row["read"]
    shown = (
        ("image", row["image"]),
        ("registry", parts.get("registry") or ("none: it is named without one" if parts else "")),
        ("repository", parts.get("repository")),
        ("tag", parts.get("tag")),
        ("digest", parts.get("digest")),
        ("resolved", row.get("resolved")),
        ("runs as", row.get("rewritten")),
        ("rule", row.get("rule")),
        ("why", row["reason"]),
        ("what to do", row.get("remedy")),
        ("clients see", row.get("message")),
    )
    for title, value in shown:
        if value:
            yield f"{title + ':':{_WIDTH}} {sanitized(str(value))}"


def _read(image: str) -> dict[str, str]:
    """The parts by which the name is judged."""
    try:
        found = ImageReference.parse(image)
    except InvalidReference:
        return {}
    return {
        "registry": found.registry,
        "repository": found.repository,
        "tag": found.tag,
        "digest": found.id,
    }


def _object(image: str, configured: list[ImagePath]) -> Object:
    """An object that has the image wherever one of any kind has it; its kind decides what is read."""
    pod = {"spec": {"containers": [{"name": "explained", "image": image}]}}
    made: Object = {
        "template": pod,
        "spec": {
            **pod["spec"],
            "template": pod,
            "jobTemplate": {"spec": {"template": pod}},
            "strategy": {"dockerStrategy": {"from": {"kind": places.DOCKER_IMAGE, "name": image}}},
        },
    }
    for path in configured:
        made = {**made, **_at(path.steps, image)}
    return made


def _at(steps: tuple[tuple[str, bool], ...], image: str) -> Any:
    if not steps:
        return image
    (name, each), others = steps[0], steps[1:]
    inner = _at(others, image)
    return {name: [inner] if each else inner}

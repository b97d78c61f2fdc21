"""
What an import leaves behind: the answer for each image, the images to keep, and the stream.

Pure: from what was fetched to the objects. A tag whose image came has a new event, unless nothing has
changed; a tag that failed keeps its history and has a condition that says why. Both have their source
in the spec, so that a tag can be imported again, and one that never came is seen to fail.

Words and reasons of failures are those that clients of OpenShift know. What another registry said is
repeated as far as the client of it does: its status, and nothing that could hold a secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final

from wharfinger.cluster.kind import Object
from wharfinger.errors import WharfingerError
from wharfinger.images.importing.fetching import Fetched, FetchedImage, FetchedRepository
from wharfinger.images.importing.permits import NotPermitted
from wharfinger.images.importing.request import Wanted
from wharfinger.images.streams import generations, history, metadata
from wharfinger.images.streams.history import Draft
from wharfinger.images.streams.metadata import UnreadableConfig
from wharfinger.oci.reference import ImageReference, InvalidReference
from wharfinger.remote.errors import (
    HttpOnly,
    LoginNeeded,
    ManifestAbsent,
    NoAnswer,
    NotAllowed,
    OutOfReach,
    RemoteError,
    TooBusy,
    Untrusted,
    WrongLogin,
)

CHECKED: Final = "openshift.io/image.dockerRepositoryCheck"
"""The annotation of a stream that says when it was last imported; without it all is imported."""

_SUCCESS: Final[Object] = {"metadata": {}, "status": "Success"}
_UNKNOWN: Final = "unknown error prevented import"
_CONNECTION: Final = (NoAnswer, Untrusted, OutOfReach, TooBusy)
"""Errors about a registry rather than about an image: they tell the name as it was written."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one entry: an image with those of its index, or a failure.

    `tag` is what was asked of the registry, "" for a digest. An entry is kept under the tag `wanted.to`.
    """

    wanted: Wanted
    status: Object
    tag: str = ""
    image: Object | None = None
    children: tuple[Object, ...] = ()

    def shown(self) -> Object:
        """The entry of an ImageStreamImport's status."""
        told: Object = {"status": self.status}
        if self.tag:
            told["tag"] = self.tag
        if self.image is not None:
            told["image"] = self.image
        if self.children:
            told["manifests"] = list(self.children)
        return told


def of_image(fetched: Fetched, *, now: str) -> Outcome:
    wanted, reference = fetched.wanted, fetched.reference
    if fetched.error is not None:
        status = failure(fetched.error, reference, logins=fetched.logins)
        return Outcome(wanted, status, fetched.tag)
    if fetched.image is None:
        return Outcome(wanted, {"metadata": {}, "status": "Failure"}, fetched.tag)
    try:
        image = _image(fetched.image, wanted, reference, now)
        children = tuple(_image(one, wanted, reference, now) for one in fetched.children)
    except UnreadableConfig as error:
        return Outcome(wanted, failure(error, reference), fetched.tag)
    return Outcome(wanted, _SUCCESS, fetched.tag, image, children)


def of_repository(fetched: FetchedRepository, *, now: str) -> tuple[Object, tuple[Outcome, ...]]:
    """The status of the repository, and what came of each tag."""
    if fetched.error is not None:
        repository = fetched.reference
        status = failure(fetched.error, repository, logins=fetched.logins, whole=True)
        return {"status": status, "images": []}, ()
    found = tuple(of_image(one, now=now) for one in fetched.images)
    told: Object = {
        "status": repository_status(sum(one.image is None for one in found)),
        "images": [one.shown() for one in found],
    }
    return {**told, "additionalTags": list(fetched.more)} if fetched.more else told, found


def unreadable(wanted: Wanted, error: InvalidReference) -> Outcome:
    """The outcome of a name that is none."""
    words = f'from.name: Invalid value: "{wanted.name}": invalid name: {error.reason}'
    status = _failure(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid", f' "" is invalid: {words}')
    return Outcome(wanted, status)


def skipped(wanted: Wanted) -> Outcome:
    """The outcome of an entry that is no image elsewhere: there is none."""
    return Outcome(replace(wanted, to=""), {"metadata": {}})


def repository_status(failed: int) -> Object:
    if not failed:
        return _SUCCESS
    which = "one" if failed == 1 else str(failed)
    message = f"{which} of the images from this repository failed to import"
    return {"metadata": {}, "status": "Failure", "message": message, "reason": "ImportFailed"}


def failure(
    error: WharfingerError,
    reference: ImageReference,
    *,
    logins: bool = True,
    whole: bool = False,
) -> Object:
    """What went wrong at another registry, as a Status. `logins`: there were some to try; `whole`: it
    is about a repository, and not about its image `latest`.
    """
    shown = reference.exact()
    if not isinstance(error, _CONNECTION):
        full = reference.with_client_defaults()
        shown = (full.as_repository() if whole else full).exact()
    match error:
        case ManifestAbsent():
            message = f'dockerimage.image.openshift.io "{shown}" not found'
            return _failure(HTTPStatus.NOT_FOUND, "NotFound", message)
        case WrongLogin():
            message = f'incorrect username or password for image "{shown}"'
            return _failure(HTTPStatus.UNAUTHORIZED, "Unauthorized", message)
        case LoginNeeded() | NotAllowed():
            beside = "" if logins else " and did not have credentials to the repository"
            message = f'you may not have access to the container image "{shown}"{beside}'
            return _failure(HTTPStatus.UNAUTHORIZED, "Unauthorized", message)
        case HttpOnly():
            message = (
                f"the repository {reference.repository} is HTTP only and requires the insecure "
                "flag to import"
            )
            return _failure(HTTPStatus.BAD_REQUEST, "BadRequest", message)
        case OutOfReach():
            message = f"registry {error.place} blocked: {error.reason}"
            return _failure(HTTPStatus.FORBIDDEN, "Forbidden", message)
        case NotPermitted():
            return _failure(HTTPStatus.FORBIDDEN, "Forbidden", error.message)
    text = error.reason if isinstance(error, RemoteError) else error.message
    message = f"Internal error occurred: {shown}: {text}"
    return _failure(HTTPStatus.INTERNAL_SERVER_ERROR, "InternalError", message)


def images(outcomes: Iterable[Outcome]) -> list[Object]:
    """The images to keep, each once, those of an index after it; without their bytes."""
    found = {
        one["metadata"]["name"]: {
            key: value for key, value in one.items() if key not in _BYTES
        }
        for outcome in outcomes
        if outcome.wanted.to and outcome.image is not None
        for one in (outcome.image, *outcome.children)
    }  # fmt: skip
    return list(found.values())


def applied(stream: Object, outcomes: Sequence[Outcome], *, now: str) -> Object | None:
    """The stream with what came; None if there is nothing to write."""
    draft, generation = Draft(stream), generations.next_of(stream)
    for outcome in outcomes:
        if not outcome.wanted.to:
            continue
        if outcome.image is None:
            _fail(draft, outcome, generation, now)
        else:
            _succeed(draft, outcome, outcome.image, generation, now)
    changed = draft.object
    meta = changed.get("metadata") or {}
    annotations = meta.get("annotations") or {}
    if changed == stream and CHECKED in annotations:
        return None
    marked = {**meta, "annotations": {**annotations, CHECKED: now}}
    return {**changed, "metadata": marked}


def _succeed(draft: Draft, outcome: Outcome, image: Object, generation: int, now: str) -> None:
    tag = outcome.wanted.to
    event = {
        "created": now,
        "dockerImageReference": image["dockerImageReference"],
        "image": image["metadata"]["name"],
        "generation": generation,
    }
    known = draft.spec_tags.get(tag)
    if known is None or draft.differs(tag, event) or _waits(draft, tag, known):
        _name_source(draft, outcome.wanted)
        draft.move(tag, event)
    _set_import_policy(draft.spec_tags[tag], outcome.wanted)
    draft.set_conditions(tag)


def _fail(draft: Draft, outcome: Outcome, generation: int, now: str) -> None:
    name = outcome.wanted.to
    if name not in draft.spec_tags:
        _name_source(draft, outcome.wanted)
    tag, reason = draft.spec_tags[name], outcome.status.get("reason")
    condition = {
        "type": history.IMPORT_SUCCESS,
        "status": "False",
        "message": outcome.status.get("message") or _UNKNOWN,
        "generation": generation,
        "lastTransitionTime": now,
        **({"reason": reason} if reason else {}),
    }
    for held in draft.conditions(name):
        if all(held.get(part) == condition.get(part) for part in _SAME):
            # It failed again as before. That it was tried for the newest word on it has to be told,
            # or it would be tried without end.
            seen = max(held.get("generation") or 0, tag.get("generation") or 0)
            draft.set_conditions(name, [{**held, "generation": seen}])
            return
    draft.set_conditions(name, [condition])
    tag["generation"] = 0


_SAME: Final = ("type", "status", "reason", "message")
_BYTES: Final = ("dockerImageManifest", "dockerImageConfig")


def _waits(draft: Draft, tag: str, wanted: Mapping[str, Any]) -> bool:
    newest = next(iter(draft.events(tag)), {})
    return bool((wanted.get("generation") or 0) > (newest.get("generation") or 0))


def _name_source(draft: Draft, wanted: Wanted) -> None:
    """Have the spec say where the tag comes from; 0 lets the server count the change."""
    before = draft.spec_tags.get(wanted.to) or {"name": wanted.to}
    policy = (before.get("referencePolicy") or {}).get("type") or wanted.policy or "Source"
    draft.spec_tags[wanted.to] = {
        **before,
        "from": {"kind": "DockerImage", "name": wanted.name},
        "generation": 0,
        "referencePolicy": {"type": policy},
    }
    _set_import_policy(draft.spec_tags[wanted.to], wanted)


def _set_import_policy(tag: Object, wanted: Wanted) -> None:
    asked = {
        "insecure": wanted.insecure,
        "scheduled": wanted.scheduled,
        "importMode": wanted.mode,
    }
    policy = {key: value for key, value in asked.items() if value}
    before = {key: value for key, value in (tag.get("importPolicy") or {}).items() if value}
    if policy != before:
        tag["importPolicy"] = policy


def _image(found: FetchedImage, wanted: Wanted, reference: ImageReference, now: str) -> Object:
    place = replace(reference, tag="", id=str(found.digest)).exact()
    told = metadata.image(found.digest, place, found.manifest, found.config, now=now)
    if wanted.manifest:
        told["dockerImageManifest"] = found.manifest.raw.decode()
        if found.config is not None:
            told["dockerImageConfig"] = found.config.decode(errors="replace")
    return told


def _failure(code: HTTPStatus, reason: str, message: str) -> Object:
    told: Object = {"metadata": {}, "status": "Failure", "message": message, "reason": reason}
    return {**{key: value for key, value in told.items() if value != ""}, "code": int(code)}

"""
Image streams: `image.openshift.io/v1`, and what is shown of them by tag and by image.

A stream is stored. An `ImageStreamTag` (STREAM:TAG) and an `ImageTag` are one tag of it, an
`ImageStreamImage` (STREAM@DIGEST) one image of its history, an `ImageStreamMapping` puts an image
under a tag, and an `ImageStreamImport` fetches some from elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from wharfinger.cluster import validation
from wharfinger.cluster.kind import Column, Kind, Object, Subresource
from wharfinger.cluster.kinds.columns import NAME, age, created
from wharfinger.cluster.kinds.meta import top
from wharfinger.cluster.kinds.openshift import image_rules, stream_rules
from wharfinger.cluster.kinds.openshift.image_spec import (
    CONDITION,
    GROUP,
    HISTORY,
    IMAGE,
    IMPORT_SPEC,
    IMPORT_STATUS,
    LOOKUP_POLICY,
    MODELS,
    STREAM_FIELDS,
    TAG,
)
from wharfinger.cluster.kinds.secret import SECRET
from wharfinger.cluster.kinds.shapes import Record, array, flag, integer, mapping, text, texts

_SHOWN_TAGS: Final = 5

_READ: Final = ("get", "list", "watch")
_WRITE: Final = ("create", "delete", "patch", "update")

_BLOB: Final = Record(
    f"{MODELS}ImageLayerData",
    "One blob.",
    {"size": integer("Its bytes.", bits=64), "mediaType": text("Its form.")},
    required=("mediaType",),
)
_BLOBS_OF: Final = Record(
    f"{MODELS}ImageBlobReferences",
    "What an image is made of.",
    {
        "imageMissing": flag("Whether the image is known no longer."),
        "layers": texts("Its layers."),
        "config": text("Its config."),
        "manifests": texts("The images of an index."),
    },
)


def _default(obj: Object) -> None:
    """Each tag once, the last word on it, in order."""
    spec = obj.get("spec")
    if spec is None:
        spec = obj["spec"] = {}
    if spec.get("lookupPolicy") is None:
        spec["lookupPolicy"] = {"local": False}
    tags = spec.get("tags")
    if tags:
        spec["tags"] = sorted({_name(tag): _whole(tag) for tag in tags}.values(), key=_name)


def _name(tag: Mapping[str, Any]) -> str:
    return str(tag.get("name") or "")


def _whole(tag: dict[str, Any]) -> dict[str, Any]:
    if not (tag.get("referencePolicy") or {}).get("type"):
        tag["referencePolicy"] = {"type": "Source"}
    return tag


def _status(obj: Object) -> Mapping[str, Any]:
    return obj.get("status") or {}


def _repository(obj: Object, _: datetime) -> str:
    status = _status(obj)
    public = status.get("publicDockerImageRepository")
    return str(public or status.get("dockerImageRepository") or "")


def _tags(obj: Object, _: datetime) -> str:
    """The names, the latest event first; the rest as a number."""
    newest = ((_newest(one), str(one.get("tag") or "")) for one in _status(obj).get("tags") or ())
    names = [name for _, name in sorted(newest, reverse=True)]
    if len(names) <= _SHOWN_TAGS:
        return ",".join(names)
    more = len(names) - _SHOWN_TAGS + 2
    return f"{','.join(names[: _SHOWN_TAGS - 2])} + {more} more..."


def _newest(history: Mapping[str, Any]) -> str:
    items = history.get("items") or ()
    return str(items[0].get("created") or "") if items else ""


def _updated(obj: Object, now: datetime) -> str:
    latest = max((_newest(one) for one in _status(obj).get("tags") or ()), default="")
    return age(latest, now) if latest else ""


def _image_reference(obj: Object, _: datetime) -> str:
    return str((obj.get("image") or {}).get("dockerImageReference") or "")


def _image_name(obj: Object, _: datetime) -> str:
    return str(((obj.get("image") or {}).get("metadata") or {}).get("name") or "")


def _since(obj: Object, now: datetime) -> str:
    return age(created(obj), now)


def _tag_kind(obj: Object, _: datetime) -> str:
    spec = obj.get("spec") or {}
    source = spec.get("from") or {}
    if not source:
        return "Push"
    mode = "Tag"
    if source.get("kind") == "DockerImage" and not spec.get("reference"):
        policy = spec.get("importPolicy") or {}
        mode = "Scheduled" if policy.get("scheduled") else "Import"
    return mode


def _history(obj: Object, _: datetime) -> int:
    return len((obj.get("status") or {}).get("items") or ())


_IMAGE_REFERENCE: Final = Column(
    "Image Reference", _image_reference, description="Where the image is pulled from."
)
_IMAGE_NAME: Final = Column("Image Name", _image_name, description="The digest of the image.")
_UPDATED: Final = Column("Updated", _since, description="How long ago the image came.")


def _kind(kind: str, plural: str, summary: str, fields: Mapping[str, Any], **more: Any) -> Kind:
    required = more.pop("required", ())
    return Kind(
        group=GROUP,
        version="v1",
        kind=kind,
        plural=plural,
        singular=kind.lower(),
        namespaced=True,
        schema=top(f"{MODELS}{kind}", summary, fields, required),
        **more,
    )


IMAGE_STREAM = _kind(
    "ImageStream",
    "imagestreams",
    "Tags of images with their history; each repository of this registry has one.",
    STREAM_FIELDS,
    short_names=("is",),
    categories=("all",),
    default=_default,
    validate=stream_rules.stream,
    name_errors=stream_rules.stream_name,
    columns=(
        NAME,
        Column("Image Repository", _repository, description="Where to pull from and push to."),
        Column("Tags", _tags, description="The tags that have an image."),
        Column("Updated", _updated, description="How long ago the newest image came."),
    ),
    subresources=(
        Subresource("status", ("get", "patch", "update")),
        Subresource("secrets", ("get",), GROUP, "v1", "SecretList"),
        Subresource("layers", ("get",), GROUP, "v1", "ImageStreamLayers"),
    ),
)
IMAGE_STREAM_TAG = _kind(
    "ImageStreamTag",
    "imagestreamtags",
    "One tag of a stream with its image.",
    {
        "tag": TAG.of("Where its images come from."),
        "generation": integer("The generation of the stream that last changed it.", bits=64),
        "lookupPolicy": LOOKUP_POLICY.of("Who finds the stream by its bare name."),
        "conditions": array("What holds of the tag.", CONDITION),
        "image": IMAGE.of("The image."),
    },
    short_names=("istag",),
    verbs=(*_WRITE, "get", "list"),
    name_errors=validation.path_segment,
    columns=(NAME, _IMAGE_REFERENCE, _UPDATED, _IMAGE_NAME),
)
IMAGE_TAG = _kind(
    "ImageTag",
    "imagetags",
    "One tag of a stream with its history.",
    {
        "spec": TAG.of("Where its images come from."),
        "status": HISTORY.of("What happened to it."),
        "image": IMAGE.of("Its newest image."),
    },
    short_names=("itag",),
    verbs=(*_WRITE, "get", "list"),
    name_errors=validation.path_segment,
    columns=(
        NAME,
        Column("Spec", _tag_kind, description="How its images come."),
        Column("Image", _image_name, description="The digest of its newest image."),
        Column("Updated", _since, description="How long ago that came."),
        Column("History", _history, type="integer", description="How many images it had."),
    ),
)
IMAGE_STREAM_IMAGE = _kind(
    "ImageStreamImage",
    "imagestreamimages",
    "One image of the history of a stream.",
    {"image": IMAGE.of("The image.")},
    short_names=("isimage",),
    verbs=("get",),
    name_errors=validation.path_segment,
    columns=(NAME, _IMAGE_REFERENCE, _UPDATED, _IMAGE_NAME),
)
IMAGE_STREAM_MAPPING = _kind(
    "ImageStreamMapping",
    "imagestreammappings",
    "Puts an image under a tag of a stream.",
    {"image": IMAGE.of("The image."), "tag": text("The tag.")},
    required=("image", "tag"),
    verbs=("create",),
    validate=image_rules.mapping,
    name_errors=stream_rules.stream_name,
    columns=(NAME,),
)
IMAGE_STREAM_IMPORT = _kind(
    "ImageStreamImport",
    "imagestreamimports",
    "Fetches images of other registries into a stream.",
    {
        "spec": IMPORT_SPEC.of("What is to be imported."),
        "status": IMPORT_STATUS.of("What came of it."),
    },
    required=("spec",),
    verbs=("create",),
    validate=stream_rules.stream_import,
    name_errors=stream_rules.stream_name,
    columns=(NAME,),
)
SECRET_LIST = _kind(
    "SecretList",
    "secretlists",
    "The secrets that imports into a stream may use.",
    {"items": array("The secrets.", SECRET.schema)},
    verbs=(),  # below a stream only
)
IMAGE_STREAM_LAYERS = _kind(
    "ImageStreamLayers",
    "imagestreamlayers",
    "The blobs of a stream, and which image has which.",
    {
        "blobs": mapping("The blobs, by digest.", _BLOB),
        "images": mapping("What each image is made of, by digest.", _BLOBS_OF),
    },
    required=("blobs", "images"),
    verbs=(),  # below a stream only
)

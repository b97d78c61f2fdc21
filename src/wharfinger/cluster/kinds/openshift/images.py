"""Images and their signatures: `image.openshift.io/v1`, for the whole cluster."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from wharfinger.cluster import validation
from wharfinger.cluster.kind import Column, Kind, Object
from wharfinger.cluster.kinds.columns import NAME
from wharfinger.cluster.kinds.meta import top
from wharfinger.cluster.kinds.openshift import image_rules
from wharfinger.cluster.kinds.openshift.image_spec import (
    GROUP,
    IMAGE_FIELDS,
    MODELS,
    SIGNATURE_FIELDS,
)

REFERENCE: Final = Column(
    "Image Reference",
    lambda obj, _: obj.get("dockerImageReference") or "",
    description="Where the image was first seen.",
)


def _type(obj: Object, _: datetime) -> str:
    return str(obj.get("type") or "")


IMAGE = Kind(
    group=GROUP,
    version="v1",
    kind="Image",
    plural="images",
    singular="image",
    namespaced=False,
    schema=top(
        f"{MODELS}Image",
        "An image, by the digest of its manifest; it is made when the image is pushed or imported.",
        IMAGE_FIELDS,
    ),
    validate=image_rules.image,
    name_errors=validation.path_segment,
    columns=(NAME, REFERENCE),
)
IMAGE_SIGNATURE = Kind(
    group=GROUP,
    version="v1",
    kind="ImageSignature",
    plural="imagesignatures",
    singular="imagesignature",
    namespaced=False,
    verbs=("create", "delete"),
    schema=top(
        f"{MODELS}ImageSignature",
        "A signature of an image, kept in the image; its name is IMAGE@NAME.",
        SIGNATURE_FIELDS,
        required=("type", "content"),
    ),
    validate=image_rules.signature,
    name_errors=validation.path_segment,
    columns=(NAME, Column("Type", _type, description="How it was made.")),
)
